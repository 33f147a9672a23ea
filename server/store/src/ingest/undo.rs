//! Taking an import back: which of its rows are as it left them, and the writes that bring back what was.

use crate::Result;
use chrono::{DateTime, Utc};
use domain::ingest::{LeftRow, UndoReport};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

/// What all writes of one undo share.
#[derive(Debug, Clone, Copy)]
pub struct Undo<'a> {
    /// The import taken back.
    pub import_id: Uuid,
    /// The batch that is this undo.
    pub undo_id: Uuid,
    /// Shown as the doer: "undo of import #12".
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

/// A sale that the import made or changed.
#[derive(Debug, Clone)]
pub struct Touched {
    pub id: Uuid,
    pub reference: String,
    /// The import made it; else it changed a recorded one.
    pub made: bool,
    /// It stands as the import left it.
    pub intact: bool,
    /// Number of a later import that changed it.
    pub later: Option<i64>,
}

/// Locks the sales of an import until the transaction ends, in the order of their ids.
///
/// # Errors
/// When the statement fails.
pub async fn lock_sales(connection: &mut PgConnection, import_id: Uuid) -> Result<()> {
    sqlx::query!(
        r#"select 1 as "locked!" from sales.transactions t
           where t.import_id = $1
              or t.id in (select c.entity_id from ops.import_changes c where c.import_id = $1 and c.table_name = 'sales.transactions')
           order by t.id for update"#,
        import_id,
    )
    .fetch_all(connection)
    .await?;
    Ok(())
}

/// The sales an import made or changed, in the order of their ids.
///
/// # Errors
/// When the statement fails.
pub async fn touched_sales(connection: &mut PgConnection, import_id: Uuid) -> Result<Vec<Touched>> {
    Ok(sqlx::query_as!(
        Touched,
        r#"select id as "id!", reference as "reference!", made as "made!", intact as "intact!", later
           from ops.import_sales($1) order by id"#,
        import_id,
    )
    .fetch_all(connection)
    .await?)
}

/// What an undo would meet now.
#[derive(Debug, Clone, Copy)]
pub struct Outlook {
    pub made: i64,
    pub changed: i64,
    /// Changed since; they would stay.
    pub left: i64,
}

/// # Errors
/// When the statement fails.
pub async fn outlook(connection: &mut PgConnection, import_id: Uuid) -> Result<Outlook> {
    Ok(sqlx::query_as!(
        Outlook,
        r#"select count(*) filter (where intact and made) as "made!", count(*) filter (where intact and not made) as "changed!",
                  count(*) filter (where not intact) as "left!"
           from ops.import_sales($1)"#,
        import_id,
    )
    .fetch_one(connection)
    .await?)
}

