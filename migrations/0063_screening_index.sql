-- What screening asks of a customer stands in the index: the past sales of one lie all over the table.
set role millrace_owner;

create index transactions_of_customer on sales.transactions (customer_id, occurred_at desc, id desc)
    include (recognised_at, status, payment_method, payment_fingerprint, currency, total);
drop index sales.transactions_customer_id_occurred_at_idx;

reset role;
