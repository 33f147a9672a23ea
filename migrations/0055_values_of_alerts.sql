set role millrace_owner;

-- What was measured when it was opened, seen again, graver or milder, recovering, firing again.
alter table ops.alert_events add column value numeric;
comment on column ops.alert_events.value is 'Measured then; null where nothing was.';

reset role;
