set role millrace_owner;

create table ops.import_mappings (
    id uuid primary key,
    target text not null,
    name text not null check (length(name) between 1 and 100),
    -- Hash-free signature of the header: the same columns in the same order find the mapping again.
    header_signature text not null,
    mapping jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version int not null default 1,
    constraint import_mappings_name_key unique (target, name)
);
create index on ops.import_mappings (target, header_signature, updated_at desc);

-- One uploaded file and what became of it. The good rows are not kept a second time: the sales and
-- refunds they made carry the batch's id, and `counts` accounts for every line of the file.
create table ops.import_batches (
    id uuid primary key,
    number bigint generated always as identity unique,
    target text not null,
    file_id uuid not null references ops.files,
    file_name text not null,
    file_sha256 bytea not null,
    size_bytes bigint not null,
    shape jsonb not null,
    mapping jsonb not null,
    mapping_name text,
    state text not null check (state in ('uploaded', 'mapped', 'previewed', 'committed', 'committed_partial',
                                         'failed', 'cancelled')),
    counts jsonb,
    issues jsonb,
    examples jsonb,
    -- SHA-256 over every row's verdict and the versions of recorded sales it touches: the promise of the preview.
    digest bytea,
    failure text,
    job_id uuid,
    created_by text not null,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    previewed_at timestamptz,
    committed_at timestamptz,
    version int not null default 1
);
create index on ops.import_batches (target, file_sha256);
create index on ops.import_batches (created_at desc, id desc);

-- Rows that were not plainly applied. Open ones are the quarantine.
create table ops.staged_rows (
    import_id uuid not null references ops.import_batches on delete cascade,
    row_no int not null check (row_no > 0),
    -- Order reference and the row's position in the order; empty where the row names no order.
    business_key text not null,
    line_no int not null,
    raw jsonb not null,
    mapped jsonb not null,
    -- First 8 bytes of the SHA-256 of the mapped row as it came: the same row in a later file is "same".
    content_hash bigint not null,
    verdict text not null check (verdict in ('rejected', 'duplicate_in_source')),
    issues jsonb not null,
    edits jsonb,
    state text not null default 'open' check (state in ('open', 'repaired', 'discarded')),
    reason text,
    handled_by text,
    handled_at timestamptz,
    primary key (import_id, row_no)
);
create index on ops.staged_rows (business_key, line_no);
create index staged_rows_open on ops.staged_rows (import_id, row_no) where state = 'open';

reset role;
