//! Rejected rows: edit, run again, give up, take home as CSV.

use super::{IngestService, blocking, writing, wrong_state};
use domain::{
    AppError,
    access::{Permission, Principal},
    ids::ImportId,
    ingest::{Counts, Discard, Field, ImportDetail, Issue, RowEdit, RowState, StagedRow},
    live::Topic,
};
use engine::ingest::{Judge, Judged, Meter, Plan};
use serde_json::json;
use sqlx::PgConnection;
use std::collections::{HashMap, HashSet};
use store::ingest::{
    batches::{self, Batch},
    lock_target, recorded,
    staged::{self, Staged},
};

/// Open rows handled by one re-run.
const MOST: i64 = 100_000;

impl IngestService {
    /// Edits one open row and says what the rules think of it now.
    ///
    /// # Errors
    /// `not_found` when the row is not open; `validation` for a field the target does not know.
    pub async fn edit(&self, who: &Principal, id: ImportId, row_no: u32, edit: RowEdit) -> Result<StagedRow, AppError> {
        who.require(Permission::IngestUpload)?;
        let clock = &self.backend.clock;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let batch = self.batch(&mut tx, id).await?;
        let mut row = staged::lock_open(&mut tx, id.0, row_no).await?.ok_or_else(|| AppError::not_found("Open row"))?;
        let before = row.row.mapped.clone();
        row.row.mapped.extend(edit.values.iter().map(|(field, value)| (*field, value.trim().to_owned())));
        row.row.edited = true;
        let judged = judge_rows(&batch, std::slice::from_ref(&row), &HashMap::new())?;
        row.row.issues = judged.bad.into_iter().flat_map(|bad| bad.issues).collect();
        staged::edit(&mut tx, id.0, row_no, &row.row.mapped, &row.row.issues).await?;
        let act = store::audit::Act::done("ingest.edit_row", "import", id)
            .before(json!({"row": row_no, "values": before}))
            .after(json!({"row": row_no, "values": row.row.mapped}));
        store::audit::record(&mut tx, clock.new_id(), clock.now(), who, act).await?;
        store::commit(tx).await?;
        Ok(row.row)
    }

    /// Applies the open rows that are good by now, in one transaction; the rest stays as it was.
    ///
    /// # Errors
    /// `conflict` when the import is not committed.
    pub async fn run_again(&self, who: &Principal, id: ImportId) -> Result<ImportDetail, AppError> {
        who.require(Permission::IngestPromote)?;
        let clock = &self.backend.clock;
        let at = clock.now();
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let target = self.batch(&mut tx, id).await?.target;
        lock_target(&mut tx, target.as_str()).await?;
        let batch = batches::lock(&mut tx, id.0).await?.ok_or_else(|| AppError::not_found("Import"))?;
        if !batch.state.is_committed() {
            return Err(wrong_state(&batch, "rows can be run again after the commit."));
        }
        let rows = staged::page(&mut tx, id.0, true, 0, MOST).await?;
        let moved = moved_lines(&mut tx, &batch, &rows).await?;
        let (job_batch, job_rows) = (batch.clone(), rows.clone());
        let judged = blocking(move || judge_rows(&job_batch, &job_rows, &moved)).await??;
        let mut known = self.known(&mut tx, &batch, &judged).await?;
        // The rows themselves are staged; they must not count as seen before.
        known.staged.clear();
        let (plan, judged) = self.plan(judged, known).await?;
        writing::write(&mut tx, &self.backend, &batch, &judged, &plan, at, &Meter::default()).await?;
        let still_bad: HashSet<u32> = plan.staged.iter().map(|row| row.row_no).collect();
        let mended: Vec<&Staged> = rows.iter().filter(|r| !still_bad.contains(&r.row.row_no)).collect();
        let row_nos: Vec<i32> = mended.iter().filter_map(|r| i32::try_from(r.row.row_no).ok()).collect();
        staged::close(&mut tx, id.0, Some(&row_nos), RowState::Repaired, None, who.label(), at).await?;
        keep_findings(&mut tx, &batch, &rows, &plan).await?;
        if let Some(counts) = &batch.counts {
            batches::set_counts(&mut tx, id.0, &moved_counts(counts, &mended, &plan), at).await?;
        }
        batches::settle(&mut tx, id.0, at).await?;
        let act = store::audit::Act::done("ingest.rerun", "import", id)
            .after(json!({"repaired": row_nos, "open": still_bad.len()}));
        store::audit::record(&mut tx, clock.new_id(), at, who, act).await?;
        store::live::emit(&mut tx, Topic::Integrations, &id.to_string()).await?;
        let detail = self.detail(&mut tx, id).await?;
        store::commit(tx).await?;
        Ok(detail)
    }

    /// Gives up open rows, with a reason.
    ///
    /// # Errors
    /// `validation` without a reason; `conflict` when the import is not committed.
    pub async fn give_up_rows(
        &self,
        who: &Principal,
        id: ImportId,
        discard: Discard,
    ) -> Result<ImportDetail, AppError> {
        who.require(Permission::IngestUpload)?;
        discard.validate().map_err(AppError::validation)?;
        let clock = &self.backend.clock;
        let at = clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let batch = batches::lock(&mut tx, id.0).await?.ok_or_else(|| AppError::not_found("Import"))?;
        if !batch.state.is_committed() {
            return Err(wrong_state(&batch, "rows can be given up after the commit."));
        }
        let row_nos: Vec<i32> = discard.rows.iter().filter_map(|n| i32::try_from(*n).ok()).collect();
        let chosen = (!row_nos.is_empty()).then_some(row_nos.as_slice());
        let reason = discard.reason.trim();
        let closed = staged::close(&mut tx, id.0, chosen, RowState::Discarded, Some(reason), who.label(), at).await?;
        batches::settle(&mut tx, id.0, at).await?;
        let mut act =
            store::audit::Act::done("ingest.discard", "import", id).after(json!({"rows": row_nos, "closed": closed}));
        act.reason = Some(reason.to_owned());
        store::audit::record(&mut tx, clock.new_id(), at, who, act).await?;
        store::live::emit(&mut tx, Topic::Integrations, &id.to_string()).await?;
        let detail = self.detail(&mut tx, id).await?;
        store::commit(tx).await?;
        Ok(detail)
    }

