-- From when to when the rows of an import are: a day between them without a row had none, which is not "no data received"
-- (`overview.md` 3.4).
set role millrace_owner;

alter table ops.import_batches add column rows_from timestamptz, add column rows_to timestamptz;

update ops.import_batches b set rows_from = s.first, rows_to = s.last
from (select import_id, min(at) as first, max(at) as last from (
          select import_id, occurred_at as at from sales.transactions where import_id is not null
          union all select import_id, refunded_at from sales.refunds where import_id is not null
          union all select import_id, visited_at from sales.visits where import_id is not null) r
      group by import_id) s
where b.id = s.import_id;

reset role;
