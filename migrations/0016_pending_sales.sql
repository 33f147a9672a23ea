set role millrace_owner;

-- A sale whose payment is still open: its stock is reserved until it is captured, fails, is cancelled, or
-- half an hour has passed (`commerce.md` 3.2).
alter table sales.transactions
    -- Who recorded it: with the right to create sales alone one captures and cancels one's own only.
    add column created_by uuid,
    -- Keyed hash of the payment provider's token; the token itself is not kept.
    add column payment_fingerprint bytea check (length(payment_fingerprint) = 32);
create index transactions_pending on sales.transactions (created_at) where status = 'pending';
create index transactions_payment_fingerprint on sales.transactions (payment_fingerprint, occurred_at)
    where payment_fingerprint is not null;

insert into ops.schedules (id, title, group_name, owner_feature, kind, every_seconds) values
    ('transactions_expire', 'Cancel sales whose payment stayed open', 'transactions', 'transactions', 'transactions_expire', 60);

reset role;
