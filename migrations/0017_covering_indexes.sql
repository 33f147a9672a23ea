-- The sums of the overview read sales by time. With what they add up inside the index they need not visit the
-- table: at 2 M lines the all-orders sums of 30 days took a third of the time.
set role millrace_owner;

drop index sales.transactions_occurred_at_id_idx;
create index transactions_occurred_at_id_idx on sales.transactions (occurred_at desc, id desc)
    include (total, customer_id, currency, session_ref, recognised_at);

drop index sales.transactions_recognised_at_net_customer_id_currency_idx;
create index transactions_recognised_at_idx on sales.transactions (recognised_at)
    include (net, customer_id, currency, session_ref) where recognised_at is not null;

reset role;
