set role millrace_owner;

-- A finished day's figures, and today's up to the last minute, so that a trend need not add up old sales
-- (`overview.md` 3.5). Everything here can be computed again from the rows of `sales`.
create table ops.kpi_summary (
    day date not null,
    zone text not null,
    -- Base currency of the amounts.
    currency char(3) not null,
    day_start timestamptz not null,
    day_end timestamptz not null,
    hours numeric(4, 2) not null,
    revenue_net numeric(18, 4) not null,
    revenue_gross numeric(18, 4) not null,
    refunds numeric(18, 4) not null,
    -- The literal rules count by the time of ordering, all else by recognition: a sale released a day later is
    -- an order of that day and no "order of whatever status" of it.
    amount_all numeric(18, 4) not null,
    orders bigint not null,
    orders_all bigint not null,
    orders_held bigint not null,
    refund_rows bigint not null,
    active_customers bigint not null,
    orders_without_customer bigint not null,
    visitors bigint not null,
    buyers_visited bigint not null,
    buyers_not_visited bigint not null,
    -- Sales and refund lines left out for want of an exchange rate; sales alone.
    rows_without_rate bigint not null,
    sales_without_rate bigint not null,
    -- Facts that are not of the real business.
    demo_rows bigint not null,
    -- Computed after the day was over.
    is_final boolean not null,
    -- Counts how often the figures of a closed day changed, from 1.
    revision int not null default 1 check (revision >= 1),
    -- When the figures last changed.
    computed_at timestamptz not null,
    primary key (day, zone, currency),
    constraint kpi_summary_net_adds_up check (revenue_net = revenue_gross - refunds),
    constraint kpi_summary_buyers_are_visitors check (buyers_visited <= visitors),
    constraint kpi_summary_day_has_a_length check (day_end >= day_start)
);

-- Sums of a quarter of an hour; one without a fact has no row. Every zone's hours are sums of these.
create table ops.kpi_quarter_hours (
    bucket_start timestamptz not null,
    currency char(3) not null,
    revenue_net numeric(18, 4) not null,
    revenue_gross numeric(18, 4) not null,
    refunds numeric(18, 4) not null,
    orders bigint not null,
    computed_at timestamptz not null,
    primary key (bucket_start, currency),
    constraint kpi_quarter_hours_net_adds_up check (revenue_net = revenue_gross - refunds),
    constraint kpi_quarter_hours_aligned check (extract(epoch from bucket_start)::bigint % 900 = 0)
);

-- Closed days touched by late facts, named in the transaction of the writing. Every writer adds rows of its
-- own and the job takes away those it saw, so nobody waits for anybody and no mark is lost.
create table ops.kpi_dirty_days (
    id bigint generated always as identity primary key,
    day date not null,
    -- Whose day it is.
    zone text not null,
    named_at timestamptz not null
);

insert into ops.schedules (id, title, group_name, owner_feature, kind, every_seconds) values
    ('kpi_summary', 'Sum up today, yesterday and corrected days', 'overview', 'overview', 'kpi_summary', 60);
insert into ops.schedules (id, title, group_name, owner_feature, kind, cron) values
    ('kpi_rebuild', 'Compare the summed-up days with their rows', 'overview', 'overview', 'kpi_rebuild', '20 0 * * *');

reset role;
