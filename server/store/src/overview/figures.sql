select b.ord as "ord!",
       s.gross as "gross!", s.orders as "orders!", s.customers as "customers!", s.guests as "guests!",
       s.foreign_rows as "foreign_sales!",
       r.refunds as "refunds!", r.refund_rows as "refund_rows!",
       f.foreign_rows as "foreign_refunds!",
       h.held as "held!"
from unnest($1::timestamptz[], $2::timestamptz[], $4::boolean[]) with ordinality as b (starts, ends, with_customers, ord)
cross join lateral (
    select coalesce(sum(t.net) filter (where t.currency = $3::char(3)), 0) as gross,
           count(*) as orders,
           count(distinct t.customer_id) filter (where b.with_customers) as customers,
           count(*) filter (where t.customer_id is null) as guests,
           count(*) filter (where t.currency <> $3::char(3)) as foreign_rows
    from sales.transactions t
    where t.recognised_at >= b.starts and t.recognised_at < b.ends
      and not ($5::boolean and exists (select from sales.v_confirmed_fraud c where c.transaction_id = t.id))
) s
cross join lateral (
    select coalesce(sum(l.net), 0) as refunds, count(*) as refund_rows
    from sales.refund_lines l
    where l.refunded_at >= b.starts and l.refunded_at < b.ends
      and not ($5::boolean and exists (select from sales.refunds x join sales.v_confirmed_fraud c using (transaction_id)
                                       where x.id = l.refund_id))
) r
cross join lateral (
    select count(*) as foreign_rows
    from sales.refunds x
    where x.refunded_at >= b.starts and x.refunded_at < b.ends and x.currency <> $3::char(3)
      and not ($5::boolean and exists (select from sales.v_confirmed_fraud c where c.transaction_id = x.transaction_id))
) f
cross join lateral (
    select count(*) as held
    from sales.transactions t
    where t.status = 'held' and t.occurred_at >= b.starts and t.occurred_at < b.ends
      and not ($5::boolean and exists (select from sales.v_confirmed_fraud c where c.transaction_id = t.id))
) h
order by b.ord
