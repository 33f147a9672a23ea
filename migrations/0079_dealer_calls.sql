-- Calls to dealers' systems (dealers.md 2, 3.1): how many a day bears, which systems are not asked for a while, and what
-- each call came to, without headers and bodies.

set role millrace_owner;

alter table dealer.main_dealers add column daily_limit int check (daily_limit >= 1);

create table dealer.quota_days (
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    environment text not null check (environment in ('live', 'sandbox')),
    -- Of the main dealer.
    day date not null,
    requests int not null check (requests >= 0),
    primary key (dealer_id, environment, day)
);

create table dealer.breakers (
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    environment text not null check (environment in ('live', 'sandbox')),
    -- Failed operations in a row.
    failures int not null check (failures >= 0),
    opened_at timestamptz,
    primary key (dealer_id, environment)
);

create table dealer.call_log (
    id uuid primary key,
    run_id uuid not null,
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    feed text not null,
    requested_at timestamptz not null,
    duration_ms bigint not null,
    http_status smallint,
    dgi_status smallint,
    error_class text,
    records bigint not null,
    bytes bigint not null,
    clock_offset_ms bigint
);
create index call_log_dealer on dealer.call_log (dealer_id, requested_at desc);
create index call_log_time on dealer.call_log (requested_at);

do $$
declare
    t text;
begin
    foreach t in array array['quota_days', 'breakers', 'call_log'] loop
        execute format('alter table dealer.%I enable row level security', t);
        execute format('alter table dealer.%I force row level security', t);
        execute format(
            'create policy dealer_scope on dealer.%I using (dealer.in_scope(dealer_id)) with check (dealer.in_scope(dealer_id))', t);
        execute format('create policy every_dealer on dealer.%I to millrace_all using (true) with check (true)', t);
    end loop;
end $$;

reset role;
