set role millrace_owner;

-- Files of past sales with labels, to try rule sets on. Only the mapped columns are kept.
create table sales.fraud_datasets (
    id uuid primary key,
    name text not null check (name <> ''),
    file_name text not null,
    -- Field of the dataset -> column of the file.
    columns jsonb not null,
    -- Of times that are written without one.
    zone text not null,
    rows int not null,
    labelled int not null,
    frauds int not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    by text not null,
    created_at timestamptz not null
);

create table sales.fraud_dataset_rows (
    dataset_id uuid not null references sales.fraud_datasets on delete cascade,
    ref text not null,
    occurred_at timestamptz not null,
    customer_ref text,
    terminal_ref text,
    amount numeric(18, 4) not null check (amount >= 0),
    -- Whether it was fraud; null: not known.
    label boolean,
    -- Null: so many days after the sale as the backtest says.
    label_known_at timestamptz,
    primary key (dataset_id, ref)
);
create index fraud_dataset_rows_in_time on sales.fraud_dataset_rows (dataset_id, occurred_at, ref);

-- A learned score: logistic regression over standardised inputs.
create table sales.fraud_models (
    id uuid primary key,
    inputs jsonb not null,
    intercept double precision not null,
    coefficients jsonb not null,
    means jsonb not null,
    scales jsonb not null,
    trained_from timestamptz not null,
    trained_to timestamptz not null,
    n int not null,
    positives int not null,
    auc double precision,
    ap double precision,
    hash text not null unique,
    by text not null,
    created_at timestamptz not null
);

alter table sales.fraud_rule_sets add column learned_model_id uuid references sales.fraud_models;

create table sales.fraud_backtests (
    id uuid primary key,
    rule_set_id uuid not null references sales.fraud_rule_sets on delete cascade,
    -- Of the set when it was tried; publishing asks for one of the same content.
    content_hash text not null,
    dataset_id uuid references sales.fraud_datasets on delete cascade,
    parameters jsonb not null,
    state text not null default 'queued' check (state in ('queued', 'running', 'finished', 'failed')),
    model_id uuid references sales.fraud_models,
    report jsonb,
    fault text,
    by text not null,
    created_at timestamptz not null,
    finished_at timestamptz,
    constraint backtests_finished_with_report check ((state = 'finished') = (report is not null and finished_at is not null))
);
create index fraud_backtests_of_content on sales.fraud_backtests (content_hash, finished_at desc) where state = 'finished';
create index fraud_backtests_newest on sales.fraud_backtests (created_at desc, id);

create table sales.fraud_backtest_scores (
    backtest_id uuid not null references sales.fraud_backtests on delete cascade,
    n int not null,
    ref text not null,
    occurred_at timestamptz not null,
    customer_ref text,
    amount numeric(18, 4) not null,
    points numeric(6, 2) not null,
    hits text[] not null,
    outcome text not null,
    learned double precision,
    label boolean,
    primary key (backtest_id, n)
);

reset role;
