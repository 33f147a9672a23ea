-- Facts in other currencies, at the rate of their business day: the latest of the seven days before it at most.
-- Window by window: joined with all windows at once they would be looked for in the whole table.
select b.ord as "ord!", s.kind as "kind!", s.raw as "raw!", s.converted as "converted!", s.without_rate as "without_rate!"
from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality as b (starts, ends, ord)
cross join lateral (
    select f.kind,
           coalesce(sum(f.amount), 0) as raw,
           coalesce(sum(round(f.amount * r.rate, 4)), 0) as converted,
           count(*) - count(r.rate) as without_rate
    from ops.v_sale_facts f
    left join lateral (
        select x.rate
        from ops.fx_rates x
        where x.from_currency = f.currency and x.to_currency = $3::char(3)
          and x.day between (f.at at time zone $4::text)::date - 7 and (f.at at time zone $4::text)::date
        order by x.day desc
        limit 1
    ) r on true
    where f.at >= b.starts and f.at < b.ends and f.header_at >= b.starts and f.header_at < b.ends
      and f.currency <> $3::char(3)
    group by f.kind
) s
