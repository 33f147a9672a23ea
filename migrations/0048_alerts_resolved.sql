-- The report of a day counts the alerts resolved on it.
set role millrace_owner;

create index alerts_resolved on ops.alerts (resolved_at) where resolved_at is not null;

reset role;
