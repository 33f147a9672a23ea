//! What an import did to rows that may change afterwards: the basis of its undo.

use super::writing::{Record, Stamp};
use crate::{Result, ingest::rows::Rows};
use sqlx::PgConnection;
use uuid::Uuid;

/// Something an import made that others may come to use.
#[derive(Debug, Clone, Copy)]
pub enum Made {
    Customer(Uuid),
    Product(Uuid),
}

impl Record for Made {
    const COPY: &'static str =
        "copy ops.import_changes (import_id, table_name, entity_id, version_before, version_after) from stdin";

    fn write(&self, stamp: &Stamp<'_>, out: &mut Rows) {
        let (table, id) = match self {
            Self::Customer(id) => ("sales.customers", *id),
            Self::Product(id) => ("sales.products", *id),
        };
        out.id(stamp.import_id).text(table).id(id).whole(0).whole(1).end();
    }
}

/// Keeps recorded sales as they are, before an import changes them.
///
/// # Errors
/// When the statement fails.
pub async fn keep_sales(connection: &mut PgConnection, import_id: Uuid, sales: &[Uuid]) -> Result<()> {
    sqlx::query!(
        "insert into ops.import_changes (import_id, table_name, entity_id, before, version_before, version_after)
         select $1, 'sales.transactions', t.id,
                jsonb_build_object('status', t.status, 'recognised_at', t.recognised_at, 'gross', t.gross, 'net', t.net,
                                   'total', t.total, 'quantity', t.quantity, 'line_count', t.line_count,
                                   'refunded_net', t.refunded_net,
                                   'lines', (select jsonb_object_agg(l.line_no, l.refunded_quantity)
                                             from sales.transaction_lines l where l.transaction_id = t.id)),
                t.version, t.version
         from sales.transactions t where t.id = any($2)",
        import_id,
        sales,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes the versions that kept sales have after the import changed them.
///
/// # Errors
/// When the statement fails.
pub async fn seal_sales(connection: &mut PgConnection, import_id: Uuid, sales: &[Uuid]) -> Result<()> {
    sqlx::query!(
        "update ops.import_changes c set version_after = t.version from sales.transactions t
         where c.import_id = $1 and c.table_name = 'sales.transactions' and c.entity_id = any($2) and t.id = c.entity_id
           and c.version_after = c.version_before",
        import_id,
        sales,
    )
    .execute(connection)
    .await?;
    Ok(())
}
