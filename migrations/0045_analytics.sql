-- Sums behind the sales analytics (`commerce.md` 2, 3.8): closed hours and days kept in materialised views, the rest
-- added from the rows. Which hours there are, and which day each is of, says the program's calendar: the views know
-- neither a clock nor a zone of their own.
set role millrace_owner;

-- The closed hours of the business zone, from the first fact on.
create table ops.calendar_hours (
    starts timestamptz primary key,
    ends timestamptz not null,
    day date not null,
    constraint calendar_hours_have_a_length check (ends > starts)
);
create index on ops.calendar_hours (day);

-- The books that the hours and the sums of the views are of: one row, none before the first refresh.
create table ops.calendar_books (
    one boolean primary key default true check (one),
    zone text not null,
    currency char(3) not null
);

-- What each view holds.
create table ops.view_refreshes (
    view text primary key,
    zone text not null,
    currency char(3) not null,
    -- Days before this one are in it.
    closed_before date not null,
    refreshed_at timestamptz not null,
    -- Which product was of which category then.
    catalogue numeric not null
);

-- Days touched by late facts have two readers now, and each takes away its own names.
alter table ops.kpi_dirty_days
    add column reader text not null default 'kpi_summary' check (reader in ('kpi_summary', 'views'));
create index on ops.kpi_dirty_days (reader, id);

-- Recognised sales and refund lines of a window; `base_amount` is null where the day has no rate. A lateral call
-- becomes part of the statement it stands in, so that views and fresh hours are computed by the same formula.
create function ops.sale_facts(starts timestamptz, ends timestamptz, base char(3), zone text, without_fraud boolean)
returns table (is_sale boolean, customer_id uuid, is_suspicious boolean, currency char(3), amount numeric, base_amount numeric)
language sql stable
as $$
    select true, t.customer_id, t.is_suspicious, t.currency, t.net,
           case when t.currency = base then t.net else round(t.net * r.rate, 4) end
    from sales.transactions t
    left join lateral ops.fx_rate_on(t.currency, base, (t.recognised_at at time zone zone)::date) r on t.currency <> base
    where t.recognised_at >= starts and t.recognised_at < ends
      and not (without_fraud and exists (select from sales.v_confirmed_fraud c where c.transaction_id = t.id))
    union all
    select false, null::uuid, false, x.currency, l.net,
           case when x.currency = base then l.net else round(l.net * r.rate, 4) end
    from sales.refunds x
    join sales.refund_lines l on l.refund_id = x.id
    left join lateral ops.fx_rate_on(x.currency, base, (l.refunded_at at time zone zone)::date) r on x.currency <> base
    where l.refunded_at >= starts and l.refunded_at < ends and x.refunded_at >= starts and x.refunded_at < ends
      and not (without_fraud and exists (select from sales.v_confirmed_fraud c where c.transaction_id = x.transaction_id))
$$;

-- The same, line by line.
create function ops.line_facts(starts timestamptz, ends timestamptz, base char(3), zone text, without_fraud boolean)
returns table (is_sale boolean, transaction_id uuid, customer_id uuid, product_id uuid, currency char(3), quantity numeric,
               amount numeric, base_amount numeric)
language sql stable
as $$
    select true, t.id, t.customer_id, l.product_id, t.currency, l.quantity, l.net,
           case when t.currency = base then l.net else round(l.net * r.rate, 4) end
    from sales.transactions t
    join sales.transaction_lines l on l.transaction_id = t.id
    left join lateral ops.fx_rate_on(t.currency, base, (t.recognised_at at time zone zone)::date) r on t.currency <> base
    where t.recognised_at >= starts and t.recognised_at < ends
      and not (without_fraud and exists (select from sales.v_confirmed_fraud c where c.transaction_id = t.id))
    union all
    select false, null::uuid, null::uuid, l.product_id, x.currency, l.quantity, l.net,
           case when x.currency = base then l.net else round(l.net * r.rate, 4) end
    from sales.refunds x
    join sales.refund_lines l on l.refund_id = x.id
    left join lateral ops.fx_rate_on(x.currency, base, (l.refunded_at at time zone zone)::date) r on x.currency <> base
    where l.refunded_at >= starts and l.refunded_at < ends and x.refunded_at >= starts and x.refunded_at < ends
      and not (without_fraud and exists (select from sales.v_confirmed_fraud c where c.transaction_id = x.transaction_id))
