-- The report of a business day (`commerce.md` 3.9): written once the day is over; late data make another revision.
set role millrace_owner;

create table sales.daily_reports (
    report_date date not null,
    revision int not null check (revision >= 1),
    zone text not null,
    payload jsonb not null,
    -- Of the payload's text as it was written.
    sha256 bytea not null check (length(sha256) = 32),
    built_at timestamptz not null,
    reason text not null,
    primary key (report_date, revision)
);
comment on table sales.daily_reports is 'Append only: a revision never changes.';
create index fraud_decisions_at on sales.fraud_decisions (at) include (outcome, transaction_id);
create index fraud_cases_closed on sales.fraud_cases (closed_at) include (verdict) where closed_at is not null;

insert into ops.schedules (id, title, group_name, owner_feature, kind, cron) values
    ('daily_report', 'Report of yesterday', 'analytics', 'analytics', 'daily_report', '0 0 * * *');

reset role;
