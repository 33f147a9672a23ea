-- A mail of a report is taken for a while and sent outside of every transaction, always with the same id.
set role millrace_owner;

alter table sales.report_mails
    add column id uuid not null default gen_random_uuid(),
    add column taken_until timestamptz;

reset role;
