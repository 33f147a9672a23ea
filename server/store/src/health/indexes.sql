-- Indexes that migrations make, but for those of constraints and of partitions; expected_indexes.sql
-- holds what this says of a fresh database (scripts/sqlx writes it).
select line from (
    select replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') || ';' as line
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('access', 'dealer', 'ops', 'plan', 'sales', 'stock') and not c.relispartition and i.indisvalid
      and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
) as indexes order by line collate "C"
