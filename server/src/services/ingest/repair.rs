//! Rejected rows: edit, run again, give up.

use super::{IngestService, blocking, writing, wrong_state};
use domain::{
    AppError,
    access::{Permission, Principal},
    ids::ImportId,
    ingest::{Counts, Discard, Field, ImportDetail, Issue, RowEdit, RowState, StagedRow},
    live::Topic,
};
use engine::ingest::{BadRow, Judge, Judged, Meter, Plan};
use serde_json::json;
use sqlx::PgConnection;
use std::collections::{BTreeSet, HashMap, HashSet};
use store::ingest::{
    batches::{self, Batch},
    lock_target, recorded,
    staged::{self, Revision, Staged},
};

/// Open rows handled by one re-run.
pub(super) const MOST: i64 = 100_000;

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
        if let Some(stranger) = edit.values.keys().find(|field| !batch.target.fields().contains(field)) {
            let message = format!("\"{}\" is no field of {}.", stranger.label(), batch.target);
            return Err(AppError::field(format!("values.{}", stranger.key()), message));
        }
        let mut row = staged::lock_open(&mut tx, id.0, row_no).await?.ok_or_else(|| AppError::not_found("Open row"))?;
        let before = row.row.mapped.clone();
        row.row.mapped.extend(edit.values.iter().map(|(field, value)| (*field, value.trim().to_owned())));
        row.row.edited = true;
        let judged = judge_rows(&batch, std::slice::from_ref(&row), &HashMap::new())?;
        row.row.issues = judged.bad.into_iter().flat_map(|bad| bad.issues).collect();
        let values = Some(row.row.mapped.clone());
        staged::revise(&mut tx, id.0, vec![Revision { row_no, values, issues: row.row.issues.clone() }]).await?;
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
        self.make_room(&judged).await?;
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
        if let Some(chosen) = chosen {
            let open: HashSet<i32> = staged::open_among(&mut tx, id.0, chosen).await?.into_iter().collect();
            not_open(chosen.iter().filter(|n| !open.contains(n)))
                .map_or(Ok(()), |why| Err(AppError::field("rows", why)))?;
        }
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
}

/// Judges rows as they stand, each at the position it came with, or at the one `moved` gives it.
pub(super) fn judge_rows(batch: &Batch, rows: &[Staged], moved: &HashMap<u32, i32>) -> Result<Judged, AppError> {
    let mut judge = Judge::new(&batch.shape, batch.target, &batch.mapping)?;
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
    let into = |staged: &Staged| {
        let order = staged.row.mapped.get(&Field::OrderRef);
        order.filter(|order| !order.is_empty() && **order != staged.business_key).cloned()
    };
    let orders: BTreeSet<String> = rows.iter().filter_map(into).collect();
    if orders.is_empty() {
        return Ok(HashMap::new());
    }
    let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
    let last = recorded::last_lines(connection, batch.target.as_str(), &batch.origin, &orders).await?;
    let mut last: HashMap<String, i32> = last.into_iter().collect();
    let mut moved = HashMap::new();
    for staged in rows {
        if let Some(line) = into(staged).and_then(|order| last.get_mut(&order)) {
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
    let changed = plan.staged.iter().filter(|bad| before.get(&bad.row_no).is_some_and(|issues| **issues != bad.issues));
    let revision = |bad: &BadRow| Revision { row_no: bad.row_no, values: None, issues: bad.issues.clone() };
    Ok(staged::revise(connection, batch.id, changed.map(revision).collect()).await?)
}

/// The account after rows have left the quarantine.
fn moved_counts(before: &Counts, mended: &[&Staged], plan: &Plan) -> Counts {
    let duplicates = mended.iter().filter(|r| r.row.verdict == domain::ingest::Verdict::DuplicateInSource).count();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let now = &plan.counts;
    Counts {
        sale_lines: before.sale_lines + now.sale_lines,
        refund_lines: before.refund_lines + now.refund_lines,
        visits: before.visits + now.visits,
        merged: before.merged + now.merged,
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

/// Which rows cannot be touched, in words; none when all are open.
pub(super) fn not_open<'a>(missing: impl Iterator<Item = &'a i32>) -> Option<String> {
    let missing: Vec<String> = missing.map(ToString::to_string).collect();
    let (shown, more) = missing.split_at(missing.len().min(10));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    match shown {
        [] => None,
        [one] => Some(format!("Row {one} is not open in this quarantine.")),
        _ => Some(format!("Rows {}{more} are not open in this quarantine.", shown.join(", "))),
    }
}
