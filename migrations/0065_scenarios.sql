-- Own scenarios (planning.md 2.1, 3.7): overlays in versions that never change, and the runs that used them.
set role millrace_owner;

create table plan.scenarios (
    id uuid primary key,
    -- The code of the network it is for; null: of any input.
    network text,
    code text not null check (code ~ '^[A-Za-z0-9_.-]{1,40}$'),
    version int not null check (version >= 1),
    -- What it was made from: the version before, or of a first version the scenario it copies.
    parent_id uuid references plan.scenarios,
    name text not null,
    description text,
    -- A JSON list of millrace-scenario/1.
    ops jsonb not null check (jsonb_typeof(ops) = 'array'),
    seed bigint not null default 0 check (seed >= 0),
    probability double precision check (probability > 0 and probability <= 1),
    archived_at timestamptz,
    archived_by text,
    created_at timestamptz not null,
    created_by text not null,
    created_by_id uuid,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    constraint scenarios_code_version unique nulls not distinct (network, code, version)
);
-- A change is a version more; rows of the demo leave with it.
revoke update on plan.scenarios from millrace_app, millrace_all;
grant update (archived_at, archived_by) on plan.scenarios to millrace_app, millrace_all;

alter table plan.runs
    -- The version that was laid over; null: a built-in one.
    add column scenario_id uuid references plan.scenarios,
    -- The seed of its draw; null: of the scenario itself.
    add column seed bigint check (seed >= 0),
    add column draw int not null default 0 check (draw >= 0),
    -- plan.batches
    add column batch_id uuid;
create index runs_scenario on plan.runs (scenario_id) where scenario_id is not null;
create index runs_batch on plan.runs (batch_id) where batch_id is not null;

reset role;
