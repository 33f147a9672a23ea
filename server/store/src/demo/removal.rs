//! How demo rows leave: the tables that mark their origin are read from the database's own catalogue,
//! so that a table of a later feature is not forgotten.

use crate::Result;
use sqlx::{AssertSqlSafe, PgConnection, QueryBuilder, Row};
use std::collections::BTreeSet;

/// A table with a column `origin`. Both names come quoted as SQL needs them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Table {
    pub schema: String,
    pub name: String,
}

impl Table {
    fn sql(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// Records of the business itself, not of how they came in.
    fn is_business(&self) -> bool {
        !matches!(self.schema.as_str(), "ops" | "access")
    }
}

/// Rows of a table that are not demo but point to demo rows, so that these cannot leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependence {
    pub table: Table,
    pub parent: Table,
    pub rows: i64,
}

/// All tables with a column `origin`, partitions left out, those that point to others before these.
///
/// # Errors
/// When a statement fails.
pub async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select quote_ident(n.nspname), quote_ident(c.relname)
         from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'origin' and not a.attisdropped
         where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^(pg_|information_schema)'
         order by 1, 2",
    )
    .fetch_all(&mut *connection)
    .await?;
    let tables: Vec<Table> = rows.into_iter().map(|(schema, name)| Table { schema, name }).collect();
    let arrows = references(connection).await?;
    let arrows: Vec<_> = arrows.into_iter().filter(|arrow| !arrow.lets_go).collect();
    Ok(children_first(tables, &arrows.iter().map(|r| (r.child.clone(), r.parent.clone())).collect::<Vec<_>>()))
}

/// One column that refers to another table's key.
struct Reference {
    child: Table,
    child_column: String,
    parent: Table,
    parent_column: String,
    /// The column becomes null when its parent goes.
    lets_go: bool,
}

async fn references(connection: &mut PgConnection) -> Result<Vec<Reference>> {
    let rows = sqlx::query(
        "select quote_ident(cn.nspname) as child_schema, quote_ident(c.relname) as child, quote_ident(ca.attname) as child_column,
                quote_ident(pn.nspname) as parent_schema, quote_ident(p.relname) as parent, quote_ident(pa.attname) as parent_column, k.confdeltype = 'n' as lets_go
         from pg_constraint k
         join pg_class c on c.oid = k.conrelid
         join pg_namespace cn on cn.oid = c.relnamespace
         join pg_class p on p.oid = k.confrelid
         join pg_namespace pn on pn.oid = p.relnamespace
         join pg_attribute ca on ca.attrelid = k.conrelid and ca.attnum = k.conkey[1]
         join pg_attribute pa on pa.attrelid = k.confrelid and pa.attnum = k.confkey[1]
         where k.contype = 'f' and cardinality(k.conkey) = 1 and not c.relispartition and not p.relispartition
         order by 1, 2, 3",
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Reference {
                child: Table { schema: row.try_get("child_schema")?, name: row.try_get("child")? },
                child_column: row.try_get("child_column")?,
                parent: Table { schema: row.try_get("parent_schema")?, name: row.try_get("parent")? },
                parent_column: row.try_get("parent_column")?,
                lets_go: row.try_get("lets_go")?,
            })
        })
        .collect::<sqlx::Result<_>>()
        .map_err(Into::into)
}

/// Orders `tables` so that each stands before those it points to, also through tables that are not in the list.
fn children_first(tables: Vec<Table>, arrows: &[(Table, Table)]) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::with_capacity(tables.len());
    let mut left: BTreeSet<Table> = tables.into_iter().collect();
    while !left.is_empty() {
        let free =
            left.iter().find(|t| !left.iter().any(|child| child != *t && reaches(child, t, arrows))).or(left.first());
        let Some(next) = free.cloned() else { break };
        left.remove(&next);
        ordered.push(next);
    }
    ordered
}

fn reaches(from: &Table, to: &Table, arrows: &[(Table, Table)]) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut waiting = vec![from];
    while let Some(at) = waiting.pop() {
        for (_, parent) in arrows.iter().filter(|(child, _)| child == at) {
            if parent == to {
                return true;
            }
            if seen.insert(parent) {
                waiting.push(parent);
            }
        }
    }
    false
}

