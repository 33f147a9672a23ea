//! What needs a hand: every feature is asked at once, and one that fails or is late holds up nobody.

mod imports;
mod jobs;
mod sales;
mod snoozes;
mod system;

pub use system::DiskSource;

use super::seen::Seen;
use crate::{backend::Backend, freshness::Figure, jobs::Registry};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    format,
    freshness::{Declaration, ErrorClass},
    overview::attention::{
        AttentionItem, AttentionList, AttentionPort, AttentionQuery, Feature, Look, PutOff, Severity, SnoozeItem,
        Unavailable, by_urgency,
    },
    settings::{Business, SettingsPort},
};
use engine::calendar::BusinessZone;
use futures::FutureExt;
use serde_json::json;
use snoozes::Snoozes;
use sqlx::PgConnection;
use std::{fmt, sync::Arc};
use store::{
    audit::{self, Act},
    overview::attention as rows,
};

/// Items that a feature names at most.
const MOST: i64 = 200;

/// The moment of a look, and whose money and words.
#[derive(Debug, Clone)]
pub struct Asked {
    pub now: DateTime<Utc>,
    pub business: Business,
    pub zone: BusinessZone,
    /// Items wanted at most.
    pub limit: i64,
}

impl Asked {
    /// An item without money and actions. Whether it is stale, and how old it is, is told when it is shown.
    fn item(
        &self,
        key: impl Into<String>,
        since: DateTime<Utc>,
        about: About,
        link: impl Into<String>,
    ) -> AttentionItem {
        let About { feature, kind, severity, title, consequence } = about;
        AttentionItem {
            key: key.into(),
            feature,
            kind,
            severity,
            title,
            consequence,
            money_at_risk: None,
            currency: None,
            since: self.zone.local(since),
            age_seconds: 0,
            link: link.into(),
            actions: Vec::new(),
            stale: false,
        }
    }

    fn count(&self, n: i64) -> String {
        format::count(n, &self.business.locale)
    }

    /// `1 sale`, `12 sales`.
    fn plural(&self, n: i64, one: &str) -> String {
        format!("{} {one}{}", self.count(n), if n == 1 { "" } else { "s" })
    }
}

/// What an item says.
struct About {
    feature: Feature,
    kind: domain::overview::attention::AttentionKind,
    severity: Severity,
    title: String,
    consequence: String,
}

/// A feature that has items.
#[async_trait]
pub trait AttentionSource: Send + Sync + 'static {
    fn feature(&self) -> Feature;
    /// The figure that its items are kept as.
    fn declared(&self) -> &'static Declaration;
    /// What needs a hand now, in any order.
    async fn attention(&self, connection: &mut PgConnection, asked: &Asked) -> Result<Vec<AttentionItem>, AppError>;
}

impl Figure for Vec<AttentionItem> {}

/// The service behind [`AttentionPort`].
pub struct AttentionService {
    backend: Backend,
    settings: Arc<dyn SettingsPort>,
    sources: Vec<Arc<dyn AttentionSource>>,
    /// Goes on while the database is away.
    disk: Option<DiskSource>,
    snoozes: Snoozes,
}

impl fmt::Debug for AttentionService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttentionService").finish_non_exhaustive()
    }
}

impl AttentionService {
    /// With the sources of the features that are in every process.
    #[must_use]
    pub fn new(backend: Backend, settings: Arc<dyn SettingsPort>, registry: Registry) -> Self {
        let sources: [Arc<dyn AttentionSource>; 3] =
            [Arc::new(sales::SalesSource), Arc::new(imports::ImportsSource), Arc::new(jobs::JobsSource::new(registry))];
        let snoozes = Snoozes::new(backend.clone());
        Self { backend, settings, sources: sources.into(), disk: None, snoozes }
    }

    /// With one more source.
    #[must_use]
    pub fn asking(mut self, source: Arc<dyn AttentionSource>) -> Self {
        self.sources.push(source);
        self
    }

    /// Looks at a disk, too.
    #[must_use]
    pub fn watching(mut self, disk: DiskSource) -> Self {
        self.disk = Some(disk);
        self
    }

    async fn asked(&self) -> Result<Asked, AppError> {
        let business = self.settings.business().await?;
        let zone = BusinessZone::parse(&business.zone).unwrap_or(BusinessZone::UTC);
        Ok(Asked { now: self.backend.clock.now(), business, zone, limit: MOST })
    }

    /// Every source that `who` may view, asked at once.
    async fn look(&self, who: &Principal, asked: &Asked) -> Vec<(Feature, Seen<Vec<AttentionItem>>)> {
        let visible = self.sources.iter().filter(|source| who.may(source.feature().right()));
        let looks = visible.map(|source| async { (source.feature(), self.look_at(source, asked).await) });
        let disk = self.disk.iter().filter(|_| who.may(Feature::System.right()));
        let disk = disk.map(|disk| async { (Feature::System, disk.look(asked).await) });
        let (mut seen, disk) = tokio::join!(futures::future::join_all(looks), futures::future::join_all(disk));
        seen.extend(disk);
        seen
    }

    async fn look_at(&self, source: &Arc<dyn AttentionSource>, asked: &Asked) -> Seen<Vec<AttentionItem>> {
        let (declared, business) = (source.declared(), &asked.business);
        let scope = format!("{} {} {}", asked.zone.name(), business.base_currency, business.locale);
        let (source, asked) = (Arc::clone(source), asked.clone());
        let items = self
            .backend
            .figures
            .get(declared, scope, |connection| async move { source.attention(connection, &asked).await }.boxed());
        items.await.into()
    }
}

