-- Networks as they are edited (planning.md 2.1): what is said of one as a whole, and its rows in the sections of
-- millrace-plan/1. Fields are those of the format, kept as they were written; the program reads, checks and names them
-- by the format's one table of fields. A solve reads none of this, only the document that a freeze leaves.
set role millrace_owner;

create table plan.networks (
    id uuid primary key,
    code text not null check (code ~ '^[A-Za-z0-9_.-]{1,40}$'),
    -- The document's own fields, penalties and options.
    head jsonb not null check (jsonb_typeof(head) = 'object'),
    name text not null generated always as (coalesce(head ->> 'name', '')) stored,
    currency text not null generated always as (coalesce(head ->> 'currency', '')) stored,
    version int not null default 1,
    -- When the network or any of its rows changed last.
    changed_at timestamptz not null,
    created_at timestamptz not null,
    created_by text not null,
    updated_at timestamptz not null,
    updated_by text not null,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    constraint networks_code unique (code)
);

create table plan.network_rows (
    id uuid primary key,
    network_id uuid not null references plan.networks on delete cascade,
    section text not null,
    -- The order of rows: of periods it is that of time.
    position bigint not null,
    -- Key and period, such as A/X/rail.
    key text not null,
    fields jsonb not null check (jsonb_typeof(fields) = 'object'),
    -- What others refer to this row by, such as node:A.
    defines text,
    -- What it refers to.
    mentions text[] not null,
    version int not null default 1,
    created_at timestamptz not null,
    created_by text not null,
    updated_at timestamptz not null,
    updated_by text not null,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    constraint network_rows_key unique (network_id, section, key)
);
create index network_rows_order on plan.network_rows (network_id, section, position, id);
create index network_rows_defines on plan.network_rows (network_id, defines) where defines is not null;
create index network_rows_mentions on plan.network_rows using gin (mentions);

-- The documents that a network was frozen into; the same content is one input.
create table plan.network_freezes (
    network_id uuid not null references plan.networks on delete cascade,
    input_id uuid not null references plan.inputs,
    -- The last time that it came to this input.
    frozen_at timestamptz not null,
    frozen_by text not null,
    validation text not null check (validation in ('PASS', 'WARN')),
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    primary key (network_id, input_id)
);
create index network_freezes_recent on plan.network_freezes (network_id, frozen_at desc, input_id);
create index network_freezes_input on plan.network_freezes (input_id);

-- Documents that wait beside a network until somebody commits what they would change.
create table plan.network_imports (
    id uuid primary key,
    network_id uuid not null references plan.networks on delete cascade,
    document jsonb not null,
    file_name text,
    created_at timestamptz not null,
    created_by text not null,
    committed_at timestamptz,
    committed_by text,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated'))
);
create index network_imports_network on plan.network_imports (network_id, created_at desc);
create index network_imports_age on plan.network_imports (created_at);

reset role;
