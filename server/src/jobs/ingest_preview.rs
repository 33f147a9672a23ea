//! `import_preview`: judges every row of an uploaded file.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome},
};
use domain::{AppError, ids::ImportId, ingest::ImportDetail, jobs::queues};
use engine::ingest::Meter;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{future::Future, sync::Arc, time::Duration};

/// Which import; its file and mapping are read anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    pub import_id: ImportId,
}

/// See the module.
#[derive(Debug)]
pub struct ImportPreview;

impl Job for ImportPreview {
    const KIND: &'static str = "import_preview";
    const TITLE: &'static str = "Check an import";
    const QUEUE: &'static str = queues::IMPORT;
    type Payload = Import;

    async fn run(context: JobContext, import: Import) -> Result<JobOutcome, JobFailure> {
        context.step("Reading and judging the rows");
        let meter = Arc::new(Meter::default());
        let ingest = Arc::clone(&context.services.ingest);
        let work = ingest.preview_now(context.principal(), import.import_id, Arc::clone(&meter));
        let detail = watched(&context, &meter, work).await?;
        Ok(JobOutcome::Succeeded(json!(detail.summary.counts)))
    }
}

/// Drives `work`, copies its meter into the run's progress, and stops it when the run shall stop.
pub(super) async fn watched(
    context: &JobContext,
    meter: &Meter,
    work: impl Future<Output = Result<ImportDetail, AppError>> + Send,
) -> Result<ImportDetail, JobFailure> {
    let mut work = std::pin::pin!(work);
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            result = &mut work => {
                note(context, meter);
                return match result {
                    Ok(detail) => Ok(detail),
                    Err(_) if context.cancelled() => Err(JobFailure::Cancelled),
                    Err(error) => Err(error.into()),
                };
            }
            _ = tick.tick() => {
                note(context, meter);
                if context.cancelled() {
                    meter.stop();
                }
            }
        }
    }
}

/// Keeps with the import why its work failed for good.
pub(super) async fn noted(
    context: &JobContext,
    import: Import,
    result: Result<ImportDetail, JobFailure>,
) -> Result<ImportDetail, JobFailure> {
    if let Err(JobFailure::Fail { message, .. }) = &result {
        context.services.ingest.note_failure(import.import_id, message).await?;
    }
    result
}

fn note(context: &JobContext, meter: &Meter) {
    let (done, total) = meter.read();
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    context.progress(whole(done), (total > 0).then(|| whole(total)));
}
