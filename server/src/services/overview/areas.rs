//! Area cards of the home page. Figures of sales are those of the tiles, never computed a second way.

use super::{
    attention,
    seen::{DEADLINE, Seen},
};
use crate::{backend::Backend, freshness::Figure};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    format,
    freshness::{ErrorClass, State},
    overview::{
        Basis, OverviewPort, ScopeQuery, Tile,
        area::{Area, AreaCard, AreaFigure, AreasPort},
        attention::Feature,
        declared,
        source::{SourceQuery, SourceState, SourcesPort},
    },
    settings::{Business, SettingsPort},
};
use engine::calendar::BusinessZone;
use futures::FutureExt;
use rust_decimal::Decimal;
use std::{fmt, sync::Arc};
use store::{
    ingest::loads::{Acceptance, acceptance},
    jobs::{Pace, pace},
};

/// The service behind [`AreasPort`].
pub struct AreasService {
    backend: Backend,
    settings: Arc<dyn SettingsPort>,
    overview: Arc<dyn OverviewPort>,
    sources: Arc<dyn SourcesPort>,
}

impl Figure for Acceptance {
    fn is_sound(&self) -> bool {
        0 <= self.open_rows && self.open_rows <= self.lines
    }
}

impl Figure for Pace {
    fn is_sound(&self) -> bool {
        [self.running, self.failed_day, self.succeeded_week, self.failed_week].iter().all(|count| *count >= 0)
    }
}

impl fmt::Debug for AreasService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AreasService").finish_non_exhaustive()
    }
}

/// The moment of a card, and how it is written.
struct Moment {
    now: DateTime<Utc>,
    business: Business,
    zone: BusinessZone,
}

impl Moment {
    fn count(&self, n: i64) -> String {
        format::count(n, &self.business.locale)
    }

    fn figure(&self, label: &str, n: i64, link: impl Into<String>) -> AreaFigure {
        AreaFigure { label: label.to_owned(), text: self.count(n), link: Some(link.into()), ..AreaFigure::default() }
    }

    /// The card of what was seen; `feature` names it when it did not answer.
    fn card<T>(&self, area: Area, feature: Feature, seen: &Seen<T>, figures: Vec<AreaFigure>) -> AreaCard {
        let at = seen.last.as_ref().map(|(_, at)| *at);
        let told = seen.missed.map(|class| attention::unavailable(feature, class, at, self.now, self.zone).message);
        AreaCard { area, figures, age_seconds: at.map(|at| (self.now - at).num_seconds().max(0)), unavailable: told }
    }
}

/// A share of a whole in percent, or "–" of nothing.
fn share(part: i64, whole: i64) -> String {
    if whole > 0 { format::percent(Decimal::from(part) / Decimal::from(whole), 1) } else { format::UNKNOWN.to_owned() }
}

impl AreasService {
    #[must_use]
    pub fn new(
        backend: Backend,
        settings: Arc<dyn SettingsPort>,
        overview: Arc<dyn OverviewPort>,
        sources: Arc<dyn SourcesPort>,
    ) -> Self {
        Self { backend, settings, overview, sources }
    }

    async fn moment(&self) -> Result<Moment, AppError> {
        let business = self.settings.business().await?;
        let zone = BusinessZone::parse(&business.zone).unwrap_or(BusinessZone::UTC);
        Ok(Moment { now: self.backend.clock.now(), business, zone })
    }

    async fn sales(&self, m: &Moment, who: &Principal, query: &ScopeQuery) -> Result<AreaCard, AppError> {
        // A wrong period is told by the page itself.
        let basis = query.basis.as_deref().and_then(Basis::parse).unwrap_or_default();
        let wanted = [basis.revenue(), basis.orders()];
        let tiles = wanted.map(|key| self.overview.tile(who, key.as_str(), query));
        let tiles = match tokio::time::timeout(DEADLINE, futures::future::try_join_all(tiles)).await {
            Ok(tiles) => tiles,
            Err(_) => Err(late()),
        };
        match tiles {
            Ok(tiles) => Ok(self.sales_card(m, &tiles)),
            Err(error) if error.cause.is_some() => {
                let told = attention::unavailable(Feature::Transactions, ErrorClass::of(&error), None, m.now, m.zone);
                Ok(AreaCard {
                    area: Area::Sales,
                    figures: Vec::new(),
                    age_seconds: None,
                    unavailable: Some(told.message),
                })
            }
            Err(error) => Err(error),
        }
    }

