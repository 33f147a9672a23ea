-- What a day's report tells beside sums of money; one row a window, in their order.
select b.ord as "ord!", u.units as "units!", n.new_customers as "new_customers!",
       d.approved as "approved!", d.review as "review!", d.held as "held!", d.declined as "declined!", d.held_value as "held_value!",
       v.fraud as "fraud!", v.legitimate as "legitimate!"
from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality as b (starts, ends, ord)
cross join lateral (
    select coalesce(sum(t.quantity), 0) as units
    from sales.transactions t
    where t.recognised_at >= b.starts and t.recognised_at < b.ends
) u
cross join lateral (
    select count(distinct t.customer_id) as new_customers
    from sales.transactions t
    where t.recognised_at >= b.starts and t.recognised_at < b.ends and t.customer_id is not null
      and not exists (select from sales.transactions e where e.customer_id = t.customer_id and e.recognised_at < b.starts)
) n
cross join lateral (
    select count(*) filter (where x.outcome = 'approve') as approved, count(*) filter (where x.outcome = 'review') as review,
           count(*) filter (where x.outcome = 'hold') as held, count(*) filter (where x.outcome = 'decline') as declined,
           coalesce(sum(case when t.currency = $3::char(3) then t.total else round(t.total * r.rate, 4) end)
                    filter (where x.outcome = 'hold'), 0) as held_value
    from sales.fraud_decisions x
    join sales.transactions t on t.id = x.transaction_id
    left join lateral ops.fx_rate_on(t.currency, $3::char(3), (x.at at time zone $4::text)::date) r on t.currency <> $3::char(3)
    where x.at >= b.starts and x.at < b.ends
) d
cross join lateral (
    select count(*) filter (where c.verdict = 'confirmed_fraud') as fraud,
           count(*) filter (where c.verdict = 'legitimate') as legitimate
    from sales.fraud_cases c
    where c.closed_at >= b.starts and c.closed_at < b.ends
) v
order by b.ord
