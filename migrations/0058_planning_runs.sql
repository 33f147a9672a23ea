-- Planning (planning.md 2.1): documents that were solved, and the runs that solve them.
set role millrace_owner;

create schema plan;
grant usage on schema plan to millrace_app, millrace_all, millrace_read;
alter default privileges in schema plan grant select, insert, update, delete on tables to millrace_app, millrace_all;
alter default privileges in schema plan grant usage, select, update on sequences to millrace_app, millrace_all;
alter default privileges in schema plan grant select on tables to millrace_read;

-- Never changed: a run reads this and no later edit.
create table plan.inputs (
    id uuid primary key,
    -- Of the canonical JSON.
    sha256 bytea not null unique check (length(sha256) = 32),
    document jsonb not null,
    row_counts jsonb not null,
    created_at timestamptz not null,
    created_by text not null,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated'))
);

create table plan.runs (
    id uuid primary key,
    -- Shown as OPT-000001.
    run_no bigint not null generated always as identity unique,
    job_run_id uuid not null,
    input_id uuid not null references plan.inputs,
    name text not null,
    currency char(3) not null,
    -- A built-in one.
    scenario text not null,
    -- Of the document with the scenario and the options of the run.
    resolved_sha256 bytea not null check (length(resolved_sha256) = 32),
    solver_requested text not null,
    solver_used text,
    solver_version text,
    -- What the run asks instead of the document.
    options jsonb not null,
    time_limit_seconds double precision not null check (time_limit_seconds between 1 and 3600),
    validation text not null check (validation in ('PASS', 'WARN')),
    state text not null default 'queued' check (state in (
        'queued', 'initializing', 'validating_data', 'building_model', 'solving', 'processing_results',
        'completed', 'failed', 'cancelled')),
    outcome text check (outcome in (
        'optimal', 'feasible_gap', 'limit_with_plan', 'limit_no_plan', 'infeasible', 'unbounded', 'error', 'cancelled')),
    objective numeric(36, 6),
    operating_cost numeric(36, 6),
    bound numeric(36, 6),
    gap double precision,
    nodes bigint,
    lp_iterations bigint,
    rows bigint,
    cols bigint,
    integer_cols bigint,
    binary_cols bigint,
    nonzeros bigint,
    coef_min double precision,
    coef_max double precision,
    solve_seconds double precision,
    started_at timestamptz,
    finished_at timestamptz,
    checker_passed boolean,
    checker_sha256 bytea,
    checker_faults text[] not null default '{}',
    -- Of an unbounded model: what grows without end.
    endless text[] not null default '{}',
    error_code text,
    error_message text,
    cancel_requested_at timestamptz,
    cancel_requested_by text,
    -- Whether a plan found before a cancel is kept.
    cancel_keeps boolean not null default true,
    deleted_at timestamptz,
    created_at timestamptz not null,
    created_by text not null,
    created_by_id uuid,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated'))
);
create index runs_state on plan.runs (state, created_at);
create index runs_recent on plan.runs (created_at desc, id desc) where deleted_at is null;
create index runs_input on plan.runs (input_id);
create index runs_job on plan.runs (job_run_id);

create table plan.run_progress (
    run_id uuid not null references plan.runs on delete cascade,
    seq int not null,
    at timestamptz not null,
    elapsed_ms bigint not null,
    phase text not null,
    incumbent numeric(36, 6),
    bound numeric(36, 6),
    gap double precision,
    nodes bigint not null,
    lp_iterations bigint not null,
    primary key (run_id, seq)
);

-- What is shown of a run: one whose job ended without telling it is over, too, and one that waits for another attempt
-- is queued again.
create view plan.run_states as
select r.id,
       case when r.state in ('completed', 'failed', 'cancelled') then r.state
            when j.state in ('queued', 'cancelled') then j.state
            when j.state = 'running' then r.state
            else 'failed' end as state,
       case when r.state in ('completed', 'failed', 'cancelled') or j.state in ('queued', 'running', 'cancelled')
            then r.error_message
            else coalesce(j.error_message, 'Its job ended without a result.') end as error_message
from plan.runs r left join ops.job_runs j on j.id = r.job_run_id;

reset role;
