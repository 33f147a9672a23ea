-- Net of recognised sales less refunds by their own time, in base currency, of customers with a sale in the window.
with sold as (
    select t.customer_id, max(t.recognised_at) as last_sale_at, count(*) as orders,
           sum(case when t.currency = $3::char(3) then t.net else coalesce(round(t.net * r.rate, 4), 0) end) as gross
    from sales.transactions t
    left join lateral ops.fx_rate_on(t.currency, $3::char(3), (t.recognised_at at time zone $4::text)::date) r
        on t.currency <> $3::char(3)
    where t.recognised_at >= $1::timestamptz and t.recognised_at < $2::timestamptz and t.customer_id is not null
      and ($5::uuid is null or t.customer_id = $5)
    group by t.customer_id
), returned as (
    select x.customer_id,
           sum(case when x.currency = $3::char(3) then x.net else coalesce(round(x.net * r.rate, 4), 0) end) as refunds
    from sales.refunds x
    left join lateral ops.fx_rate_on(x.currency, $3::char(3), (x.refunded_at at time zone $4::text)::date) r
        on x.currency <> $3::char(3)
    where x.refunded_at >= $1::timestamptz and x.refunded_at < $2::timestamptz and x.customer_id is not null
      and ($5::uuid is null or x.customer_id = $5)
    group by x.customer_id
)
select s.customer_id as "customer_id!", s.last_sale_at as "last_sale_at!", s.orders as "orders!",
       s.gross - coalesce(r.refunds, 0) as "revenue!"
from sold s
left join returned r on r.customer_id = s.customer_id