    fn sales_card(&self, m: &Moment, tiles: &[Tile]) -> AreaCard {
        let figures = tiles.iter().map(|tile| AreaFigure {
            label: tile.key.label().to_owned(),
            text: tile.text(&m.business.locale),
            note: tile.reason.clone(),
            change: tile.change.clone().filter(|_| tile.value.is_some()),
            link: None,
        });
        let stale = tiles.iter().find(|tile| matches!(tile.freshness.state, State::Stale | State::Failed));
        AreaCard {
            area: Area::Sales,
            figures: figures.collect(),
            age_seconds: tiles.iter().filter_map(|tile| tile.age_seconds).max(),
            unavailable: stale.and_then(|tile| tile.freshness.words()),
        }
    }

    async fn data(&self, m: &Moment, who: &Principal) -> Result<AreaCard, AppError> {
        let accepted = self
            .backend
            .figures
            .get(&declared::ACCEPTANCE, "", |connection| async move { Ok(acceptance(connection).await?) }.boxed());
        let asked = SourceQuery::default();
        let (accepted, sources) = tokio::join!(accepted, self.sources.sources(who, &asked));
        let seen = Seen::from(accepted);
        let counts = sources?.counts;
        let mut figures: Vec<_> = [SourceState::OnTime, SourceState::Late, SourceState::Missing]
            .map(|state| {
                let label = format!("Sources {}", state.label().to_lowercase());
                m.figure(&label, counts.get(state), format!("/overview/freshness?state={}", state.as_str()))
            })
            .into();
        if let Some((known, _)) = &seen.last {
            figures.push(m.figure("Rows in quarantine", known.open_rows, "/data"));
            figures.push(AreaFigure {
                label: "Rows accepted".to_owned(),
                text: share(known.lines - known.open_rows, known.lines),
                note: Some(if known.lines > 0 { "of all imports" } else { "nothing was imported yet" }.to_owned()),
                link: Some("/data".to_owned()),
                change: None,
            });
        }
        Ok(m.card(Area::Data, Feature::Ingest, &seen, figures))
    }

    async fn jobs(&self, m: &Moment) -> AreaCard {
        let (day, week) = (m.now - Duration::hours(24), m.now - Duration::days(7));
        let pace = self.backend.figures.get(&declared::JOBS_PACE, "", move |connection| {
            async move { Ok(pace(connection, day, week).await?) }.boxed()
        });
        let seen = Seen::<Pace>::from(pace.await);
        let figures = seen.last.as_ref().map(|(pace, _)| {
            let ended = pace.succeeded_week + pace.failed_week;
            let since = (m.now - Duration::hours(24)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            vec![
                m.figure("Running", pace.running, "/jobs?state=running"),
                m.figure("Failed in 24 hours", pace.failed_day, format!("/jobs?state=failed&from={since}")),
                AreaFigure {
                    label: "Succeeded in 7 days".to_owned(),
                    text: share(pace.succeeded_week, ended),
                    note: Some(if ended > 0 {
                        format!("of {} runs", m.count(ended))
                    } else {
                        "no run has ended".to_owned()
                    }),
                    link: Some("/jobs".to_owned()),
                    change: None,
                },
            ]
        });
        m.card(Area::Jobs, Feature::Jobs, &seen, figures.unwrap_or_default())
    }
}

fn late() -> AppError {
    let mut error = AppError::unavailable("This takes longer than usual.");
    error.cause = Some(ErrorClass::Timeout);
    error
}

#[async_trait]
impl AreasPort for AreasService {
    async fn area(&self, who: &Principal, area: Area, query: &ScopeQuery) -> Result<AreaCard, AppError> {
        who.require(Permission::OverviewView)?;
        who.require(area.right())?;
        let m = self.moment().await?;
        match area {
            Area::Sales => self.sales(&m, who, query).await,
            Area::Data => self.data(&m, who).await,
            Area::Jobs => Ok(self.jobs(&m).await),
        }
    }
}