/// Returns to stock what sale lines took that now go: all lines of the `made` sales, and the lines added
/// to the `changed` ones. Answers for how many products.
///
/// # Errors
/// When a statement fails.
pub async fn return_stock(
    connection: &mut PgConnection,
    undo: Undo<'_>,
    made: &[Uuid],
    changed: &[Uuid],
) -> Result<u64> {
    sqlx::query!(
        r#"select 1 as "locked!" from stock.levels v
           where v.product_id in (select m.product_id from stock.movements m where m.ref_id = $1 and m.ref_type = 'import')
           order by v.product_id, v.site_id for update"#,
        undo.import_id,
    )
    .fetch_all(&mut *connection)
    .await?;
    // An undo is a counter-movement; it gives back at most what the import took.
    let done = sqlx::query!(
        "with moved as (select m.product_id, (array_agg(m.site_id order by m.at desc))[1] as site_id, -sum(m.quantity) as taken
                        from stock.movements m where m.ref_id = $1 and m.ref_type = 'import' group by m.product_id),
              first as (select distinct on (c.entity_id) c.entity_id, c.before
                        from ops.import_changes c
                        where c.import_id = $1 and c.table_name = 'sales.transactions' and c.entity_id = any($3)
                        order by c.entity_id, c.version_before),
              gone as (select g.product_id, sum(g.quantity) as quantity
                       from (select l.product_id, l.quantity from sales.transaction_lines l where l.transaction_id = any($2)
                             union all
                             select l.product_id, l.quantity from first f join sales.transaction_lines l on l.transaction_id = f.entity_id
                             where not jsonb_exists(f.before -> 'lines', l.line_no::text)) g
                       group by g.product_id),
              v as (update stock.levels l set on_hand = l.on_hand + least(g.quantity, m.taken)
                    from gone g join moved m on m.product_id = g.product_id
                    where l.product_id = g.product_id and l.site_id = m.site_id
                    returning l.product_id, l.site_id, l.on_hand, l.reserved, least(g.quantity, m.taken) as quantity, l.origin)
         insert into stock.movements (id, product_id, site_id, kind, quantity, on_hand_after, reserved_after, ref_type, ref_id,
                                      actor, at, origin)
         select ops.uuid_v7($5), v.product_id, v.site_id, 'sale', v.quantity, v.on_hand, v.reserved, 'import_undo', $4, $6, $5, v.origin
         from v",
        undo.import_id,
        made,
        changed,
        undo.undo_id,
        undo.at,
        undo.by,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes the import's refunds that stand alone or belong to one of `sales`; answers refunds and their lines.
///
/// # Errors
/// When a statement fails.
pub async fn delete_refunds(connection: &mut PgConnection, import_id: Uuid, sales: &[Uuid]) -> Result<(u64, u64)> {
    let lines = sqlx::query!(
        "delete from sales.refund_lines l using sales.refunds r
         where l.refund_id = r.id and r.import_id = $1 and (r.transaction_id is null or r.transaction_id = any($2))",
        import_id,
        sales,
    )
    .execute(&mut *connection)
    .await?;
    let refunds = sqlx::query!(
        "delete from sales.refunds where import_id = $1 and (transaction_id is null or transaction_id = any($2))",
        import_id,
        sales,
    )
    .execute(connection)
    .await?;
    Ok((refunds.rows_affected(), lines.rows_affected()))
}

/// Deletes sales with their lines, history and what was judged of them; answers the lines.
///
/// # Errors
/// When a statement fails.
pub async fn delete_sales(connection: &mut PgConnection, sales: &[Uuid]) -> Result<u64> {
    // Lines and events first, in one sweep each: the cascade would come once for every sale.
    let lines = sqlx::query!("delete from sales.transaction_lines where transaction_id = any($1)", sales)
        .execute(&mut *connection)
        .await?;
    sqlx::query!("delete from sales.transaction_events where transaction_id = any($1)", sales)
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "with labels as (delete from sales.fraud_labels where transaction_id = any($1)),
              cases as (delete from sales.fraud_cases where transaction_id = any($1)),
              disputes as (delete from sales.disputes where transaction_id = any($1))
         delete from sales.fraud_decisions where transaction_id = any($1)",
        sales
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("delete from sales.transactions where id = any($1)", sales).execute(connection).await?;
    Ok(lines.rows_affected())
}

/// Gives recorded sales back what they were before the import; answers the lines taken out of them.
///
/// # Errors
/// When a statement fails.
pub async fn restore_sales(connection: &mut PgConnection, undo: Undo<'_>, sales: &[Uuid]) -> Result<u64> {
    let lines = sqlx::query!(
        "delete from sales.transaction_lines l
         using (select distinct on (c.entity_id) c.entity_id, c.before from ops.import_changes c
                where c.import_id = $1 and c.table_name = 'sales.transactions' and c.entity_id = any($2)
                order by c.entity_id, c.version_before) f
         where l.transaction_id = f.entity_id and not jsonb_exists(f.before -> 'lines', l.line_no::text)",
        undo.import_id,
        sales,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update sales.transaction_lines l
         set refunded_quantity = (f.before -> 'lines' ->> l.line_no::text)::numeric
         from (select distinct on (c.entity_id) c.entity_id, c.before from ops.import_changes c
               where c.import_id = $1 and c.table_name = 'sales.transactions' and c.entity_id = any($2)
               order by c.entity_id, c.version_before) f
         where l.transaction_id = f.entity_id
           and l.refunded_quantity <> (f.before -> 'lines' ->> l.line_no::text)::numeric",
        undo.import_id,
        sales,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "with f as (select distinct on (c.entity_id) c.entity_id, c.before from ops.import_changes c
                    where c.import_id = $1 and c.table_name = 'sales.transactions' and c.entity_id = any($2)
                    order by c.entity_id, c.version_before),
              b as (select t.id, t.status as old, t.version, w.*
                    from f join sales.transactions t on t.id = f.entity_id
                    cross join jsonb_to_record(f.before) as w(status text, recognised_at timestamptz, gross numeric, net numeric,
                                                             total numeric, quantity numeric, line_count int, refunded_net numeric)),
              u as (update sales.transactions t
                    set status = b.status, recognised_at = b.recognised_at, gross = b.gross, net = b.net, total = b.total,
                        quantity = b.quantity, line_count = b.line_count, refunded_net = b.refunded_net,
                        version = t.version + 1, updated_at = $4
                    from b where t.id = b.id),
              e as (insert into sales.transaction_events (id, transaction_id, at, actor, from_status, to_status)
                    select ops.uuid_v7($4), b.id, $4, $5, b.old, b.status from b where b.old <> b.status)
         insert into ops.import_changes (import_id, table_name, entity_id, version_before, version_after)
         select $3, 'sales.transactions', b.id, b.version, b.version + 1 from b",
        undo.import_id,
        sales,
        undo.undo_id,
        undo.at,
        undo.by,
    )
    .execute(connection)
    .await?;
    Ok(lines.rows_affected())
}

