//! `import_undo`: takes a committed import back, in one transaction. A killed run left nothing behind and
//! is simply run again; a run that finds its import undone has nothing left to do.

use super::{
    context::JobContext,
    ingest_preview::{Import, noted, watched},
    job::{Job, JobFailure, JobOutcome},
};
use domain::{ingest::ImportState, jobs::queues};
use engine::ingest::Meter;
use serde_json::json;
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub struct ImportUndo;

impl Job for ImportUndo {
    const KIND: &'static str = "import_undo";
    const TITLE: &'static str = "Undo an import";
    const QUEUE: &'static str = queues::IMPORT;
    type Payload = Import;

    async fn run(context: JobContext, import: Import) -> Result<JobOutcome, JobFailure> {
        let ingest = Arc::clone(&context.services.ingest);
        let now = ingest.details(context.principal(), import.import_id).await?;
        let detail = if now.summary.state == ImportState::Undone {
            now
        } else {
            context.step("Taking the rows back");
            let meter = Arc::new(Meter::default());
            let work = ingest.undo_now(context.principal(), import.import_id, Arc::clone(&meter));
            let detail = noted(&context, import, watched(&context, &meter, work).await).await?;
            super::analytics_views::ask(&context).await?;
            detail
        };
        let report = detail.undo.unwrap_or_default();
        context.count("left", i64::try_from(report.left).unwrap_or(i64::MAX));
        let result =
            json!({"sales": report.sales, "refunds": report.refunds, "visits": report.visits, "left": report.left});
        Ok(if report.left > 0 { JobOutcome::Partial(result) } else { JobOutcome::Succeeded(result) })
    }
}
