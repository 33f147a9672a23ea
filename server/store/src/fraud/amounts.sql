-- Usual amounts of the days before $1: lines since $2 by category and over all, first orders since $3, both until $4.
-- $5 base currency, $6 zone, $7 now. What has no rate of its day is left out; too little says nothing.
with sold as (
    select t.id, t.customer_id, t.recognised_at, t.total, f.rate
    from sales.transactions t
    cross join lateral (
        select 1::numeric as rate where t.currency = $5::char(3)
        union all
        select r.rate from ops.fx_rate_on(t.currency, $5::char(3), (t.recognised_at at time zone $6::text)::date) r
        where t.currency <> $5::char(3)
    ) f
    where t.recognised_at >= $3::timestamptz and t.recognised_at < $4::timestamptz
), lines as (
    select coalesce(p.category_id::text, 'all') as category, round(l.net * s.rate, 4) as amount
    from sold s
    join sales.transaction_lines l on l.transaction_id = s.id
    join sales.products p on p.id = l.product_id
    where s.recognised_at >= $2::timestamptz
), usual as (
    select 'all' as scope, count(*) as n, percentile_disc(0.995) within group (order by amount) as p995 from lines
    union all
    select category, count(*), percentile_disc(0.995) within group (order by amount)
    from lines where category <> 'all' group by category
), first as (
    select count(*) as n, percentile_disc(0.95) within group (order by amount) as p95
    from (
        select round(s.total * s.rate, 4) as amount
        from sold s
        where s.customer_id is not null
          and not exists (select from sales.transactions e
                          where e.customer_id = s.customer_id and e.recognised_at < s.recognised_at)
    ) o
)
insert into sales.amount_stats as a (day, scope, p995_line_amount, n, p95_first_order, n_first, built_at)
select $1::date, u.scope, case when u.n >= 200 then u.p995 end, u.n,
       case when u.scope = 'all' and f.n >= 100 then f.p95 end, case when u.scope = 'all' then f.n else 0 end, $7::timestamptz
from usual u cross join first f
on conflict (day, scope) do update
    set p995_line_amount = excluded.p995_line_amount, n = excluded.n, p95_first_order = excluded.p95_first_order,
        n_first = excluded.n_first, built_at = excluded.built_at
