-- What is fetched of dealers (dealers.md 2, 3.4): the range of each run and the windows it is cut into, what is covered,
-- the prospects that landed, and the records that were kept back. All of it stands under row-level security.

set role millrace_owner;

alter table dealer.main_dealers
    add column max_range_days int not null default 7 check (max_range_days between 1 and 31),
    add column lookback_days int not null default 30 check (lookback_days between 1 and 366);

create table dealer.fetch_params (
    run_id uuid primary key references ops.job_runs on delete cascade,
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    feed text not null,
    from_at timestamptz not null,
    to_at timestamptz not null check (to_at >= from_at),
    extra_filter text check (length(extra_filter) <= 200),
    parent_run_id uuid
);
create index fetch_params_dealer on dealer.fetch_params (dealer_id, run_id desc);

create table dealer.fetch_windows (
    run_id uuid not null references dealer.fetch_params on delete cascade,
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    seq int not null check (seq >= 1),
    from_at timestamptz not null,
    to_at timestamptz not null check (to_at >= from_at),
    state text not null default 'pending' check (state in ('pending', 'running', 'done', 'failed')),
    attempts int not null default 0,
    received int not null default 0,
    inserted int not null default 0,
    updated int not null default 0,
    unchanged int not null default 0,
    stale int not null default 0,
    duplicate int not null default 0,
    rejected int not null default 0,
    error_class text,
    duration_ms bigint,
    primary key (run_id, seq),
    check (received = inserted + updated + unchanged + stale + duplicate + rejected)
);
create index fetch_windows_dealer on dealer.fetch_windows (dealer_id);

create table dealer.coverage (
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    feed text not null,
    covered tstzmultirange not null default '{}',
    -- Up to here without a gap at the end: the end of the latest range that was fetched.
    watermark timestamptz,
    primary key (dealer_id, feed)
);

create table dealer.prospects (
    id uuid primary key,
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    prospect_no varchar(30) not null,
    source_code text,
    prospect_date date,
    tagged boolean,
    full_name varchar(100),
    phone_enc bytea,
    phone_hash bytea,
    phone_last4 text,
    national_id_enc bytea,
    national_id_hash bytea,
    national_id_last4 text,
    address_enc bytea,
    province_code text,
    city_code text,
    district_code text,
    village_code text,
    postal_code text,
    location_enc bytea,
    -- Latitude and longitude had come the wrong way round.
    location_swapped boolean not null,
    office jsonb not null,
    office_personal_enc bytea,
    occupation_code text,
    appointment_at timestamptz,
    follow_up_method text,
    test_ride boolean,
    follow_up_status text,
    status_code text,
    sales_person_code text,
    event_code text,
    source_created_at timestamptz,
    source_modified_at timestamptz,
    content_sha256 bytea not null,
    is_deleted boolean not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    run_id uuid,
    constraint prospects_key unique (dealer_id, prospect_no)
);
create index prospects_date on dealer.prospects (dealer_id, prospect_date);
-- The list: latest first, those without a date last.
create index prospects_list on dealer.prospects (dealer_id, (coalesce(prospect_date, date '-infinity')) desc, id desc);
create index prospects_status on dealer.prospects (dealer_id, status_code);
create index prospects_phone on dealer.prospects (dealer_id, phone_hash);
create index prospects_name on dealer.prospects using gin (full_name public.gin_trgm_ops);

create table dealer.prospect_units (
    prospect_id uuid not null references dealer.prospects on delete cascade,
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    unit_type_code varchar(3) not null,
    sales_program_code varchar(200),
    position int not null,
    primary key (prospect_id, unit_type_code)
);
create index prospect_units_type on dealer.prospect_units (dealer_id, unit_type_code);

create table dealer.rejects (
    id uuid primary key,
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    feed text not null,
    run_id uuid not null,
    window_seq int not null,
    -- As far as it could be read, and never a personal field.
    record_key text,
    path text not null,
    rule text not null,
    message text not null,
    raw_enc bytea not null,
    state text not null default 'open' check (state in ('open', 'repaired', 'dismissed')),
    decided_by text,
    created_at timestamptz not null
);
create index rejects_state on dealer.rejects (dealer_id, state);
create index rejects_run on dealer.rejects (run_id);

do $$
declare
    t text;
begin
    foreach t in array array['fetch_params', 'fetch_windows', 'coverage', 'prospects', 'prospect_units', 'rejects'] loop
        execute format('alter table dealer.%I enable row level security', t);
        execute format('alter table dealer.%I force row level security', t);
        execute format(
            'create policy dealer_scope on dealer.%I using (dealer.in_scope(dealer_id)) with check (dealer.in_scope(dealer_id))', t);
        execute format('create policy every_dealer on dealer.%I to millrace_all using (true) with check (true)', t);
    end loop;
end $$;

reset role;
