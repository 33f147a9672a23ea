select b.ord as "ord!", s.amount as "amount!", s.orders as "orders!", s.customers as "customers!", s.guests as "guests!",
       s.foreign_rows as "foreign_rows!"
from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality as b (starts, ends, ord)
cross join lateral (
    select coalesce(sum(o.amount) filter (where o.currency = $3::char(3)), 0) as amount,
           count(*) as orders,
           count(distinct o.user_id) as customers,
           count(*) filter (where o.user_id is null) as guests,
           count(*) filter (where o.currency <> $3::char(3)) as foreign_rows
    from ops.orders o
    where o.order_date >= b.starts and o.order_date < b.ends
      and not ($4::boolean and exists (select from sales.v_confirmed_fraud c where c.transaction_id = o.order_id))
) s
order by b.ord
