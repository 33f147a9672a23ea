//! How fresh everything is (`overview.md` 3.10): every source with its promise, judged when it is shown, so
//! that ages and states go on while the database is away.

mod figures;
mod imports;
mod schedules;

use super::{
    pulse::{Beat, Pulse},
    seen::Seen,
};
use crate::{backend::Backend, freshness::Figure, live::LiveBus};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    freshness::{Declaration, ErrorClass},
    overview::{
        Badge,
        attention::{Feature, Unavailable},
        source::{
            LateSource, Source, SourceCounts, SourceKind, SourceList, SourceQuery, SourceState, SourcesPort,
            intervals_missed, worst_first,
        },
        status::{Part, PoolUse, SystemStatus},
    },
    settings::SettingsPort,
};
use engine::calendar::BusinessZone;
use futures::FutureExt;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use std::{fmt, sync::Arc};

/// What is known of a source; its age and state follow from the moment it is shown at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Facts {
    pub key: String,
    pub kind: SourceKind,
    pub name: String,
    /// The feature that owns it.
    pub feature: String,
    /// Switched off otherwise.
    pub enabled: bool,
    pub last_success: Option<DateTime<Utc>>,
    /// From when its age counts when it never succeeded; `None`: nothing was due yet.
    pub counted_from: Option<DateTime<Utc>>,
    /// The promised interval; `None`: nothing is promised for any time.
    pub expected_seconds: Option<i64>,
    /// What the work itself usually takes.
    pub grace_seconds: i64,
    /// It says of itself that it is away.
    pub away: bool,
    pub demo: bool,
    pub error_class: Option<String>,
    pub rows: Option<i64>,
    pub next_run: Option<DateTime<Utc>>,
    pub link: Option<String>,
    /// The schedule that refreshes it.
    pub refresh: Option<String>,
}

impl Facts {
    /// A source of which nothing is known yet.
    #[must_use]
    pub fn unknown(
        key: impl Into<String>,
        kind: SourceKind,
        name: impl Into<String>,
        feature: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            kind,
            name: name.into(),
            feature: feature.into(),
            enabled: true,
            last_success: None,
            counted_from: None,
            expected_seconds: None,
            grace_seconds: 0,
            away: false,
            demo: false,
            error_class: None,
            rows: None,
            next_run: None,
            link: None,
            refresh: None,
        }
    }

    fn state(&self, now: DateTime<Utc>) -> SourceState {
        let age = self.last_success.or(self.counted_from).map(|from| (now - from).num_seconds().max(0));
        match (self.enabled, self.away, self.expected_seconds, age) {
            (false, ..) => SourceState::Off,
            (true, true, ..) => SourceState::Missing,
            (true, false, None, _) => SourceState::ByHand,
            (true, false, Some(_), None) => SourceState::OnTime,
            (true, false, Some(expected), Some(age)) => SourceState::of(age, expected, self.grace_seconds),
        }
    }

    fn late(&self, now: DateTime<Utc>, feeds: &'static [&'static str]) -> Option<Late> {
        let state = self.state(now);
        if !matches!(state, SourceState::Late | SourceState::Missing) {
            return None;
        }
        let asked = SourceQuery { feature: Some(self.feature.clone()), state: None };
        let link = format!("/overview/freshness{}", asked.link(Some(state)));
        let told = LateSource { name: self.name.clone(), state, link };
        Some(Late { told, feeds, loaded_until: self.last_success })
    }

    fn missed(&self, now: DateTime<Utc>) -> i64 {
        let from = self.last_success.or(self.counted_from);
        match (self.enabled, self.expected_seconds, from) {
            (true, Some(expected), Some(from)) => {
                intervals_missed((now - from).num_seconds(), expected, self.grace_seconds)
            }
            _ => 0,
        }
    }

    fn shown(&self, now: DateTime<Utc>, zone: BusinessZone, may_run: bool) -> Source {
        let state = self.state(now);
        let badge = match state {
            _ if self.demo => Badge::Demo,
            SourceState::OnTime | SourceState::ByHand => Badge::Live,
            SourceState::Late | SourceState::Missing | SourceState::Off => Badge::Cached,
        };
        Source {
            key: self.key.clone(),
            kind: self.kind,
            name: self.name.clone(),
            feature: self.feature.clone(),
            state,
            badge,
            last_success: self.last_success.map(|at| zone.local(at)),
            age_seconds: self.last_success.map(|at| (now - at).num_seconds().max(0)),
            expected_seconds: self.expected_seconds,
            missed: self.missed(now),
            error_class: self.error_class.clone(),
            rows: self.rows,
            next_run: self.next_run.filter(|_| self.enabled).map(|at| zone.local(at)),
            link: self.link.clone(),
            refresh: self.refresh.clone().filter(|_| may_run),
        }
    }
}

