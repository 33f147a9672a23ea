set role millrace_owner;

-- Search reads the tables themselves, through their indexes: what is found is never behind what is there,
-- and an import writes nothing twice. A mistyped reference is found by its trigrams.
create index transactions_external_ref_trigram on sales.transactions
    using gin (external_ref public.gin_trgm_ops) where external_ref is not null;
create index customers_external_ref_trigram on sales.customers
    using gin (external_ref public.gin_trgm_ops) where external_ref is not null;
drop table ops.search_documents;

-- Exports too large to stream: what a run of export_file writes, for whom, and where the file is.
create table ops.exports (
    id uuid primary key,
    dataset text not null,
    format text not null check (format in ('csv', 'xlsx')),
    -- The list's query: filter and order.
    filter text not null,
    -- Rows of the list when the file was asked for.
    expected_rows bigint not null,
    owner_id uuid not null,
    owner_label text not null,
    -- Rights of the owner at that time: the file never shows more, and less where they were taken since.
    rights text[] not null,
    -- No foreign key: the history of runs may be removed before the file.
    job_id uuid,
    file_id uuid references ops.files on delete set null,
    file_rows bigint,
    created_at timestamptz not null
);
create index exports_owner on ops.exports (owner_id, created_at desc);

reset role;
