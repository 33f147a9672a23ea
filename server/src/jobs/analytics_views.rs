//! `materialized_views`: the sums of sales analytics, one view at a time.

use super::{
    context::JobContext,
    enqueue::{JobRequest, enqueue},
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use crate::services::analytics::VIEWS;
use domain::jobs::queues;
use serde_json::json;

/// Asks for a refresh, once for however many ask meanwhile: an import has just changed closed days.
pub(super) async fn ask(context: &JobContext) -> Result<(), JobFailure> {
    let backend = &context.backend;
    let mut tx = store::begin(&backend.pools.jobs).await?;
    let request = JobRequest::of::<MaterializedViews>(&Nothing {})?.unique("after import");
    enqueue(&mut tx, backend.clock.as_ref(), context.principal(), request).await?;
    store::commit(tx).await?;
    Ok(())
}

/// See the module.
#[derive(Debug)]
pub struct MaterializedViews;

impl Job for MaterializedViews {
    const KIND: &'static str = "materialized_views";
    const TITLE: &'static str = "Refresh the sums of sales analytics";
    const QUEUE: &'static str = queues::MAINTENANCE;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let views = &context.services.views;
        let Some(refresh) = views.begin().await? else {
            return Ok(JobOutcome::Succeeded(json!({ "views": 0 })));
        };
        context.progress(0, i64::try_from(VIEWS.len()).ok());
        for view in VIEWS {
            context.check()?;
            context.step(view);
            views.refresh(&refresh, view).await?;
            context.advance(1);
        }
        views.end(&refresh).await?;
        Ok(JobOutcome::Succeeded(json!({ "views": VIEWS.len() })))
    }
}
