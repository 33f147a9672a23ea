-- As foreign_facts.sql, for orders of whatever status by the time of ordering.
select b.ord as "ord!", s.converted as "converted!", s.without_rate as "without_rate!"
from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality as b (starts, ends, ord)
cross join lateral (
    select coalesce(sum(round(o.amount * r.rate, 4)), 0) as converted,
           count(*) - count(r.rate) as without_rate
    from ops.orders o
    left join lateral ops.fx_rate_on(o.currency, $3::char(3), (o.order_date at time zone $4::text)::date) r on true
    where o.order_date >= b.starts and o.order_date < b.ends and o.currency <> $3::char(3)
      and not ($5::boolean and exists (select from sales.v_confirmed_fraud c where c.transaction_id = o.order_id))
) s
