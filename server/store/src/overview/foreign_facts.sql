-- Facts in other currencies, at the rate of their business day: the latest of the seven days before it at most.
select b.ord as "ord!", f.kind as "kind!",
       coalesce(sum(f.amount), 0) as "raw!",
       coalesce(sum(round(f.amount * r.rate, 4)), 0) as "converted!",
       count(*) - count(r.rate) as "without_rate!"
from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality as b (starts, ends, ord)
join ops.v_sale_facts f on f.at >= b.starts and f.at < b.ends and f.currency <> $3::char(3)
left join lateral (
    select x.rate
    from ops.fx_rates x
    where x.from_currency = f.currency and x.to_currency = $3::char(3)
      and x.day between (f.at at time zone $4::text)::date - 7 and (f.at at time zone $4::text)::date
    order by x.day desc
    limit 1
) r on true
group by b.ord, f.kind
