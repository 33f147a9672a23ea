-- Categories with facts in slot 0, and what slot 1 (the window before) came to; a sale with lines in two of them
-- counts in both.
with pieces as (
    select * from unnest($1::int[], $2::timestamptz[], $3::timestamptz[], $4::date[], $5::date[], $6::boolean[])
        as p (slot, starts, ends, first, last, kept)
), kept as (
    select p.slot, m.*
    from pieces p
    join sales.category_performance_mv m on m.day between p.first and p.last
    where p.kept and ($10::char(3) is null or m.currency = $10::char(3))
), fresh as (
    select p.slot, coalesce(x.category_id, '00000000-0000-0000-0000-000000000000') as category_id, f.*
    from pieces p
    cross join lateral ops.line_facts(p.starts, p.ends, $7::char(3), $8::text, $9::boolean) f
    join sales.products x on x.id = f.product_id
    where not p.kept and ($10::char(3) is null or f.currency = $10::char(3))
), sums as (
    select slot, category_id,
           case when $10::char(3) is null then gross_base else gross end as gross,
           case when $10::char(3) is null then refunds_base else refunds end as refunds,
           units, sales, without_rate
    from kept
    union all
    select slot, category_id,
           coalesce(sum(case when $10::char(3) is null then base_amount else amount end) filter (where is_sale), 0),
           coalesce(sum(case when $10::char(3) is null then base_amount else amount end) filter (where not is_sale), 0),
           coalesce(sum(quantity) filter (where is_sale), 0),
           count(distinct transaction_id),
           count(*) filter (where base_amount is null)
    from fresh
    group by slot, category_id
), summed as (
    select slot, category_id, sum(gross) as gross, sum(refunds) as refunds, sum(units) as units, sum(sales)::bigint as sales,
           sum(without_rate)::bigint as without_rate
    from sums
    group by slot, category_id
), buyers as (
    -- Not count(distinct): that sorts all of them, this hashes.
    select category_id, count(*) as buyers
    from (select distinct category_id, customer
          from (select category_id, unnest(customers) as customer from kept where slot = 0
                union all
                select category_id, customer_id from fresh where slot = 0 and customer_id is not null) met) once
    group by category_id
), sold as (
    select category_id, count(*) as products
    from (select distinct category_id, product
          from (select category_id, unnest(products) as product from kept where slot = 0
                union all
                select category_id, product_id from fresh where slot = 0 and is_sale) had) once
    group by category_id
)
select n.category_id as "category_id!", c.name as "name?",
       n.gross as "gross!", n.refunds as "refunds!", n.units as "units!", n.sales as "sales!",
       coalesce(b.buyers, 0) as "buyers!", coalesce(d.products, 0) as "products!",
       case when $10::char(3) is null then n.without_rate else 0 end as "without_rate!",
       coalesce(e.gross - e.refunds, 0) as "before!"
from summed n
left join summed e on e.slot = 1 and e.category_id = n.category_id
left join buyers b on b.category_id = n.category_id
left join sold d on d.category_id = n.category_id
left join sales.categories c on c.id = n.category_id
where n.slot = 0
order by n.gross - n.refunds desc, c.name, n.category_id