/// Demo rows of each table, tables without any left out.
///
/// # Errors
/// When a statement fails.
pub async fn demo_counts(connection: &mut PgConnection, tables: &[Table]) -> Result<Vec<(Table, i64)>> {
    let mut counts = Vec::new();
    for table in tables {
        let sql = format!("select count(*) from {} where origin = 'demo'", table.sql());
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *connection).await?;
        if rows > 0 {
            counts.push((table.clone(), rows));
        }
    }
    Ok(counts)
}

/// A business table holds a row that is not of the demo world.
///
/// # Errors
/// When the statement fails.
pub async fn live_rows_exist(connection: &mut PgConnection, tables: &[Table]) -> Result<bool> {
    let mut query = QueryBuilder::new("select false");
    for table in tables.iter().filter(|t| t.is_business()) {
        query.push(format!(" or exists (select from {} where origin = 'live')", table.sql()));
    }
    Ok(query.build_query_scalar().fetch_one(connection).await?)
}

/// What would be torn off or block if the demo rows went.
///
/// # Errors
/// When a statement fails.
pub async fn dependences(connection: &mut PgConnection, tables: &[Table]) -> Result<Vec<Dependence>> {
    let mut found = Vec::new();
    for reference in references(connection).await? {
        if !tables.contains(&reference.child) || !tables.contains(&reference.parent) {
            continue;
        }
        let sql = format!(
            "select count(*) from {} c join {} p on p.{} = c.{} where p.origin = 'demo' and c.origin <> 'demo'",
            reference.child.sql(),
            reference.parent.sql(),
            reference.parent_column,
            reference.child_column
        );
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *connection).await?;
        if rows > 0 {
            found.push(Dependence { table: reference.child, parent: reference.parent, rows });
        }
    }
    Ok(found)
}

/// Deletes every demo row of `tables` in the given order and the uploaded files that only demo imports used.
/// Rows without an origin of their own (lines, prices, events) go with their parents.
///
/// # Errors
/// When a statement fails; a foreign key violation names the table that still refers to a demo row.
pub async fn delete_demo_rows(connection: &mut PgConnection, tables: &[Table]) -> Result<Vec<(Table, i64)>> {
    let files: Vec<uuid::Uuid> =
        sqlx::query_scalar("select file_id from ops.import_batches group by file_id having bool_and(origin = 'demo')")
            .fetch_all(&mut *connection)
            .await?;
    let mut counts = Vec::new();
    for table in tables {
        let sql = format!("delete from {} where origin = 'demo'", table.sql());
        let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut *connection).await?;
        if done.rows_affected() > 0 {
            counts.push((table.clone(), i64::try_from(done.rows_affected()).unwrap_or(i64::MAX)));
        }
    }
    sqlx::query("delete from ops.files where id = any($1)").bind(files).execute(connection).await?;
    Ok(counts)
}

/// Deletes the demo accounts; an administrator only while another active one remains. Answers with
/// the ids of the deleted ones.
///
/// # Errors
/// When the statement fails.
pub async fn delete_demo_users(connection: &mut PgConnection, emails: &[&str]) -> Result<Vec<uuid::Uuid>> {
    Ok(sqlx::query_scalar(
        "delete from access.users
         where email = any($1)
           and (role is distinct from 'admin'
                or exists (select from access.users o where o.role = 'admin' and o.is_active and o.email <> all($1)))
         returning id",
    )
    .bind(emails)
    .fetch_all(connection)
    .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> Table {
        Table { schema: "s".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn children_come_first_also_across_a_table_without_origin() {
        // sales → lines (no origin) → products → categories → categories
        let arrows = [
            (table("lines"), table("sales")),
            (table("reviews"), table("lines")),
            (table("sales"), table("customers")),
            (table("products"), table("categories")),
            (table("categories"), table("categories")),
        ];
        let names = ["categories", "customers", "products", "reviews", "sales"].map(table).to_vec();
        let order: Vec<String> = children_first(names, &arrows).into_iter().map(|t| t.name).collect();
        let at = |name: &str| order.iter().position(|n| n == name).expect("in the order");
        assert_eq!(order.len(), 5);
        assert!(
            at("reviews") < at("sales") && at("sales") < at("customers") && at("products") < at("categories"),
            "{order:?}"
        );
    }
}
