-- Facts in other currencies, at the rate of their business day.
-- Window by window: joined with all windows at once they would be looked for in the whole table.
select b.ord as "ord!", s.kind as "kind!", s.raw as "raw!", s.converted as "converted!", s.without_rate as "without_rate!"
from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality as b (starts, ends, ord)
cross join lateral (
    select f.kind,
           coalesce(sum(f.amount), 0) as raw,
           coalesce(sum(round(f.amount * r.rate, 4)), 0) as converted,
           count(*) - count(r.rate) as without_rate
    from ops.v_sale_facts f
    left join lateral ops.fx_rate_on(f.currency, $3::char(3), (f.at at time zone $4::text)::date) r on true
    where f.at >= b.starts and f.at < b.ends and f.header_at >= b.starts and f.header_at < b.ends
      and f.currency <> $3::char(3)
      and not ($5::boolean and exists (select from sales.v_confirmed_fraud c where c.transaction_id = f.transaction_id))
    group by f.kind
) s
