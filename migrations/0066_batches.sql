-- Batches (planning.md 3.7): one input under many scenarios, or under many draws of one.
set role millrace_owner;

create table plan.batches (
    id uuid primary key,
    -- Shown as BAT-000001.
    batch_no bigint not null generated always as identity unique,
    -- The job that queues the runs.
    job_run_id uuid not null,
    kind text not null check (kind in ('scenarios', 'draws')),
    base_input_id uuid not null references plan.inputs,
    name text not null,
    currency char(3) not null,
    -- Of draws.
    seed bigint check (seed >= 0),
    draws int check (draws between 1 and 200),
    -- What its runs ask instead of the document.
    options jsonb not null,
    -- What the runs that are over cost together, written by each as it ends.
    totals jsonb,
    cancelled_at timestamptz,
    cancelled_by text,
    created_at timestamptz not null,
    created_by text not null,
    created_by_id uuid,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    check ((kind = 'draws') = (draws is not null and seed is not null))
);
create index batches_recent on plan.batches (created_at desc, id desc);
create index batches_input on plan.batches (base_input_id);
create index batches_job on plan.batches (job_run_id);

-- What a batch is to solve, and the run that does.
create table plan.batch_runs (
    batch_id uuid not null references plan.batches on delete cascade,
    n int not null,
    scenario text not null,
    scenario_id uuid references plan.scenarios,
    draw int not null default 0,
    weight double precision not null check (weight > 0),
    run_id uuid references plan.runs,
    -- Why there is no run: its document was refused.
    error text,
    primary key (batch_id, n)
);
create index batch_runs_run on plan.batch_runs (run_id) where run_id is not null;

alter table plan.runs add constraint runs_of_batches foreign key (batch_id) references plan.batches;

reset role;
