-- The report of a day by mail (`commerce.md` 3.9).
set role millrace_owner;

create table sales.report_subscribers (
    user_id uuid primary key references access.users on delete cascade,
    since timestamptz not null
);

-- Written when the report of the day is there; without a time the mail has not gone out yet.
create table sales.report_mails (
    report_date date not null,
    user_id uuid not null references access.users on delete cascade,
    attempts int not null default 0,
    sent_at timestamptz,
    primary key (report_date, user_id)
);
create index on sales.report_mails (report_date) where sent_at is null;

reset role;