$$;

create materialized view sales.hourly_sales_mv as
select h.starts as hour, f.currency,
       coalesce(sum(f.amount) filter (where f.is_sale), 0) as gross,
       coalesce(sum(f.amount) filter (where not f.is_sale), 0) as refunds,
       coalesce(sum(f.base_amount) filter (where f.is_sale), 0) as gross_base,
       coalesce(sum(f.base_amount) filter (where not f.is_sale), 0) as refunds_base,
       count(*) filter (where f.is_sale) as sales,
       count(*) filter (where f.is_sale and f.customer_id is null) as guests,
       count(*) filter (where f.is_sale and f.is_suspicious) as suspicious,
       count(*) filter (where f.is_sale and f.base_amount is null) as sales_without_rate,
       count(*) filter (where not f.is_sale and f.base_amount is null) as refunds_without_rate,
       -- People of one hour may come again in another, so their number cannot be added up.
       coalesce(array_agg(distinct f.customer_id) filter (where f.customer_id is not null), '{}') as customers
from ops.calendar_books b
cross join ops.calendar_hours h
cross join lateral ops.sale_facts(h.starts, h.ends, b.currency, b.zone, false) f
group by h.starts, f.currency;
create unique index hourly_sales_mv_key on sales.hourly_sales_mv (hour, currency);

create materialized view sales.top_products_mv as
select f.product_id, h.day, f.currency,
       coalesce(sum(f.amount) filter (where f.is_sale), 0) as gross,
       coalesce(sum(f.amount) filter (where not f.is_sale), 0) as refunds,
       coalesce(sum(f.base_amount) filter (where f.is_sale), 0) as gross_base,
       coalesce(sum(f.base_amount) filter (where not f.is_sale), 0) as refunds_base,
       coalesce(sum(f.quantity) filter (where f.is_sale), 0) as units,
       count(distinct f.transaction_id) as sales,
       count(*) filter (where f.base_amount is null) as without_rate
from ops.calendar_books b
cross join ops.calendar_hours h
cross join lateral ops.line_facts(h.starts, h.ends, b.currency, b.zone, false) f
group by f.product_id, h.day, f.currency;
create unique index top_products_mv_key on sales.top_products_mv (product_id, day, currency);
create index top_products_mv_day on sales.top_products_mv (day);

-- Products without a category have the id of zeros: a key knows no null.
create materialized view sales.category_performance_mv as
select coalesce(p.category_id, '00000000-0000-0000-0000-000000000000') as category_id, h.day, f.currency,
       coalesce(sum(f.amount) filter (where f.is_sale), 0) as gross,
       coalesce(sum(f.amount) filter (where not f.is_sale), 0) as refunds,
       coalesce(sum(f.base_amount) filter (where f.is_sale), 0) as gross_base,
       coalesce(sum(f.base_amount) filter (where not f.is_sale), 0) as refunds_base,
       coalesce(sum(f.quantity) filter (where f.is_sale), 0) as units,
       count(distinct f.transaction_id) as sales,
       count(*) filter (where f.base_amount is null) as without_rate,
       coalesce(array_agg(distinct f.customer_id) filter (where f.customer_id is not null), '{}') as customers,
       coalesce(array_agg(distinct f.product_id) filter (where f.is_sale), '{}') as products
from ops.calendar_books b
cross join ops.calendar_hours h
cross join lateral ops.line_facts(h.starts, h.ends, b.currency, b.zone, false) f
join sales.products p on p.id = f.product_id
group by 1, h.day, f.currency;
create unique index category_performance_mv_key on sales.category_performance_mv (category_id, day, currency);
create index category_performance_mv_day on sales.category_performance_mv (day);

-- Only its owner may refresh a view.
create function ops.refresh_view(view name) returns void
language plpgsql security definer
set search_path = pg_catalog
as $$
begin
    if view not in ('hourly_sales_mv', 'top_products_mv', 'category_performance_mv', 'customer_segments_mv') then
        raise exception '% is no view that the program keeps', view;
    end if;
    execute format('refresh materialized view concurrently sales.%I', view);
end $$;

insert into ops.schedules (id, title, group_name, owner_feature, kind, every_seconds) values
    ('materialized_views', 'Refresh the sums of sales analytics', 'analytics', 'analytics', 'materialized_views', 300);

reset role;