/// A source of figures that does not keep its time.
#[derive(Debug, Clone)]
pub struct Late {
    told: LateSource,
    feeds: &'static [&'static str],
    /// What happened until then was loaded.
    loaded_until: Option<DateTime<Utc>>,
}

impl Late {
    /// What a figure of the area is told whose window ends at `until`.
    pub fn of(&self, area: &str, until: DateTime<Utc>) -> Option<LateSource> {
        let misses = self.loaded_until.is_none_or(|loaded| loaded < until);
        (misses && self.feeds.contains(&area)).then(|| self.told.clone())
    }
}

/// Something that knows sources.
#[async_trait]
pub trait SourceProvider: Send + Sync + 'static {
    /// Names it when it does not answer.
    fn feature(&self) -> Feature;
    /// The figure that its facts are kept as; they are for whoever may view the feature.
    fn declared(&self) -> &'static Declaration;
    /// Areas whose figures are computed from what its sources load.
    fn feeds(&self) -> &'static [&'static str] {
        &[]
    }
    async fn sources(
        &self,
        connection: &mut PgConnection,
        now: DateTime<Utc>,
        business_zone: &str,
    ) -> Result<Vec<Facts>, AppError>;
}

impl Figure for Vec<Facts> {}

/// The service behind [`SourcesPort`].
pub struct SourcesService {
    backend: Backend,
    settings: Arc<dyn SettingsPort>,
    providers: Vec<Arc<dyn SourceProvider>>,
    pulse: Pulse,
}

impl fmt::Debug for SourcesService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourcesService").finish_non_exhaustive()
    }
}

impl SourcesService {
    #[must_use]
    pub fn new(backend: Backend, settings: Arc<dyn SettingsPort>, live: LiveBus) -> Self {
        let providers: [Arc<dyn SourceProvider>; 2] = [Arc::new(schedules::Schedules), Arc::new(imports::Imports)];
        let pulse = Pulse::new(backend.clone(), live);
        Self { backend, settings, providers: providers.into(), pulse }
    }

    /// With one more.
    #[must_use]
    pub fn knowing(mut self, provider: Arc<dyn SourceProvider>) -> Self {
        self.providers.push(provider);
        self
    }

    async fn look(&self, who: &Principal, now: DateTime<Utc>, zone: &str) -> Vec<(Feature, Seen<Vec<Facts>>)> {
        let visible = self.providers.iter().filter(|provider| who.may(provider.feature().right()));
        let looks = visible.map(async |provider| (provider.feature(), self.look_at(provider, now, zone).await));
        futures::future::join_all(looks).await
    }

    async fn look_at(&self, provider: &Arc<dyn SourceProvider>, now: DateTime<Utc>, zone: &str) -> Seen<Vec<Facts>> {
        let (provider, zone) = (Arc::clone(provider), zone.to_owned());
        let facts = self.backend.figures.get(provider.declared(), zone.clone(), move |connection| {
            async move { provider.sources(connection, now, &zone).await }.boxed()
        });
        facts.await.into()
    }

    /// Sources of figures that do not keep their time, among those that `who` may see.
    pub async fn late(&self, who: &Principal, now: DateTime<Utc>, zone: BusinessZone) -> Vec<Late> {
        let feeding = self.providers.iter().filter(|p| !p.feeds().is_empty() && who.may(p.feature().right()));
        let looks = feeding.map(async |provider| (provider, self.look_at(provider, now, zone.name()).await));
        let mut late = Vec::new();
        for (provider, seen) in futures::future::join_all(looks).await {
            let facts = seen.last.iter().flat_map(|(facts, _)| facts.iter());
            late.extend(facts.filter_map(|facts| facts.late(now, provider.feeds())));
        }
        late
    }

