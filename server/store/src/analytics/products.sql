-- Products sold or returned in the pieces, the first by the measure first, then by SKU.
with pieces as (
    select * from unnest($1::timestamptz[], $2::timestamptz[], $3::date[], $4::date[], $5::boolean[])
        as p (starts, ends, first, last, kept)
), facts as (
    select m.product_id,
           case when $9::char(3) is null then m.gross_base else m.gross end as gross,
           case when $9::char(3) is null then m.refunds_base else m.refunds end as refunds,
           m.units, m.sales, m.without_rate
    from pieces p
    join sales.top_products_mv m on m.day between p.first and p.last
    where p.kept and ($9::char(3) is null or m.currency = $9::char(3))
    union all
    select f.product_id,
           coalesce(sum(case when $9::char(3) is null then f.base_amount else f.amount end) filter (where f.is_sale), 0),
           coalesce(sum(case when $9::char(3) is null then f.base_amount else f.amount end) filter (where not f.is_sale), 0),
           coalesce(sum(f.quantity) filter (where f.is_sale), 0),
           count(distinct f.transaction_id),
           count(*) filter (where f.base_amount is null)
    from pieces p
    cross join lateral ops.line_facts(p.starts, p.ends, $6::char(3), $7::text, $8::boolean) f
    where not p.kept and ($9::char(3) is null or f.currency = $9::char(3))
    group by f.product_id
), summed as (
    select product_id, sum(gross) as gross, sum(refunds) as refunds, sum(units) as units, sum(sales)::bigint as sales,
           sum(without_rate)::bigint as without_rate
    from facts
    group by product_id
), measured as (
    select s.*, p.sku, p.name, p.kind, p.is_active, p.deleted_at, p.category_id,
           case $12::text when 'gross' then s.gross when 'units' then s.units else s.gross - s.refunds end as measure
    from summed s
    join sales.products p on p.id = s.product_id
    where ($10::text is null or p.kind = $10) and ($11::uuid is null or p.category_id = $11)
), ranked as (
    select m.*, sum(m.measure) over () as whole, sum(m.without_rate) over ()::bigint as rows_without_rate, count(*) over () as found
    from measured m
    order by m.measure desc, m.sku
    limit $13
)
select r.product_id as "product_id!", r.sku as "sku!", r.name as "name!", c.name as "category?",
       r.gross as "gross!", r.refunds as "refunds!", r.units as "units!", r.sales as "sales!", r.measure as "measure!",
       r.whole as "whole!", r.found as "found!",
       case when $9::char(3) is null then r.rows_without_rate else 0 end as "rows_without_rate!",
       k.stock as "stock?",
       (coalesce(k.low, false) and r.kind = 'stocked' and r.is_active and r.deleted_at is null) as "is_low!"
from ranked r
left join sales.categories c on c.id = r.category_id
left join lateral (
    select sum(l.on_hand - l.reserved) as stock, bool_or(l.on_hand - l.reserved <= $14::numeric) as low
    from stock.levels l
    where l.product_id = r.product_id
) k on true
order by r.measure desc, r.sku
