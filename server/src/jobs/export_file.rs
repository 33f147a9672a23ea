//! `export_file`: writes an export that is too large to stream. The file appears with one commit, so a
//! killed run left nothing behind and is simply run again.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome},
};
use crate::services::exports::write_large;
use domain::{ids::ExportId, jobs::queues};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Which export; what it holds, and for whom, is read anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargeExport {
    pub export_id: ExportId,
}

/// See the module.
#[derive(Debug)]
pub struct WriteExport;

impl Job for WriteExport {
    const KIND: &'static str = "export_file";
    const TITLE: &'static str = "Write a large export";
    const QUEUE: &'static str = queues::REPORT;
    type Payload = LargeExport;

    async fn run(context: JobContext, LargeExport { export_id }: LargeExport) -> Result<JobOutcome, JobFailure> {
        let exports = &context.services.exports;
        let Some(mut task) = exports.take_up(export_id, context.run_id, &context.services.door).await? else {
            return Ok(JobOutcome::done());
        };
        context.step("Writing the rows");
        let expected = task.open.about.rows;
        context.progress(0, Some(expected));
        exports.tell(&task).await?;
        let progress = |rows| context.progress(rows, Some(expected));
        let written = write_large(exports, &mut task, || context.check(), progress).await;
        exports.tell(&task).await?;
        match written? {
            (rows, Some(size)) => Ok(JobOutcome::Succeeded(json!({"rows": rows, "size_bytes": size}))),
            (_, None) => Err(JobFailure::fail("not_found", "The export was removed.")),
        }
    }
}