    /// The open rows as CSV: original columns, then row, code, field, message.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn rejected(&self, who: &Principal, id: ImportId) -> Result<(ImportDetail, Vec<StagedRow>), AppError> {
        who.require(Permission::IngestView)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let detail = self.detail(&mut tx, id).await?;
        let rows = staged::page(&mut tx, id.0, true, 0, MOST).await?;
        Ok((detail, rows.into_iter().map(|s| s.row).collect()))
    }
}

/// Judges rows as they stand, each at the position it came with, or at the one `moved` gives it.
fn judge_rows(batch: &Batch, rows: &[Staged], moved: &HashMap<u32, i32>) -> Result<Judged, AppError> {
    let mut judge = Judge::new(&batch.shape, &batch.mapping)?;
    for staged in rows {
        let row = &staged.row;
        let line_no = moved.get(&row.row_no).copied().unwrap_or(staged.line_no.max(1));
        judge.row(
            row.row_no,
            Some(line_no),
            false,
            |field| row.mapped.get(&field).map_or("", String::as_str),
            || row.raw.clone(),
        );
    }
    Ok(judge.finish())
}

/// Rows that were edited into another order stand behind its last line.
async fn moved_lines(
    connection: &mut PgConnection,
    batch: &Batch,
    rows: &[Staged],
) -> Result<HashMap<u32, i32>, AppError> {
    let mut last: HashMap<String, i32> = HashMap::new();
    let mut moved = HashMap::new();
    for staged in rows {
        let Some(order) =
            staged.row.mapped.get(&Field::OrderRef).filter(|o| !o.is_empty() && **o != staged.business_key)
        else {
            continue;
        };
        if !last.contains_key(order) {
            let line = recorded::last_line(connection, batch.target.as_str(), &batch.origin, order).await?;
            last.insert(order.clone(), line);
        }
        if let Some(line) = last.get_mut(order) {
            *line += 1;
            moved.insert(staged.row.row_no, *line);
        }
    }
    Ok(moved)
}

/// Keeps what the rules say now of rows that are still bad.
async fn keep_findings(
    connection: &mut PgConnection,
    batch: &Batch,
    rows: &[Staged],
    plan: &Plan,
) -> Result<(), AppError> {
    let before: HashMap<u32, &Vec<Issue>> = rows.iter().map(|r| (r.row.row_no, &r.row.issues)).collect();
    for bad in &plan.staged {
        if before.get(&bad.row_no).is_some_and(|issues| **issues != bad.issues) {
            staged::set_issues(connection, batch.id, bad.row_no, &bad.issues).await?;
        }
    }
    Ok(())
}

/// The account after rows have left the quarantine.
fn moved_counts(before: &Counts, mended: &[&Staged], plan: &Plan) -> Counts {
    let duplicates = mended.iter().filter(|r| r.row.verdict == domain::ingest::Verdict::DuplicateInSource).count();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let now = &plan.counts;
    Counts {
        sale_lines: before.sale_lines + now.sale_lines,
        refund_lines: before.refund_lines + now.refund_lines,
        same: before.same + now.same,
        rejected: before.rejected - number(mended.len() - duplicates),
        duplicate_in_source: before.duplicate_in_source - number(duplicates),
        sales: before.sales + now.sales,
        sales_extended: before.sales_extended + now.sales_extended,
        refunds: before.refunds + now.refunds,
        unmatched_refund_lines: before.unmatched_refund_lines + now.unmatched_refund_lines,
        new_customers: before.new_customers + now.new_customers,
        new_products: before.new_products + now.new_products,
        gross: before.gross + now.gross,
        refunded: before.refunded + now.refunded,
        ..before.clone()
    }
}

/// The file of [`IngestService::rejected`]. Cells that a spreadsheet would take for a formula get an apostrophe.
#[must_use]
pub fn rejected_csv(detail: &ImportDetail, rows: &[StagedRow]) -> Vec<u8> {
    let mut out = Vec::new();
    let names = detail.shape.columns.iter().map(|c| c.name.as_str());
    write_row(&mut out, names.chain(["row", "code", "field", "message"]));
    for row in rows {
        let join = |pick: &dyn Fn(&Issue) -> String| row.issues.iter().map(pick).collect::<Vec<_>>().join("; ");
        let codes = join(&|i| i.code.clone());
        let fields = join(&|i| i.field.map_or(String::new(), |f| f.key().to_owned()));
        let messages = join(&|i| i.message.clone());
        let number = row.row_no.to_string();
        let cells = (0..detail.shape.columns.len()).map(|at| row.raw.get(at).map_or("", String::as_str));
        write_row(&mut out, cells.chain([number.as_str(), &codes, &fields, &messages]));
    }
    out
}

fn write_row<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let number = cell.parse::<f64>().is_ok();
        let formula = !number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        if formula || cell.contains(['"', ',', '\n', '\r']) {
            out.push(b'"');
            if formula {
                out.push(b'\'');
            }
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}