/// Deletes customers the import made that nobody has changed or uses; answers (deleted, kept).
///
/// # Errors
/// When a statement fails.
pub async fn delete_customers(connection: &mut PgConnection, import_id: Uuid) -> Result<(u64, u64)> {
    let gone = sqlx::query!(
        "delete from sales.customers c using ops.import_changes i
         where i.import_id = $1 and i.table_name = 'sales.customers' and i.entity_id = c.id and c.version = i.version_after
           and not exists (select from sales.transactions t where t.customer_id = c.id)
           and not exists (select from sales.refunds r where r.customer_id = c.id)
           and not exists (select from sales.visits v where v.customer_id = c.id)
           and not exists (select from sales.customer_tiers d where d.customer_id = c.id and d.source = 'manual')",
        import_id,
    )
    .execute(&mut *connection)
    .await?;
    let kept = sqlx::query_scalar!(
        r#"select count(*) as "n!" from ops.import_changes i join sales.customers c on c.id = i.entity_id
           where i.import_id = $1 and i.table_name = 'sales.customers'"#,
        import_id,
    )
    .fetch_one(connection)
    .await?;
    Ok((gone.rows_affected(), u64::try_from(kept).unwrap_or(0)))
}

/// Deletes products the import made that nobody has changed or uses; answers (deleted, kept).
///
/// # Errors
/// When a statement fails.
pub async fn delete_products(connection: &mut PgConnection, import_id: Uuid) -> Result<(u64, u64)> {
    let gone = sqlx::query!(
        "delete from sales.products p using ops.import_changes i
         where i.import_id = $1 and i.table_name = 'sales.products' and i.entity_id = p.id and p.version = i.version_after
           and not exists (select from sales.transaction_lines l where l.product_id = p.id)
           and not exists (select from sales.refund_lines l where l.product_id = p.id)
           and not exists (select from stock.levels v where v.product_id = p.id)
           and not exists (select from stock.movements m where m.product_id = p.id)",
        import_id,
    )
    .execute(&mut *connection)
    .await?;
    let kept = sqlx::query_scalar!(
        r#"select count(*) as "n!" from ops.import_changes i join sales.products p on p.id = i.entity_id
           where i.import_id = $1 and i.table_name = 'sales.products'"#,
        import_id,
    )
    .fetch_one(connection)
    .await?;
    Ok((gone.rows_affected(), u64::try_from(kept).unwrap_or(0)))
}

