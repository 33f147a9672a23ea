-- Sums up a window by quarters of an hour: writes those that changed, deletes those that lost their last fact.
with facts as (
    select date_bin('15 minutes', f.at, timestamptz 'epoch') as bucket_start, f.kind, v.amount
    from ops.v_sale_facts f
    left join lateral ops.fx_rate_on(f.currency, $3::char(3), (f.at at time zone $4::text)::date) r
        on f.currency <> $3::char(3)
    cross join lateral (
        select case when f.currency = $3::char(3) then f.amount else coalesce(round(f.amount * r.rate, 4), 0) end as amount
    ) v
    where f.at >= $1::timestamptz and f.at < $2::timestamptz
      and f.header_at >= $1::timestamptz and f.header_at < $2::timestamptz
), summed as (
    select bucket_start, sum(amount) as revenue_net,
           coalesce(sum(amount) filter (where kind = 'sale'), 0) as revenue_gross,
           coalesce(-sum(amount) filter (where kind <> 'sale'), 0) as refunds,
           count(*) filter (where kind = 'sale') as orders
    from facts
    group by bucket_start
), put as (
    insert into ops.kpi_quarter_hours as q (bucket_start, currency, revenue_net, revenue_gross, refunds, orders, computed_at)
    select bucket_start, $3::char(3), revenue_net, revenue_gross, refunds, orders, $5::timestamptz from summed
    on conflict (bucket_start, currency) do update
        set revenue_net = excluded.revenue_net, revenue_gross = excluded.revenue_gross, refunds = excluded.refunds,
            orders = excluded.orders, computed_at = excluded.computed_at
        where (q.revenue_net, q.revenue_gross, q.refunds, q.orders)
              is distinct from (excluded.revenue_net, excluded.revenue_gross, excluded.refunds, excluded.orders)
    returning 1
), gone as (
    delete from ops.kpi_quarter_hours q
    where q.bucket_start >= $1::timestamptz and q.bucket_start < $2::timestamptz and q.currency = $3::char(3)
      and not exists (select from summed s where s.bucket_start = q.bucket_start)
    returning 1
)
select (select count(*) from put) + (select count(*) from gone) as "changed!"
