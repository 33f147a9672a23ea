set role millrace_owner;

-- An insert chooses its partition first and waits for that partition's lock then. One that waited on the default
-- partition while its month was taken out of it woke up with the old choice and failed. So whoever makes a month
-- that has begun locks the parent before all else: inserts wait there, and choose when the new partition stands.
-- In this mode, because a transaction that has read the log and now writes into it goes ahead of the waiting lock;
-- a weaker one would pass such a reader and meet it at the default partition, each waiting for the other.
-- Nothing is written into months to come, so making them does not hold up the log.
create or replace function ops.ensure_audit_partitions(from_day date, months int) returns int
language plpgsql security definer
set search_path = pg_catalog, ops
as $$
declare
    first date := date_trunc('month', from_day);
    made int := 0;
    part text;
    since timestamptz;
    until timestamptz;
begin
    for n in 0..months - 1 loop
        since := (first + make_interval(months => n)) at time zone 'UTC';
        until := (first + make_interval(months => n + 1)) at time zone 'UTC';
        part := format('audit_log_%s', to_char(first + make_interval(months => n), 'YYYY_MM'));
        continue when to_regclass('ops.' || part) is not null;
        -- With the day to come, for a month that begins while this runs.
        if since <= greatest(from_day::timestamp at time zone 'UTC', now()) + interval '1 day' then
            lock table only ops.audit_log in access exclusive mode;
        end if;
        -- Nobody writes into it meanwhile.
        lock table ops.audit_log_default in access exclusive mode;
        -- Somebody else may have made it while this waited.
        continue when to_regclass('ops.' || part) is not null;
        execute format('create table ops.%I (like ops.audit_log including all)', part);
        execute format('with moved as (delete from ops.audit_log_default where at >= %L and at < %L returning *)
            insert into ops.%I select * from moved', since, until, part);
        execute format('alter table ops.audit_log attach partition ops.%I for values from (%L) to (%L)',
            part, since, until);
        execute format('revoke update, delete on ops.%I from millrace_app, millrace_all', part);
        made := made + 1;
    end loop;
    return made;
end $$;

reset role;
