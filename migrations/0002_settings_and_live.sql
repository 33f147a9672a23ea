set role millrace_owner;

create table ops.settings (
    key text primary key,
    value jsonb not null,
    version int not null default 1,
    updated_by text not null,
    updated_at timestamptz not null
);

create table ops.fx_rates (
    day date not null,
    from_currency char(3) not null,
    to_currency char(3) not null,
    rate numeric(18, 8) not null check (rate > 0),
    source text not null,
    primary key (day, from_currency, to_currency)
);

-- Live bus: one notification per transaction, topic and key, delivered at commit and in commit order.
create sequence ops.live_event_seq;

create function ops.emit(topic text, key text) returns void
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
        json_build_object('i', nextval('ops.live_event_seq'), 't', topic, 'k', key)::text);
end $$;

create table ops.demo_batches (
    id uuid primary key,
    dataset text not null,
    seed bigint not null,
    as_of date not null,
    row_counts jsonb not null,
    loaded_at timestamptz not null,
    removed_at timestamptz
);

-- Idempotency keys of creating POSTs, kept 24 h. The row is inserted first in the caller's
-- transaction, so the primary key makes a second caller wait for the first.
create table ops.idempotency_keys (
    principal_id uuid not null,
    key text not null check (length(key) between 1 and 255),
    route text not null,
    body_hash bytea not null,
    state text not null check (state in ('running', 'done')),
    status int,
    response bytea,
    created_at timestamptz not null,
    primary key (principal_id, key)
);
create index on ops.idempotency_keys (created_at);

create table ops.files (
    id uuid primary key,
    name text not null,
    media_type text not null,
    size_bytes bigint not null check (size_bytes >= 0),
    sha256 bytea not null,
    created_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz
);
create table ops.file_chunks (
    file_id uuid not null references ops.files on delete cascade,
    seq int not null,
    bytes bytea not null check (length(bytes) <= 1048576),
    primary key (file_id, seq)
);

create table ops.search_documents (
    kind text not null,
    entity_id text not null,
    title text not null,
    subtitle text not null default '',
    keywords text not null default '',
    path text not null,
    permission text not null,
    dealer_id text,
    weight real not null default 1,
    updated_at timestamptz not null,
    primary key (kind, entity_id)
);
create index on ops.search_documents using gin ((title || ' ' || keywords) public.gin_trgm_ops);

reset role;