/// Refunds of the import that had to stay, by their document: at most 1,000, and how many there are.
///
/// # Errors
/// When the statement fails.
pub async fn left_refunds(connection: &mut PgConnection, import_id: Uuid) -> Result<(Vec<LeftRow>, u64)> {
    let rows = sqlx::query!(
        r#"select coalesce(r.external_ref, '') as "reference!", count(*) over () as "n!"
           from sales.refunds r where r.import_id = $1 order by r.external_ref, r.id limit 1000"#,
        import_id,
    )
    .fetch_all(connection)
    .await?;
    let all = rows.first().map_or(0, |row| u64::try_from(row.n).unwrap_or(0));
    let left = rows.into_iter().map(|row| LeftRow {
        kind: "refund".to_owned(),
        reference: row.reference,
        why: "Its sale was changed since.".to_owned(),
    });
    Ok((left.collect(), all))
}

/// The batch that is the undo: a copy of the import's description, committed at once.
///
/// # Errors
/// When the statement fails.
pub async fn open(connection: &mut PgConnection, undo: Undo<'_>, created_by: &str) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        "insert into ops.import_batches (id, target, file_id, file_name, file_sha256, size_bytes, shape, mapping, mapping_name, state,
                                         created_by, origin, created_at, updated_at, committed_at, undo_of)
         select $2, target, file_id, file_name, file_sha256, size_bytes, shape, mapping, mapping_name, 'committed',
                $3, origin, $4, $4, $4, id
         from ops.import_batches where id = $1
         returning number",
        undo.import_id,
        undo.undo_id,
        created_by,
        undo.at,
    )
    .fetch_one(connection)
    .await?)
}

/// Marks the import as undone and keeps with the undo what it did.
///
/// # Errors
/// When a statement fails.
pub async fn close(connection: &mut PgConnection, undo: Undo<'_>, report: &UndoReport) -> Result<()> {
    sqlx::query!(
        "update ops.import_batches set state = 'undone', undone_at = $2, failure = null, updated_at = $2, version = version + 1
         where id = $1",
        undo.import_id,
        undo.at,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("update ops.import_batches set undo = $2 where id = $1", undo.undo_id, Json(report) as _)
        .execute(connection)
        .await?;
    Ok(())
}

/// How a batch stands to undoing.
#[derive(Debug, Clone)]
pub struct Standing {
    /// (id, number) of the import this batch took back.
    pub undo_of: Option<(Uuid, i64)>,
    /// (id, number) of the batch that took this one back.
    pub undone_by: Option<(Uuid, i64)>,
    pub report: Option<UndoReport>,
}

/// # Errors
/// When the statement fails.
pub async fn standing(connection: &mut PgConnection, id: Uuid) -> Result<Standing> {
    let row = sqlx::query!(
        r#"select o.id as "of_id?", o.number as "of_number?", u.id as "by_id?", u.number as "by_number?",
                  coalesce(b.undo, u.undo) as "report: Json<UndoReport>"
           from ops.import_batches b
           left join ops.import_batches o on o.id = b.undo_of
           left join ops.import_batches u on u.undo_of = b.id
           where b.id = $1"#,
        id,
    )
    .fetch_one(connection)
    .await?;
    Ok(Standing {
        undo_of: row.of_id.zip(row.of_number),
        undone_by: row.by_id.zip(row.by_number),
        report: row.report.map(|json| json.0),
    })
}
