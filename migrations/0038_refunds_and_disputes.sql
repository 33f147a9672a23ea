set role millrace_owner;

-- The line of the sale that was taken back, of refunds made here: what is left of its net and tax is told from it.
-- An imported refund knows a product and a price only.
alter table sales.refund_lines
    add column transaction_line_no int check (transaction_line_no > 0);

-- A payment that its bank was asked to take back (`commerce.md` 3.2).
create table sales.disputes (
    id uuid primary key,
    transaction_id uuid not null references sales.transactions on delete cascade,
    reason text not null check (reason in ('fraud', 'not_received', 'quality', 'other')),
    amount numeric(18, 4) not null check (amount > 0),
    -- The sale goes back to it when the dispute is won.
    status_before text not null check (status_before in ('approved', 'released', 'partially_refunded')),
    opened_at timestamptz not null,
    opened_by text not null,
    outcome text check (outcome in ('won', 'lost')),
    closed_at timestamptz,
    closed_by text,
    constraint disputes_closed_with_outcome check ((outcome is null) = (closed_at is null)
                                                   and (outcome is null) = (closed_by is null))
);
create unique index disputes_one_open on sales.disputes (transaction_id) where outcome is null;
create index disputes_transaction on sales.disputes (transaction_id, opened_at);

reset role;
