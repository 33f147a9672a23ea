-- As foreign_facts.sql, for orders of whatever status by the time of ordering.
select b.ord as "ord!", s.converted as "converted!", s.without_rate as "without_rate!"
from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality as b (starts, ends, ord)
cross join lateral (
    select coalesce(sum(round(o.amount * r.rate, 4)), 0) as converted,
           count(*) - count(r.rate) as without_rate
    from ops.orders o
    left join lateral (
        select x.rate
        from ops.fx_rates x
        where x.from_currency = o.currency and x.to_currency = $3::char(3)
          and x.day between (o.order_date at time zone $4::text)::date - 7 and (o.order_date at time zone $4::text)::date
        order by x.day desc
        limit 1
    ) r on true
    where o.order_date >= b.starts and o.order_date < b.ends and o.currency <> $3::char(3)
) s
