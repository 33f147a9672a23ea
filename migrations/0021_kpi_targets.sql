set role millrace_owner;

-- What a figure shall reach. A target ends where the next of the same figure and period begins.
create table ops.kpi_targets (
    id uuid primary key,
    metric_key text not null,
    period text not null check (period in ('day', 'month')),
    valid_from date not null,
    value numeric(18, 4) not null check (value > 0),
    -- Of an amount: the base currency when it was set.
    currency char(3),
    note text not null default '',
    created_by text not null,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint kpi_targets_one_a_day unique (metric_key, period, valid_from)
);

reset role;
