-- A drill may be one of all servers; and one whose server was killed is over when its time is.
set role millrace_owner;

alter table ops.drill_runs
    add column ends_at timestamptz,
    add column everywhere boolean not null default false;
update ops.drill_runs set ends_at = coalesce(ended_at, started_at + interval '5 minutes'), ended_at = coalesce(ended_at, started_at + interval '5 minutes');
alter table ops.drill_runs alter column ends_at set not null;
create index on ops.drill_runs (ends_at) where ended_at is null;

reset role;