/// The items of an answer as they stand at `asked.now` for `who`.
fn shown<'a>(
    seen: &'a Seen<Vec<AttentionItem>>,
    asked: &'a Asked,
    who: &'a Principal,
) -> impl Iterator<Item = AttentionItem> + 'a {
    let items = seen.last.iter().flat_map(|(items, _)| items.iter().cloned());
    items.map(move |mut item| {
        item.age_seconds = (asked.now - item.since.to_utc()).num_seconds().max(0);
        item.stale = seen.missed.is_some();
        item.actions.retain(|action| action.act.right().is_none_or(|right| who.may(right)));
        item
    })
}

/// "Transactions: unavailable, last seen 10:42".
pub(super) fn unavailable(
    feature: Feature,
    class: ErrorClass,
    last: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    zone: BusinessZone,
) -> Unavailable {
    let last_seen = last.map(|at| zone.local(at));
    let seen = last_seen.map_or_else(
        || "not seen yet".to_owned(),
        |at| {
            let same_day = zone.day_of(now) == at.date_naive();
            format!("last seen {}", if same_day { format::time(at) } else { format::date_time(at) })
        },
    );
    Unavailable { feature, error_class: class, last_seen, message: format!("{}: unavailable, {seen}", feature.label()) }
}

#[async_trait]
impl AttentionPort for AttentionService {
    async fn attention(&self, who: &Principal, query: &AttentionQuery) -> Result<AttentionList, AppError> {
        who.require(Permission::OverviewView)?;
        let request = query.resolve().map_err(AppError::validation)?;
        let asked = self.asked().await?;
        let (seen, snoozed) = tokio::join!(self.look(who, &asked), self.snoozes.of(who, asked.now));
        let (mut items, mut put_off) = (Vec::new(), Vec::new());
        let (mut missing, mut looked_at) = (Vec::new(), Vec::new());
        for (feature, seen) in &seen {
            let at = seen.last.as_ref().map(|(_, at)| *at);
            if let Some(class) = seen.missed {
                missing.push(unavailable(*feature, class, at, asked.now, asked.zone));
            }
            looked_at.push(Look {
                feature: *feature,
                at: at.map(|at| asked.zone.local(at)),
                age_seconds: at.map(|at| (asked.now - at).num_seconds().max(0)),
            });
            for item in shown(seen, &asked, who).filter(|item| request.wants(item)) {
                match snoozed.get(&item.key).filter(|snooze| snooze.hides(item.severity, asked.now)) {
                    Some(snooze) => {
                        put_off.push(PutOff { until: asked.zone.local(snooze.until), key: item.key, title: item.title })
                    }
                    None => items.push(item),
                }
            }
        }
        items.sort_by(by_urgency);
        put_off.sort_by(|a, b| (a.until, &a.key).cmp(&(b.until, &b.key)));
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let critical = items.iter().filter(|item| item.severity == Severity::Critical).count();
        let total = number(items.len());
        items.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
        Ok(AttentionList {
            items,
            unavailable: missing,
            looked_at,
            total,
            critical: number(critical),
            snoozed: number(put_off.len()),
            put_off,
        })
    }

    async fn snooze(&self, who: &Principal, key: &str, command: &SnoozeItem) -> Result<(), AppError> {
        who.require(Permission::OverviewView)?;
        let Some(user) = who.user_id() else { return Err(AppError::forbidden()) };
        let asked = self.asked().await?;
        let seen = self.look(who, &asked).await;
        let item = seen.iter().flat_map(|(_, seen)| shown(seen, &asked, who)).find(|item| item.key == key);
        let mut faults: Vec<FieldError> = Vec::new();
        let severity = item.as_ref().map(|item| item.severity);
        let choice = match severity {
            Some(severity) => command.validate_for(severity),
            None => command.validate(),
        };
        let choice = choice.map_err(|more| faults.extend(more)).ok();
        let (Some(choice), Some(severity)) = (choice, severity) else {
            // What cannot be done to any item is said before that there is no such item.
            return Err(if faults.is_empty() { AppError::not_found("Item") } else { AppError::validation(faults) });
        };
        let day_end = asked.zone.day_range(asked.zone.day_of(asked.now)).end;
        let until = choice.until(severity, asked.now, day_end);
        let row = rows::SnoozeRow {
            item_key: key.to_owned(),
            severity: severity.as_str().to_owned(),
            snoozed_at: asked.now,
            until,
        };
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        rows::snooze(&mut tx, user.0, &row).await?;
        let act = Act::done("overview.attention_snooze", "attention", key)
            .after(json!({"until": asked.zone.local(until), "severity": severity}));
        audit::record(&mut tx, self.backend.clock.new_id(), asked.now, who, act).await?;
        store::commit(tx).await?;
        self.snoozes.forget(user).await;
        Ok(())
    }

    async fn unsnooze(&self, who: &Principal, key: &str) -> Result<(), AppError> {
        who.require(Permission::OverviewView)?;
        let Some(user) = who.user_id() else { return Err(AppError::forbidden()) };
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        if let Some(until) = rows::unsnooze(&mut tx, user.0, key).await? {
            let act = Act::done("overview.attention_unsnooze", "attention", key).before(json!({"until": until}));
            audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
        }
        store::commit(tx).await?;
        self.snoozes.forget(user).await;
        Ok(())
    }
}
