-- One row a slot that has pieces.
with pieces as (
    select * from unnest($1::int[], $2::timestamptz[], $3::timestamptz[], $4::boolean[]) as p (slot, starts, ends, kept)
), kept as (
    select p.slot, m.*
    from pieces p
    join sales.hourly_sales_mv m on m.hour >= p.starts and m.hour < p.ends
    where p.kept and ($8::char(3) is null or m.currency = $8::char(3))
), fresh as (
    select p.slot, f.*
    from pieces p
    cross join lateral ops.sale_facts(p.starts, p.ends, $5::char(3), $6::text, $7::boolean) f
    where not p.kept and ($8::char(3) is null or f.currency = $8::char(3))
), sums as (
    select slot,
           case when $8::char(3) is null then gross_base else gross end as gross,
           case when $8::char(3) is null then refunds_base else refunds end as refunds,
           sales, guests, suspicious, sales_without_rate, refunds_without_rate
    from kept
    union all
    select slot,
           case when not is_sale then 0 when $8::char(3) is null then coalesce(base_amount, 0) else amount end,
           case when is_sale then 0 when $8::char(3) is null then coalesce(base_amount, 0) else amount end,
           is_sale::int, (is_sale and customer_id is null)::int, (is_sale and is_suspicious)::int,
           (is_sale and base_amount is null)::int, (not is_sale and base_amount is null)::int
    from fresh
), people as (
    -- Not count(distinct): that sorts all of them, this hashes.
    select slot, count(*) as customers
    from (select distinct slot, customer
          from (select slot, unnest(customers) as customer from kept
                union all
                select slot, customer_id from fresh where customer_id is not null) met) once
    group by slot
)
select p.slot as "slot!",
       coalesce(sum(s.gross), 0) as "gross!",
       coalesce(sum(s.refunds), 0) as "refunds!",
       coalesce(sum(s.sales), 0)::bigint as "sales!",
       coalesce(sum(s.guests), 0)::bigint as "guests!",
       coalesce(sum(s.suspicious), 0)::bigint as "suspicious!",
       case when $8::char(3) is null then coalesce(sum(s.sales_without_rate), 0)::bigint else 0 end as "sales_without_rate!",
       case when $8::char(3) is null then coalesce(sum(s.refunds_without_rate), 0)::bigint else 0 end as "refunds_without_rate!",
       coalesce(max(c.customers), 0) as "customers!"
from (select distinct slot from pieces) p
left join sums s on s.slot = p.slot
left join people c on c.slot = p.slot
group by p.slot
order by p.slot
