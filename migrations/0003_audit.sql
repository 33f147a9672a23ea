set role millrace_owner;

create table ops.audit_log (
    id uuid not null,
    at timestamptz not null,
    actor_kind text not null check (actor_kind in ('user', 'token', 'job', 'cli', 'system')),
    actor_id uuid,
    actor_label text not null,
    session_ref text,
    ip inet,
    user_agent text,
    request_id text not null,
    action text not null,
    entity_type text not null,
    entity_id text not null,
    dealer_id text,
    before jsonb,
    after jsonb,
    outcome text not null check (outcome in ('ok', 'denied', 'failed')),
    reason text,
    pii_read boolean not null default false,
    primary key (id, at)
) partition by range (at);
create table ops.audit_log_default partition of ops.audit_log default;
create index on ops.audit_log (at desc, id desc);
create index on ops.audit_log (entity_type, entity_id, at desc);

-- Append only: nobody but the owner can change what was written.
revoke update, delete on ops.audit_log, ops.audit_log_default from millrace_app, millrace_all;

-- Makes the month partitions from the month of `from_day` on; needs ownership, so it runs as the owner.
create function ops.ensure_audit_partitions(from_day date, months int) returns int
language plpgsql security definer
set search_path = pg_catalog, ops
as $$
declare
    first date := date_trunc('month', from_day);
    made int := 0;
    part text;
begin
    for n in 0..months - 1 loop
        part := format('audit_log_%s', to_char(first + make_interval(months => n), 'YYYY_MM'));
        if to_regclass('ops.' || part) is null then
            execute format('create table ops.%I partition of ops.audit_log for values from (%L) to (%L)',
                part, (first + make_interval(months => n)) at time zone 'UTC',
                (first + make_interval(months => n + 1)) at time zone 'UTC');
            execute format('revoke update, delete on ops.%I from millrace_app, millrace_all', part);
            made := made + 1;
        end if;
    end loop;
    return made;
end $$;

reset role;
