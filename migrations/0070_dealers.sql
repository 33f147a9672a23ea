-- Dealers (dealers.md 2, 3.7): whose systems are asked, with what keys. Every table with a dealer_id stands under
-- row-level security: a transaction sees the dealers it has named, and none where it has named nobody.

-- millrace_all sees every dealer; millrace_app may become it for a transaction, and has its rights only then.
do $$
begin
    if (select rolinherit from pg_roles where rolname = 'millrace_app') then
        begin
            alter role millrace_app noinherit;
        -- Another database of the cluster did it at the same moment.
        exception when internal_error then null;
        end;
    end if;
    if not pg_has_role('millrace_app', 'millrace_all', 'MEMBER') then
        begin
            grant millrace_all to millrace_app;
        exception when internal_error or unique_violation then null;
        end;
    end if;
    if pg_has_role('millrace_app', 'millrace_all', 'USAGE') then
        raise exception 'millrace_app must not inherit the rights of millrace_all';
    end if;
end $$;

set role millrace_owner;

create schema dealer;
grant usage on schema dealer to millrace_app, millrace_all;
alter default privileges in schema dealer grant select, insert, update, delete on tables to millrace_app, millrace_all;

-- Whether the transaction has named the dealer, or all with '*'.
create function dealer.in_scope(dealer_id text) returns boolean
language sql stable parallel safe
as $$
    select coalesce(
        current_setting('millrace.dealer_scope', true) = '*'
        or dealer_id = any (string_to_array(current_setting('millrace.dealer_scope', true), ',')),
        false)
$$;

create table dealer.main_dealers (
    id uuid primary key,
    code varchar(5) not null constraint main_dealers_code_key unique,
    name text not null check (length(name) between 1 and 120),
    live_base_url text check (live_base_url like 'https://%/dgi-api/v1.3'),
    sandbox_base_url text check (sandbox_base_url like 'https://%/dgi-api/v1.3'),
    timezone text not null default 'Asia/Jakarta',
    token_separator text not null default '' check (length(token_separator) <= 3),
    clock_tolerance_seconds int not null default 10 check (clock_tolerance_seconds between 1 and 300),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated'))
);

create table dealer.dealers (
    id uuid primary key,
    dealer_id varchar(10) not null constraint dealers_dealer_id_key unique check (dealer_id ~ '^[A-Za-z0-9]+$'),
    dealer_name varchar(255) not null check (length(dealer_name) >= 1),
    main_dealer_id uuid not null references dealer.main_dealers,
    source text not null check (source in ('live', 'sandbox', 'simulated')),
    timezone text not null default 'Asia/Jakarta',
    is_active boolean not null default true,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    updated_by text,
    version int not null default 1,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated'))
);
create index dealers_main_dealer on dealer.dealers (main_dealer_id);
create index dealers_name on dealer.dealers using gin (dealer_name public.gin_trgm_ops);

-- Sealed by the program with a key that the database has not.
create table dealer.credentials (
    dealer_id varchar(10) not null references dealer.dealers (dealer_id) on delete cascade,
    environment text not null check (environment in ('live', 'sandbox')),
    field text not null check (field in ('api_key', 'secret_key', 'api_token')),
    sealed bytea not null,
    last4 text not null check (length(last4) <= 4),
    set_by text not null,
    updated_at timestamptz not null,
    last_used_at timestamptz,
    last_test_at timestamptz,
    -- `ok` or a class of error.
    last_test_result text,
    primary key (dealer_id, environment, field)
);

do $$
declare
    t text;
begin
    foreach t in array array['dealers', 'credentials'] loop
        execute format('alter table dealer.%I enable row level security', t);
        execute format('alter table dealer.%I force row level security', t);
        execute format(
            'create policy dealer_scope on dealer.%I using (dealer.in_scope(dealer_id)) with check (dealer.in_scope(dealer_id))', t);
        -- Under a policy with a condition Postgres uses no index for operators that are not leakproof.
        execute format('create policy every_dealer on dealer.%I to millrace_all using (true) with check (true)', t);
    end loop;
end $$;

reset role;
