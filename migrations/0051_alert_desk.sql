-- Who works on an alert, the order of the desk, and what its statistics count.
set role millrace_owner;

alter table ops.alerts add assignee_id uuid references access.users on delete set null;
create index alerts_assignee on ops.alerts (assignee_id, opened_at desc, id desc) where assignee_id is not null;

alter table ops.alert_events drop constraint if exists alert_events_kind_check;
alter table ops.alert_events add constraint alert_events_kind_check
    check (kind in ('opened', 'seen', 'severity', 'recovering', 'refired', 'acked', 'unacked', 'comment', 'assigned', 'silenced',
                    'notified', 'escalated', 'resolved', 'deleted'));

-- The gravest first, then the most money, then the oldest.
drop index ops.alerts_severity_opened_at_id_idx;
create index alerts_gravest on ops.alerts (severity desc, (coalesce(money_at_risk, -1)) desc, opened_at, id);
create index alerts_gravest_open on ops.alerts (severity desc, (coalesce(money_at_risk, -1)) desc, opened_at, id)
    where state <> 'resolved' and deleted_at is null;
create index alerts_dearest on ops.alerts ((coalesce(money_at_risk, -1)), opened_at, id);
-- How many there are, without reading the rows.
create index alerts_feature on ops.alerts (feature, state) where deleted_at is null;
create index alerts_acked on ops.alerts (acked_at) where acked_at is not null;

-- Failed sign-ins of a window.
create index login_attempts_failed on access.login_attempts (at) where not ok;

reset role;
