set role millrace_owner;

-- The classic four-table model as a read-only view, so that the literal formulas can be run and compared.
create view ops.orders as
select customer_id as user_id, total as amount, currency, occurred_at as order_date, id as order_id, status, origin
from sales.transactions;

-- One row per recognised sale (amount positive) and per refund line (amount negative), each by its own time.
create view ops.v_sale_facts as
select 'sale'::text as kind, t.id as fact_id, 0 as line_no, t.id as transaction_id, t.customer_id, t.session_ref,
       t.recognised_at as at, t.status, t.net as amount, t.currency, t.external_ref, t.origin
from sales.transactions t
where t.recognised_at is not null
union all
select 'refund_line'::text, l.refund_id, l.line_no, r.transaction_id, r.customer_id, null::varchar(50),
       l.refunded_at, r.kind, -l.net, r.currency, r.external_ref, r.origin
from sales.refund_lines l
join sales.refunds r on r.id = l.refund_id;

reset role;
