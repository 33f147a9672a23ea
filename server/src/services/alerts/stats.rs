//! How fast alerts are seen and ended (`alerts.md` 3.5).

use super::{desk::AlertsService, severity_of, visible};
use domain::{
    AppError,
    access::{Permission, Principal},
    alerts::{Figures, Lasting, Noisy, OfPerson, OfSeverity, OfType, Stats, StatsQuery},
};
use store::alerts::stats::{self as rows, Group};

/// Entities that are named.
const NOISIEST: i64 = 10;

/// `times`: mean, median and ninth decile.
fn lasting(n: i64, times: Option<&[f64]>) -> Lasting {
    #[allow(clippy::cast_possible_truncation, reason = "seconds of at most centuries")]
    let seconds = |i: usize| times.and_then(|times| times.get(i)).map(|seconds| seconds.round() as i64);
    Lasting { n, mean_seconds: seconds(0), p50_seconds: seconds(1), p90_seconds: seconds(2) }
}

fn figures(of: &Group) -> Figures {
    Figures {
        opened: of.opened,
        resolved: of.resolved,
        to_acknowledge: lasting(of.acknowledged, of.to_acknowledge.as_deref()),
        to_resolve: lasting(of.resolved, of.to_resolve.as_deref()),
    }
}

impl AlertsService {
    pub(super) async fn figures_of(&self, who: &Principal, query: StatsQuery) -> Result<Stats, AppError> {
        who.require(Permission::AlertsView)?;
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        let shown = self.shown(&mut tx).await?;
        let days = query.days(shown.zone.day_of(shown.now)).map_err(AppError::validation)?;
        let window = shown.zone.days_range(days.from, days.to);
        let features = visible(who);
        let groups = rows::groups(&mut tx, &features, window.start, window.end).await?;
        let noisiest = rows::noisiest(&mut tx, &features, window.start, window.end, NOISIEST).await?;
        let mut stats = Stats {
            from: days.from,
            to: days.to,
            all: Figures::default(),
            by_type: Vec::new(),
            by_severity: Vec::new(),
            by_person: Vec::new(),
            noisiest: noisiest
                .into_iter()
                .map(|of| Noisy {
                    entity_type: of.entity_type,
                    entity_id: of.entity_id,
                    entity_label: of.entity_label,
                    alerts: of.alerts,
                    occurrences: of.occurrences,
                })
                .collect(),
        };
        for group in groups {
            let figures = figures(&group);
            match (group.grouping, group.alert_type, group.severity, group.person) {
                (7, ..) => stats.all = figures,
                (_, Some(alert_type), ..) => stats.by_type.push(OfType { alert_type, figures }),
                (_, _, Some(severity), _) => {
                    stats.by_severity.push(OfSeverity { severity: severity_of(severity)?, figures });
                }
                (.., Some(person)) => stats.by_person.push(OfPerson {
                    person,
                    resolved: figures.resolved,
                    to_acknowledge: figures.to_acknowledge,
                    to_resolve: figures.to_resolve,
                }),
                // Openings and ends that no person stands behind.
                _ => {}
            }
        }
        stats.by_severity.sort_by_key(|of| std::cmp::Reverse(of.severity.rank()));
        stats.by_person.sort_by_key(|of| of.person.to_lowercase());
        Ok(stats)
    }
}
