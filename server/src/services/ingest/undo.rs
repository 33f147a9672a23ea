//! Taking a committed import back: every row that still stands as the import left it, in one database
//! transaction. What was changed since is listed and left.

use super::{IngestService, label, writing::topics, wrong_state};
use crate::services::overview::{name_closed_days, name_days_of_sales};
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    ids::ImportId,
    ingest::{ImportDetail, LeftRow, RowState, UNDO_DAYS, UndoReport},
    live::Topic,
};
use engine::ingest::{Meter, Unreadable};
use serde_json::json;
use sqlx::PgConnection;
use std::sync::Arc;
use store::{
    ingest::{
        batches::{self, Batch},
        lock_target, staged,
        undo::{self, Touched, Undo},
        visits,
    },
    overview::moments_of_refunds,
};
use uuid::Uuid;

/// Left rows that are listed one by one.
const LISTED: usize = 1_000;

impl IngestService {
    /// Takes the import back.
    ///
    /// # Errors
    /// `conflict`: not committed, itself an undo, older than 30 days, or stopped. Then nothing was changed.
    pub async fn undo_now(&self, who: &Principal, id: ImportId, meter: Arc<Meter>) -> Result<ImportDetail, AppError> {
        who.require(Permission::IngestPromote)?;
        let clock = &self.backend.clock;
        let at = clock.now();
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let target = self.batch(&mut tx, id).await?.target;
        // No commit or re-run may write between the look at the rows and their going.
        lock_target(&mut tx, target.as_str()).await?;
        let batch = batches::lock(&mut tx, id.0).await?.ok_or_else(|| AppError::not_found("Import"))?;
        check_undoable(&batch, at)?;
        let by = format!("undo of {}", label(batch.number));
        let work = Undo { import_id: id.0, undo_id: clock.new_id(), by: &by, at };
        undo::open(&mut tx, work, who.label()).await?;
        // Stock, refunds, sales, parties, visits, quarantine.
        meter.set_total(6);
        let mut report = take_back(&mut tx, work, &meter).await?;
        let visited = visits::delete(&mut tx, id.0).await?;
        report.visits = visited.len() as u64;
        name_closed_days(&mut tx, visited, at).await?;
        step(&meter, 5)?;
        let reason = Some("The import was undone.");
        report.discarded = staged::close(&mut tx, id.0, None, RowState::Discarded, reason, who.label(), at).await?;
        step(&meter, 6)?;
        undo::close(&mut tx, work, &report).await?;
        let told = UndoReport { left_rows: Vec::new(), ..report };
        let act = store::audit::Act::done("ingest.undo", "import", id)
            .before(json!({"state": batch.state}))
            .after(json!({"undo": work.undo_id, "report": told}));
        store::audit::record(&mut tx, clock.new_id(), at, who, act).await?;
        for topic in topics(batch.target) {
            store::live::emit(&mut tx, *topic, &id.to_string()).await?;
        }
        store::live::emit(&mut tx, Topic::Integrations, &id.to_string()).await?;
        let detail = self.detail(&mut tx, id).await?;
        if meter.is_stopped() {
            return Err(Unreadable::Stopped.into());
        }
        store::commit(tx).await?;
        Ok(detail)
    }
}

/// Whether the batch can be undone at `at`.
///
/// # Errors
/// `conflict` with the reason.
pub(super) fn check_undoable(batch: &Batch, at: DateTime<Utc>) -> Result<(), AppError> {
    if batch.undo_of.is_some() {
        return Err(AppError::conflict("An undo cannot be undone. Import the file again instead."));
    }
    if !batch.state.is_committed() {
        return Err(wrong_state(batch, "only a committed import can be undone."));
    }
    match until(batch) {
        Some(until) if at <= until => Ok(()),
        _ => Err(AppError::conflict(format!(
            "Import #{} was committed more than {UNDO_DAYS} days ago and can no longer be undone.",
            batch.number
        ))),
    }
}

/// The last moment at which the batch can be undone.
pub(super) fn until(batch: &Batch) -> Option<DateTime<Utc>> {
    Some(batch.committed_at? + Duration::days(UNDO_DAYS))
}

/// Takes sales and refunds back, what they took from stock, and the customers and products they named first.
async fn take_back(connection: &mut PgConnection, work: Undo<'_>, meter: &Meter) -> Result<UndoReport, AppError> {
    undo::lock_sales(connection, work.import_id).await?;
    let touched = undo::touched_sales(connection, work.import_id).await?;
    let pick =
        |made: bool| -> Vec<Uuid> { touched.iter().filter(|t| t.intact && t.made == made).map(|t| t.id).collect() };
    let (made, changed) = (pick(true), pick(false));
    let all: Vec<Uuid> = made.iter().chain(&changed).copied().collect();
    let refunded = moments_of_refunds(connection, work.import_id, &all).await?;
    name_closed_days(connection, refunded, work.at).await?;
    name_days_of_sales(connection, &all, work.at).await?;
    let mut report = UndoReport { sales: made.len() as u64, restored: changed.len() as u64, ..UndoReport::default() };
    report.stock = undo::return_stock(connection, work, &made, &changed).await?;
    step(meter, 1)?;
    (report.refunds, report.refund_lines) = undo::delete_refunds(connection, work.import_id, &all).await?;
    step(meter, 2)?;
    report.sale_lines = undo::delete_sales(connection, &made).await?;
    report.sale_lines += undo::restore_sales(connection, work, &changed).await?;
    // A restored sale may count again on a day on which it did not a moment ago.
    name_days_of_sales(connection, &changed, work.at).await?;
    step(meter, 3)?;
    (report.customers, report.kept_customers) = undo::delete_customers(connection, work.import_id).await?;
    (report.products, report.kept_products) = undo::delete_products(connection, work.import_id).await?;
    step(meter, 4)?;
    let (refunds, left_refunds) = undo::left_refunds(connection, work.import_id).await?;
    let left: Vec<LeftRow> = touched.iter().filter(|t| !t.intact).map(left_sale).collect();
    report.left = left.len() as u64 + left_refunds;
    report.left_rows = left.into_iter().chain(refunds).take(LISTED).collect();
    Ok(report)
}

fn step(meter: &Meter, done: u64) -> Result<(), AppError> {
    meter.set_done(done);
    if meter.is_stopped() { Err(Unreadable::Stopped.into()) } else { Ok(()) }
}

fn left_sale(touched: &Touched) -> LeftRow {
    let why = match touched.later {
        Some(later) => format!("Changed by import #{later} since; undo that one first."),
        None => "Changed since.".to_owned(),
    };
    LeftRow { kind: "sale".to_owned(), reference: touched.reference.clone(), why }
}
