set role millrace_owner;

create table ops.queues (
    name text primary key,
    concurrency int not null check (concurrency between 1 and 64),
    per_key_concurrency int check (per_key_concurrency >= 1),
    paused_at timestamptz,
    paused_by text,
    pause_reason text
);
insert into ops.queues (name, concurrency, per_key_concurrency) values
    ('default', 4, null), ('live', 2, null), ('dealer_fetch', 3, 1), ('import', 1, null),
    ('solve', 2, null), ('report', 2, null), ('maintenance', 1, null);

create table ops.schedules (
    id text primary key check (id ~ '^[a-z][a-z0-9_.-]{0,79}$'),
    title text not null,
    group_name text not null,
    owner_feature text not null,
    kind text not null,
    payload jsonb not null default '{}',
    cron text,
    every_seconds int check (every_seconds >= 1),
    -- Null: the business zone, whatever it is at the time.
    zone text,
    enabled boolean not null default true,
    overlap text not null default 'skip' check (overlap in ('skip', 'buffer_one', 'allow', 'cancel_running')),
    catch_up text not null default 'latest' check (catch_up in ('none', 'latest', 'all')),
    catch_up_window_seconds int not null default 86400 check (catch_up_window_seconds >= 0),
    jitter_seconds int not null default 0 check (jitter_seconds >= 0),
    timeout_seconds int check (timeout_seconds >= 1),
    max_attempts int check (max_attempts between 1 and 100),
    -- Null: the scheduler computes it at its next tick.
    next_due_at timestamptz,
    -- Zone in which next_due_at was computed; another business zone makes it stale.
    due_zone text,
    last_fire_at timestamptz,
    last_success_at timestamptz,
    last_state text,
    version int not null default 1,
    constraint schedules_cron_or_every check ((cron is null) <> (every_seconds is null))
);
create index schedules_due on ops.schedules (next_due_at) where enabled;

create table ops.job_runs (
    id uuid primary key,
    kind text not null,
    queue text not null references ops.queues,
    -- Which of the queue's named queues of the library the ticket stands in (platform.md 3.9).
    slot smallint not null default 0,
    state text not null check (state in ('queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled', 'skipped')),
    priority smallint not null default 5 check (priority between 0 and 9),
    payload jsonb not null default '{}',
    schedule_id text references ops.schedules on delete set null,
    parent_id uuid,
    requested_by uuid,
    requested_label text not null,
    dealer_id text,
    unique_key text,
    attempt int not null default 0,
    max_attempts int not null default 3 check (max_attempts >= 1),
    run_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    heartbeat_at timestamptz,
    worker_id text,
    progress_done bigint not null default 0,
    progress_total bigint,
    -- Items a second, measured by the running worker.
    progress_rate double precision,
    step text,
    counters jsonb not null default '{}',
    -- Where a killed run goes on; written by the job in the transaction of the work it marks as done.
    checkpoint jsonb,
    result jsonb,
    error_code text,
    error_message text,
    cancel_requested_at timestamptz,
    cancel_requested_by text,
    timeout_seconds int not null default 1800 check (timeout_seconds >= 1),
    -- Id of the library's ticket that may run this; an older ticket finds nothing to do.
    queue_job_id bigint,
    created_at timestamptz not null,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated'))
);
create unique index job_runs_one_open on ops.job_runs (kind, unique_key) where state in ('queued', 'running');
create index job_runs_state on ops.job_runs (state, run_at);
create index job_runs_open_slots on ops.job_runs (queue, slot) where state in ('queued', 'running');
create index job_runs_recent on ops.job_runs (created_at desc, id desc);
create index job_runs_kind on ops.job_runs (kind, created_at desc);
create index job_runs_schedule on ops.job_runs (schedule_id, created_at desc);
create index job_runs_dealer on ops.job_runs (dealer_id, created_at desc);
create index job_runs_text on ops.job_runs using gin (
    (kind || ' ' || payload::text || ' ' || coalesce(step, '') || ' ' || coalesce(error_message, '')) public.gin_trgm_ops);

create table ops.job_run_events (
    job_id uuid not null references ops.job_runs on delete cascade,
    seq int not null,
    at timestamptz not null,
    level text not null check (level in ('info', 'warn', 'error')),
    step text,
    message text not null,
    data jsonb,
    primary key (job_id, seq)
);

create table ops.schedule_fires (
    schedule_id text not null references ops.schedules on delete cascade,
    due_at timestamptz not null,
    fired_at timestamptz not null,
    outcome text not null check (outcome in ('enqueued', 'skipped_overlap', 'caught_up', 'missed')),
    job_run_id uuid,
    primary key (schedule_id, due_at)
);
create index schedule_fires_fired on ops.schedule_fires (fired_at);

-- What is left of runs of fast schedules after 30 days.
create table ops.job_run_hours (
    hour timestamptz not null,
    kind text not null,
    state text not null,
    runs bigint not null,
    seconds double precision not null,
    primary key (hour, kind, state)
);

-- Worker instances that may hold tickets; host is machine and process-id namespace.
create table ops.workers (
    id text primary key,
    host text not null,
    pid int not null,
    started_at timestamptz not null,
    heartbeat_at timestamptz not null
);

insert into ops.schedules (id, title, group_name, owner_feature, kind, cron) values
    ('cleanup', 'Clean up what is past its keeping time', 'system', 'system', 'cleanup', '0 1 * * *'),
    ('partition_ensure', 'Make the next months'' partitions', 'system', 'system', 'partition_ensure', '30 0 * * *');

reset role;
