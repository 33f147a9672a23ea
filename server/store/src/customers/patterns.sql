-- How customers buy: recognised sales after $1 until $2, net plus tax in $3 by the rate of the day in zone $4. Only
-- customers whose sales changed since they were summed up, or who bought what is filed otherwise since. An amount has
-- four decimals; the median is the mean of the middle two, P90 the nearest rank.
with counted as (
    select t.customer_id, count(*)::int as n, max(t.updated_at) as changed
    from sales.transactions t
    where t.recognised_at > $1::timestamptz and t.recognised_at <= $2::timestamptz and t.customer_id is not null
    group by t.customer_id
), refiled as (
    select distinct t.customer_id
    from sales.products p
    join sales.transaction_lines l on l.product_id = p.id
    join sales.transactions t on t.id = l.transaction_id
    where p.updated_at > (select max(updated_at) from sales.customer_purchase_patterns)
      and t.recognised_at > $1::timestamptz and t.customer_id is not null
), due as (
    select c.customer_id, c.n
    from counted c
    left join sales.customer_purchase_patterns p on p.customer_id = c.customer_id
    where p.customer_id is null or p.total_transactions <> c.n or c.changed > p.updated_at
       or p.currency <> $3::char(3) or p.zone <> $4::text
       or c.customer_id in (select customer_id from refiled)
), sold as (
    select d.customer_id, d.n, t.id, t.occurred_at, f.rate, round((t.net + t.tax) * f.rate, 4) as amount
    from due d
    join sales.transactions t on t.customer_id = d.customer_id
    left join lateral (
        select 1::numeric as rate where t.currency = $3::char(3)
        union all
        select r.rate from ops.fx_rate_on(t.currency, $3::char(3), (t.recognised_at at time zone $4::text)::date) r
        where t.currency <> $3::char(3)
    ) f on true
    where t.recognised_at > $1::timestamptz and t.recognised_at <= $2::timestamptz
), amounts as (
    select s.customer_id, s.n, round(avg(s.amount), 4) as average, round(stddev_samp(s.amount), 4) as deviation,
           array_agg(s.amount order by s.amount) filter (where s.amount is not null) as ordered, count(s.amount)::int as k,
           max(s.occurred_at) as last,
           case when s.n > 1 then (max(s.occurred_at) - min(s.occurred_at)) / (s.n - 1) end as gap
    from sold s
    group by s.customer_id, s.n
), hours as (
    select h.customer_id, array_agg(h.hour order by h.hour) as typical
    from (
        select s.customer_id, s.n, extract(hour from s.occurred_at at time zone $4::text)::int as hour, count(*) as orders
        from sold s group by 1, 2, 3
    ) h
    where 10 * h.orders >= h.n
    group by h.customer_id
), parts as (
    select s.customer_id, p.category_id, round(sum(l.net * s.rate), 4) as net
    from sold s
    join sales.transaction_lines l on l.transaction_id = s.id
    join sales.products p on p.id = l.product_id
    where s.rate is not null
    group by s.customer_id, p.category_id
), ranked as (
    select r.customer_id, r.category_id, r.net, sum(r.net) over (partition by r.customer_id) as whole,
           row_number() over (partition by r.customer_id order by r.category_id is null, r.net desc, r.category_id) as place
    from parts r
), favorites as (
    select r.customer_id,
           jsonb_agg(jsonb_build_object('category_id', r.category_id, 'net', r.net::text,
                                        'share', round(r.net / nullif(r.whole, 0), 4)::text) order by r.place) as list
    from ranked r
    where r.category_id is not null and r.place <= 3 and r.net > 0
    group by r.customer_id
)
insert into sales.customer_purchase_patterns as p
    (customer_id, average_transaction_amount, median_transaction_amount, stddev_transaction_amount, p90_amount, total_transactions,
     last_purchase_at, avg_time_between_purchases, favorite_categories, typical_purchase_hours, currency, zone, updated_at)
select a.customer_id, a.average,
       case when a.k > 0 then round((a.ordered[(a.k + 1) / 2] + a.ordered[(a.k + 2) / 2]) / 2, 4) end,
       a.deviation, a.ordered[(9 * a.k + 9) / 10], a.n, a.last, a.gap, coalesce(f.list, '[]'::jsonb),
       coalesce(h.typical, '{}'::int[]), $3::char(3), $4::text, $2::timestamptz
from amounts a
left join hours h on h.customer_id = a.customer_id
left join favorites f on f.customer_id = a.customer_id
on conflict (customer_id) do update
    set average_transaction_amount = excluded.average_transaction_amount,
        median_transaction_amount = excluded.median_transaction_amount,
        stddev_transaction_amount = excluded.stddev_transaction_amount, p90_amount = excluded.p90_amount,
        total_transactions = excluded.total_transactions, last_purchase_at = excluded.last_purchase_at,
        avg_time_between_purchases = excluded.avg_time_between_purchases, favorite_categories = excluded.favorite_categories,
        typical_purchase_hours = excluded.typical_purchase_hours, currency = excluded.currency, zone = excluded.zone,
        updated_at = excluded.updated_at
