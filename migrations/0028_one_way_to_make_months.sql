-- The months of every table are made by one function; those of the audit log cannot be changed afterwards.
-- Why it locks what it locks, and in this order, stands in 0018.
set role millrace_owner;

create or replace function ops.ensure_month_partitions(parent regclass, time_column name, from_day date, months int) returns int
language plpgsql security definer
set search_path = pg_catalog, ops
as $$
declare
    first date := date_trunc('month', from_day);
    made int := 0;
    home name;
    base name;
    part text;
    since timestamptz;
    until timestamptz;
begin
    select n.nspname, c.relname into home, base
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.oid = parent
      and parent in ('ops.audit_log'::regclass, 'ops.kpi_snapshots'::regclass, 'sales.visits'::regclass);
    if base is null then
        raise exception '% has no months that the program keeps', parent;
    end if;
    for n in 0..months - 1 loop
        since := (first + make_interval(months => n)) at time zone 'UTC';
        until := (first + make_interval(months => n + 1)) at time zone 'UTC';
        part := format('%s_%s', base, to_char(first + make_interval(months => n), 'YYYY_MM'));
        continue when to_regclass(format('%I.%I', home, part)) is not null;
        -- With the day to come, for a month that begins while this runs.
        if since <= greatest(from_day::timestamp at time zone 'UTC', now()) + interval '1 day' then
            execute format('lock table only %I.%I in access exclusive mode', home, base);
        end if;
        -- Nobody writes into it meanwhile.
        execute format('lock table %I.%I in access exclusive mode', home, base || '_default');
        -- Somebody else may have made it while this waited.
        continue when to_regclass(format('%I.%I', home, part)) is not null;
        execute format('create table %I.%I (like %I.%I including all)', home, part, home, base);
        execute format('with moved as (delete from %I.%I where %I >= %L and %I < %L returning *)
            insert into %I.%I select * from moved',
            home, base || '_default', time_column, since, time_column, until, home, part);
        execute format('alter table %I.%I attach partition %I.%I for values from (%L) to (%L)',
            home, base, home, part, since, until);
        if base = 'audit_log' then
            execute format('revoke update, delete on %I.%I from millrace_app, millrace_all', home, part);
        end if;
        made := made + 1;
    end loop;
    return made;
end $$;

create or replace function ops.ensure_audit_partitions(from_day date, months int) returns int
language sql security definer
set search_path = pg_catalog, ops
as $$
    select ops.ensure_month_partitions('ops.audit_log', 'at', from_day, months);
$$;

reset role;
