set role millrace_owner;

-- What an import did to rows that may change afterwards; the basis of its undo. The sales and refunds
-- an import made carry its id themselves and start at version 1, so they need no row here.
create table ops.import_changes (
    import_id uuid not null references ops.import_batches on delete cascade,
    table_name text not null check (table_name in ('sales.transactions', 'sales.customers', 'sales.products')),
    entity_id uuid not null,
    -- What the import changed of a recorded sale, as it was; null for a row that the import made.
    before jsonb,
    version_before int not null,
    version_after int not null,
    primary key (import_id, table_name, entity_id, version_before)
);
create index on ops.import_changes (table_name, entity_id);

alter table ops.import_batches
    -- An undo is a batch too: this one took back that one.
    add column undo_of uuid references ops.import_batches on delete cascade,
    add column undone_at timestamptz,
    -- What the undo took back, and what it had to leave.
    add column undo jsonb,
    drop constraint import_batches_state_check,
    add constraint import_batches_state_check
        check (state in ('uploaded', 'mapped', 'previewed', 'committed', 'committed_partial', 'failed', 'cancelled', 'undone'));
create unique index import_batches_undo_of_key on ops.import_batches (undo_of) where undo_of is not null;

-- A customer is taken back only when no refund names it; the foreign key asks the same.
create index on sales.refunds (customer_id) where customer_id is not null;

-- The sales an import made or changed, each with whether it still stands as the import left it: its version
-- has risen only by steps of this import, and by steps of other imports that were undone since. `later` is
-- the number of another import that changed it.
create function ops.import_sales(import uuid)
returns table (id uuid, reference text, made boolean, intact boolean, later bigint)
language sql stable
as $$
    with mine as (
        select t.id, true as made, 1 as start from sales.transactions t where t.import_id = import
        union all
        select c.entity_id, false, min(c.version_before)
        from ops.import_changes c join sales.transactions t on t.id = c.entity_id
        where c.import_id = import and c.table_name = 'sales.transactions' and t.import_id is distinct from import
        group by c.entity_id)
    select t.id, coalesce(t.external_ref, t.number::text), m.made,
           t.version = m.start + coalesce(steps.known, 0)
           and not (m.made and exists (select from sales.refunds r
                                       where r.transaction_id = t.id and r.import_id is distinct from import)),
           steps.later
    from mine m
    join sales.transactions t on t.id = m.id
    left join lateral (
        select sum(c.version_after - c.version_before)
                   filter (where c.import_id = import or b.state = 'undone' or b.undo_of is not null) as known,
               max(b.number) filter (where c.import_id <> import and b.state <> 'undone' and b.undo_of is null) as later
        from ops.import_changes c join ops.import_batches b on b.id = c.import_id
        where c.table_name = 'sales.transactions' and c.entity_id = t.id and c.version_before >= m.start) steps on true
$$;

reset role;
