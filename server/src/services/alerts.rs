//! Alerts: one row a problem, told to people once (`alerts.md`).

mod desk;
mod evaluation;
mod house;
mod mail;
mod many;
mod metrics;
mod notifying;
mod outage;
mod outbox;
mod recovery;
mod routes;
mod routing;
mod rules;
mod signals;
mod stats;
mod steps;
mod webhook;

pub use desk::{AlertsService, scope};
pub use evaluation::{EvaluationService, Round};
pub use mail::{Letter, Mailer};
pub use notifying::NotificationsService;
pub use outbox::{Outbox, keep_delivering};
pub use routes::RoutesService;
pub use rules::RulesService;
pub use signals::{Ended, Entity, Signal, Source, clear, raise};
pub use steps::sweep;
pub use webhook::{Attempt, Destinations, INSIDE, Refused, signature};

use domain::{
    AppError,
    access::Principal,
    alerts::{AlertFeature, Severity},
};

/// Features whose alerts one may see.
pub(crate) fn visible(who: &Principal) -> Vec<String> {
    AlertFeature::ALL
        .iter()
        .filter(|feature| who.may(feature.right()))
        .map(|feature| feature.as_str().to_owned())
        .collect()
}

fn severity_of(rank: i16) -> Result<Severity, AppError> {
    Severity::of_rank(rank).ok_or_else(AppError::internal)
}
