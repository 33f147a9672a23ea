-- Every value a figure had: what a receipt points to, and how a day went (overview.md 2.1).
set role millrace_owner;

create table ops.kpi_snapshots (
    id uuid not null,
    metric_key text not null,
    -- Of the scope's text.
    scope_hash bytea not null,
    scope jsonb not null,
    -- {"value": "58635.56" or null, "currency": "GBP" or null}
    value jsonb not null,
    row_count bigint not null check (row_count >= 0),
    -- Facts up to then are in it.
    data_until timestamptz not null,
    computed_at timestamptz not null,
    primary key (id, computed_at)
) partition by range (computed_at);
create table ops.kpi_snapshots_default partition of ops.kpi_snapshots default;
create index on ops.kpi_snapshots (metric_key, scope_hash, computed_at desc);
create index on ops.kpi_snapshots (computed_at);
-- Append-only: the program thins what is old (below), and changes nothing.
revoke update on ops.kpi_snapshots from millrace_app, millrace_all;

-- The months of a table that is partitioned by a time, as ops.ensure_audit_partitions makes those of the audit log
-- and by the same order of locks.
create function ops.ensure_month_partitions(parent regclass, time_column name, from_day date, months int) returns int
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
    where c.oid = parent and parent in ('ops.kpi_snapshots'::regclass, 'sales.visits'::regclass);
    if base is null then
        raise exception '% has no months that the program keeps', parent;
    end if;
    for n in 0..months - 1 loop
        since := (first + make_interval(months => n)) at time zone 'UTC';
        until := (first + make_interval(months => n + 1)) at time zone 'UTC';
        part := format('%s_%s', base, to_char(first + make_interval(months => n), 'YYYY_MM'));
        continue when to_regclass(format('%I.%I', home, part)) is not null;
        if since <= greatest(from_day::timestamp at time zone 'UTC', now()) + interval '1 day' then
            execute format('lock table only %I.%I in access exclusive mode', home, base);
        end if;
        execute format('lock table %I.%I in access exclusive mode', home, base || '_default');
        continue when to_regclass(format('%I.%I', home, part)) is not null;
        execute format('create table %I.%I (like %I.%I including all)', home, part, home, base);
        execute format('with moved as (delete from %I.%I where %I >= %L and %I < %L returning *)
            insert into %I.%I select * from moved',
            home, base || '_default', time_column, since, time_column, until, home, part);
        execute format('alter table %I.%I attach partition %I.%I for values from (%L) to (%L)',
            home, base, home, part, since, until);
        made := made + 1;
    end loop;
    return made;
end $$;

-- Drops the months of a table that ended before `before`; answers how many.
create function ops.drop_month_partitions(parent regclass, before timestamptz) returns int
language plpgsql security definer
set search_path = pg_catalog, ops
as $$
declare
    dropped int := 0;
    part record;
begin
    -- Above all not those of the audit log.
    if parent not in ('ops.kpi_snapshots'::regclass, 'sales.visits'::regclass) then
        raise exception '% has no months that the program drops', parent;
    end if;
    for part in
        select n.nspname as home, c.relname as name
        from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
        where i.inhparent = parent
          and c.relname ~ '_[0-9]{4}_[0-9]{2}$'
          and (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' <= before
    loop
        execute format('drop table %I.%I', part.home, part.name);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;

revoke execute on function ops.ensure_month_partitions(regclass, name, date, int) from public;
revoke execute on function ops.drop_month_partitions(regclass, timestamptz) from public;
grant execute on function ops.ensure_month_partitions(regclass, name, date, int) to millrace_app, millrace_all;
grant execute on function ops.drop_month_partitions(regclass, timestamptz) to millrace_app, millrace_all;

insert into ops.schedules (id, title, group_name, owner_feature, kind, cron) values
    ('kpi_snapshot_rollup', 'Thin the history of the figures', 'overview', 'overview', 'kpi_snapshot_rollup', '10 1 * * *');

reset role;
