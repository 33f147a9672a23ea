//! `attention_digest`: one mail a user with what needs their hand. Off until an administrator switches its schedule on.

use super::{
    context::JobContext,
    job::{Job, JobFailure, JobOutcome, Nothing},
};
use crate::services::alerts::{Attempt, Letter};
use domain::{
    access::{Permission, Rights},
    jobs::queues,
    overview::attention::AttentionQuery,
};
use serde_json::json;

/// See the module.
#[derive(Debug)]
pub struct AttentionDigest;

impl Job for AttentionDigest {
    const KIND: &'static str = "attention_digest";
    const TITLE: &'static str = "Mail what needs a hand";
    const QUEUE: &'static str = queues::DEFAULT;
    const MAX_ATTEMPTS: i32 = 1;
    const BY_HAND: bool = true;
    type Payload = Nothing;

    async fn run(context: JobContext, _: Nothing) -> Result<JobOutcome, JobFailure> {
        let services = &context.services;
        if !services.outbox.mails() {
            return Ok(JobOutcome::Skipped(json!("No mail server is set.")));
        }
        let mut connection = store::acquire(&context.backend.pools.jobs).await?;
        let people = store::alerts::messages::people(&mut connection).await?;
        drop(connection);
        let all: Vec<Permission> = Rights::all().iter().collect();
        let (mut sent, mut failed) = (0, 0);
        for user in people {
            context.check()?;
            // With the rights the person holds now; who may not sign in is told nothing.
            let Some(who) = services.door.absent(user, &all, context.run_id.0).await? else { continue };
            if !who.may(Permission::OverviewView) {
                continue;
            }
            let list = services.attention.attention(&who, &AttentionQuery::default()).await?;
            if list.items.is_empty() {
                continue;
            }
            let lines = list
                .items
                .iter()
                .map(|item| (format!("[{}] {}", item.severity.label(), item.title), Some(item.link.clone())))
                .collect();
            let letter = Letter { subject: format!("{} matters need a hand", list.total), lines, attached: None };
            match services.outbox.mail(context.backend.clock.new_id(), who.label(), letter).await {
                Some(Attempt::Delivered { .. }) => sent += 1,
                _ => failed += 1,
            }
        }
        let told = json!({ "sent": sent, "failed": failed });
        Ok(if failed > 0 { JobOutcome::Partial(told) } else { JobOutcome::Succeeded(told) })
    }
}
