-- A refund's lines and its header have the same time, but the planner cannot know: to date the lines of a month it
-- read all headers. With both times in sight it reads the month of both.
set role millrace_owner;

create or replace view ops.v_sale_facts as
select 'sale'::text as kind, t.id as fact_id, 0 as line_no, t.id as transaction_id, t.customer_id, t.session_ref,
       t.recognised_at as at, t.status, t.net as amount, t.currency, t.external_ref, t.origin, t.recognised_at as header_at
from sales.transactions t
where t.recognised_at is not null
union all
select 'refund_line'::text, l.refund_id, l.line_no, r.transaction_id, r.customer_id, null::varchar(50),
       l.refunded_at, r.kind, -l.net, r.currency, r.external_ref, r.origin, r.refunded_at
from sales.refund_lines l
join sales.refunds r on r.id = l.refund_id;

reset role;
