-- Figures as they were computed last, shared by all servers and kept over restarts (platform.md 3.6).
set role millrace_owner;

create table ops.metric_values (
    metric_key text not null,
    -- Hash of the scope, which may be longer than an index entry.
    scope_hash bytea not null,
    scope text not null,
    value text not null,
    computed_at timestamptz not null,
    duration_ms int not null check (duration_ms >= 0),
    -- What the computation saw: another server takes the value only if that includes every change it has heard of.
    seen pg_snapshot not null,
    primary key (metric_key, scope_hash)
) with (fillfactor = 50);
create index on ops.metric_values (computed_at);

-- The notification also tells the transaction, so that a listener can tell which values have seen the change.
create or replace function ops.emit(topic text, key text) returns void
language plpgsql volatile
as $$
declare
    -- Postgres drops equal payloads of one transaction, but the sequence number would make them differ.
    said text := coalesce(current_setting('millrace.emitted', true), '');
    mark text := topic || '/' || key || E'\n';
begin
    if strpos(said, mark) > 0 then
        return;
    end if;
    perform set_config('millrace.emitted', said || mark, true);
    perform pg_notify('millrace_live',
        json_build_object('i', nextval('ops.live_event_seq'), 't', topic, 'k', key, 'x', pg_current_xact_id()::text)::text);
end $$;

reset role;
