-- Customers by recency, frequency and money, and by tier (`commerce.md` 3.7).
set role millrace_owner;

-- Only changes have a row: without one a customer is of the standard tier.
create table sales.customer_tiers (
    customer_id uuid not null references sales.customers on delete cascade,
    valid_from date not null,
    tier text not null check (tier in ('standard', 'silver', 'gold', 'platinum')),
    -- Exclusive; null: until another takes its place.
    valid_to date check (valid_to >= valid_from),
    source text not null check (source in ('computed', 'manual')),
    by text not null,
    reason text,
    primary key (customer_id, valid_from),
    constraint customer_tiers_manual_has_a_reason check (source = 'computed' or reason is not null)
);
create index on sales.customer_tiers (valid_from);

-- Customers with a sale in the 365 days before `as_of`; whoever has no row had none.
create table sales.customer_segments (
    customer_id uuid not null references sales.customers on delete cascade,
    as_of date not null,
    r smallint not null check (r between 1 and 5),
    f smallint not null check (f between 1 and 5),
    m smallint not null check (m between 1 and 5),
    segment text not null check (segment in ('champions', 'loyal', 'potential', 'new', 'needs_attention', 'about_to_sleep',
                                             'at_risk', 'cannot_lose', 'hibernating', 'lost')),
    -- What the scores are of: days since the last sale, sales, revenue in base currency with refunds taken off.
    days_since int not null,
    orders int not null,
    revenue numeric(18, 4) not null,
    primary key (customer_id, as_of)
);
create index on sales.customer_segments (as_of, segment);

create table sales.segment_runs (
    as_of date primary key,
    -- The run that movement is told against.
    previous date,
    currency char(3) not null,
    zone text not null,
    -- {"r": [..4], "f": [..4], "m": [..4]}
    cuts jsonb not null,
    computed_at timestamptz not null
);

-- The tier that a customer had on a day.
create function ops.tier_on(customer uuid, on_day date) returns text
language sql stable
as $$
    select coalesce((
        select t.tier
        from sales.customer_tiers t
        where t.customer_id = customer and t.valid_from <= on_day and (t.valid_to is null or t.valid_to > on_day)
        order by t.valid_from desc
        limit 1), 'standard')
$$;

-- Both schemes on `on_day`, against `before`; movement is unknown without it.
create function ops.segment_sums(on_day date, before date)
returns table (scheme text, segment text, customers bigint, orders bigint, revenue numeric, risk numeric, moved_in bigint,
               moved_out bigint)
language sql stable
as $$
    with people as (
        select c.id, c.risk_score, coalesce(n.orders, 0) as orders, coalesce(n.revenue, 0) as revenue,
               coalesce(n.segment, 'no_purchase') as segment,
               case when c.registration_date <= before then coalesce(b.segment, 'no_purchase') end as segment_before,
               ops.tier_on(c.id, on_day) as tier,
               case when c.registration_date <= before then ops.tier_on(c.id, before) end as tier_before
        from sales.customers c
        left join sales.customer_segments n on n.customer_id = c.id and n.as_of = on_day
        left join sales.customer_segments b on b.customer_id = c.id and b.as_of = before
        where c.registration_date <= on_day
    ), standing as (
        select p.*, s.scheme, s.here, s.was
        from people p
        cross join lateral (values ('rfm', p.segment, p.segment_before), ('tier', p.tier, p.tier_before)) s (scheme, here, was)
    ), left_behind as (
        select scheme, was, count(*) as n from standing where was <> here group by scheme, was
    ), here as (
        select scheme, here, count(*) as customers, sum(orders)::bigint as orders, sum(revenue) as revenue, sum(risk_score) as risk,
               count(*) filter (where was is distinct from here) as moved_in
        from standing
        group by scheme, here
    )
    select coalesce(h.scheme, l.scheme), coalesce(h.here, l.was), coalesce(h.customers, 0), coalesce(h.orders, 0),
           coalesce(h.revenue, 0), coalesce(h.risk, 0),
           case when before is not null then coalesce(h.moved_in, 0) end,
           case when before is not null then coalesce(l.n, 0) end
    from here h
    full join left_behind l on l.scheme = h.scheme and l.was = h.here
$$;

create materialized view sales.customer_segments_mv as
select s.scheme, s.segment, r.as_of, s.customers, s.orders, s.revenue, s.risk, s.moved_in, s.moved_out
from (select as_of, previous from sales.segment_runs order by as_of desc limit 1) r
cross join lateral ops.segment_sums(r.as_of, r.previous) s;
create unique index customer_segments_mv_key on sales.customer_segments_mv (scheme, segment);

insert into ops.schedules (id, title, group_name, owner_feature, kind, cron) values
    ('customer_segments', 'Tiers and segments of customers', 'analytics', 'analytics', 'customer_segments', '40 0 * * *');

reset role;
