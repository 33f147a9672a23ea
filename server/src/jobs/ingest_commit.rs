//! `import_commit`: writes what the preview said, in one transaction. A killed run left nothing behind
//! and is simply run again; a run that finds its import committed has nothing left to do.

use super::{
    context::JobContext,
    ingest_preview::{Import, noted, watched},
    job::{Job, JobFailure, JobOutcome},
};
use domain::jobs::queues;
use engine::ingest::Meter;
use serde_json::json;
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub struct ImportCommit;

impl Job for ImportCommit {
    const KIND: &'static str = "import_commit";
    const TITLE: &'static str = "Import a file";
    const QUEUE: &'static str = queues::IMPORT;
    type Payload = Import;

    async fn run(context: JobContext, import: Import) -> Result<JobOutcome, JobFailure> {
        let ingest = Arc::clone(&context.services.ingest);
        let now = ingest.details(context.principal(), import.import_id).await?;
        let detail = if now.summary.state.is_committed() {
            now
        } else {
            context.step("Writing the rows");
            let meter = Arc::new(Meter::default());
            let work = ingest.commit_now(context.principal(), import.import_id, Arc::clone(&meter));
            let detail = noted(&context, import, watched(&context, &meter, work).await).await?;
            super::analytics_views::ask(&context).await?;
            detail
        };
        let counts = json!(detail.summary.counts);
        let open = i64::from(detail.summary.open_rows);
        context.count("rejected", open);
        Ok(if open > 0 { JobOutcome::Partial(counts) } else { JobOutcome::Succeeded(counts) })
    }
}