    async fn everything(&self, who: &Principal) -> Result<Everything, AppError> {
        who.require(Permission::OverviewView)?;
        let business = self.settings.business().await?;
        let zone = BusinessZone::parse(&business.zone).unwrap_or(BusinessZone::UTC);
        let now = self.backend.clock.now();
        let (beat, seen) = tokio::join!(self.pulse.feel(), self.look(who, now, zone.name()));
        let may_run = who.may(Permission::JobsRun);
        let mut unavailable = Vec::new();
        let mut missed = |feature, class: Option<ErrorClass>, at| {
            let told = class.map(|class| super::attention::unavailable(feature, class, at, now, zone));
            unavailable.extend(told);
        };
        missed(Feature::System, beat.missed, beat.last.as_ref().map(|(_, at)| *at));
        let mut items = Vec::new();
        let mut show = |facts: &Facts| items.push(facts.shown(now, zone, may_run));
        self.pulse.facts(&beat, now).iter().for_each(&mut show);
        figures::facts(&self.backend, who, now).iter().for_each(&mut show);
        for (feature, seen) in &seen {
            missed(*feature, seen.missed, seen.last.as_ref().map(|(_, at)| *at));
            seen.last.iter().flat_map(|(facts, _)| facts.iter()).for_each(&mut show);
        }
        Ok(Everything { now, zone, beat, items, unavailable })
    }
}

/// A source as a part of the status.
fn part(facts: &Facts, now: DateTime<Utc>, zone: BusinessZone) -> Part {
    let Source { name, state, last_success, age_seconds, error_class, .. } = facts.shown(now, zone, false);
    Part { name, state, last_success, age_seconds, error_class }
}

/// Everything that `who` may see, of one moment.
struct Everything {
    now: DateTime<Utc>,
    zone: BusinessZone,
    beat: Seen<Beat>,
    items: Vec<Source>,
    unavailable: Vec<Unavailable>,
}

#[async_trait]
impl SourcesPort for SourcesService {
    async fn status(&self, who: &Principal) -> Result<SystemStatus, AppError> {
        let Everything { now, zone, beat, items, .. } = self.everything(who).await?;
        let [database, worker, live] = self.pulse.facts(&beat, now).map(|facts| part(&facts, now, zone));
        let pool = |(face, pool): (&str, &sqlx::PgPool)| {
            let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
            let most = pool.options().get_max_connections();
            PoolUse { face: face.to_owned(), in_use: pool.size().saturating_sub(idle), idle, most }
        };
        let last = beat.last.as_ref().map(|(beat, _)| beat);
        Ok(SystemStatus {
            database,
            worker,
            live,
            outage_since: self.backend.breaker.open_since().map(|since| zone.local(since)),
            latency_us: last.map(|beat| i64::try_from(beat.latency.as_micros()).unwrap_or(i64::MAX)),
            // A whole second is as exact as anybody asks.
            lag_seconds: last.and_then(|beat| beat.lag_seconds).map(|lag| lag.round() as i64),
            pools: self.backend.pools.faces().into_iter().map(pool).collect(),
            sources: SourceCounts::of(&items),
            kept: super::cache::areas(&self.backend),
        })
    }

    async fn sources(&self, who: &Principal, query: &SourceQuery) -> Result<SourceList, AppError> {
        let wanted = query.wanted_state().map_err(AppError::validation)?;
        let Everything { mut items, unavailable, .. } = self.everything(who).await?;
        items.retain(|source| query.feature.as_deref().is_none_or(|f| f.is_empty() || f == source.feature));
        let counts = SourceCounts::of(&items);
        items.retain(|source| wanted.is_none_or(|state| state == source.state));
        worst_first(&mut items);
        Ok(SourceList { total: i64::try_from(items.len()).unwrap_or(i64::MAX), items, counts, unavailable })
    }
}
