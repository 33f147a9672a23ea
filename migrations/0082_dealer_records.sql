-- The records of the feeds beside the prospects (dealers.md 2): what everybody may see in fields, what is personal sealed apart
-- from it; their child records; and which feeds of a dealer are fetched.

set role millrace_owner;

create table dealer.feed_records (
    id uuid primary key,
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    feed text not null,
    record_key varchar(100) not null,
    business_date date,
    status_code text,
    amount numeric(18, 4),
    -- Names as the contract writes them.
    fields jsonb not null,
    -- Of the record and of its child records, as one JSON object.
    personal_enc bytea,
    phone_hash bytea,
    id_hash bytea,
    location_swapped boolean not null,
    content_sha256 bytea not null,
    source_created_at timestamptz,
    source_modified_at timestamptz,
    is_deleted boolean not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    run_id uuid,
    constraint feed_records_key unique (dealer_id, feed, record_key)
);
-- The list: latest first, those without a date last.
create index feed_records_list on dealer.feed_records
    (dealer_id, feed, (coalesce(business_date, date '-infinity')) desc, id desc);
create index feed_records_phone on dealer.feed_records (dealer_id, phone_hash) where phone_hash is not null;
create index feed_records_identity on dealer.feed_records (dealer_id, id_hash) where id_hash is not null;

create table dealer.feed_lines (
    record_id uuid not null references dealer.feed_records on delete cascade,
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    array_name text not null,
    line_key text not null,
    position int not null,
    fields jsonb not null,
    primary key (record_id, array_name, line_key)
);
create index feed_lines_dealer on dealer.feed_lines (dealer_id);

-- A feed without a row is fetched.
create table dealer.feed_settings (
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    feed text not null,
    is_enabled boolean not null,
    -- Why it is not, where the program switched it off.
    reason text,
    updated_at timestamptz not null,
    updated_by text not null,
    primary key (dealer_id, feed)
);

do $$
declare
    t text;
begin
    foreach t in array array['feed_records', 'feed_lines', 'feed_settings'] loop
        execute format('alter table dealer.%I enable row level security', t);
        execute format('alter table dealer.%I force row level security', t);
        execute format(
            'create policy dealer_scope on dealer.%I using (dealer.in_scope(dealer_id)) with check (dealer.in_scope(dealer_id))', t);
        execute format('create policy every_dealer on dealer.%I to millrace_all using (true) with check (true)', t);
    end loop;
end $$;

reset role;
