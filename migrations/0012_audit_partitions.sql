set role millrace_owner;

-- A month that began without its partition has rows in the default one, and Postgres refuses a partition
-- whose rows lie there. So the partition is filled with them before it is attached.
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
        if to_regclass('ops.' || part) is null then
            -- Nobody writes into it meanwhile.
            lock table ops.audit_log_default in access exclusive mode;
            execute format('create table ops.%I (like ops.audit_log including all)', part);
            execute format('with moved as (delete from ops.audit_log_default where at >= %L and at < %L returning *)
                insert into ops.%I select * from moved', since, until, part);
            execute format('alter table ops.audit_log attach partition ops.%I for values from (%L) to (%L)',
                part, since, until);
            execute format('revoke update, delete on ops.%I from millrace_app, millrace_all', part);
            made := made + 1;
        end if;
    end loop;
    return made;
end $$;

reset role;
