//! Looking at what rules watch (`alerts.md` 3.2, 3.3): each rule on its own; one that fails stops no other.

use super::{
    house::House,
    metrics::{Reader, Readings, Watched},
    recovery,
    signals::{self, Ended, Entity, Signal, Source},
};
use crate::backend::Backend;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::Principal,
    alerts::{AlertKind, Level, NoData, Op, Resolution, RuleSpec, RuleState, Severity, kind_of},
    format,
    live::Topic,
    overview::OverviewPort,
};
use engine::alerts::{Act, ERRORS_TOLD, Health, Instance, Reading, is_silent, look};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::PgConnection;
use std::{collections::BTreeMap, fmt, path::Path, sync::Arc};
use store::alerts::{
    self as rows,
    instances::{self, InstanceFields},
    metrics::Row,
    rules::{self, NewRule, RuleFields},
};
use uuid::Uuid;

/// Looks at what rules watch, for the schedule.
#[derive(Clone)]
pub struct EvaluationService {
    backend: Backend,
    reader: Reader,
    house: House,
}

impl fmt::Debug for EvaluationService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvaluationService").finish_non_exhaustive()
    }
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    pub rules: i64,
    pub failed: i64,
}

impl EvaluationService {
    #[must_use]
    pub fn new(backend: Backend, overview: Arc<dyn OverviewPort>) -> Self {
        Self { reader: Reader::new(backend.clone(), overview), backend, house: House::default() }
    }

    /// Looks at the disk that holds a folder, too.
    pub fn watch_disk(&mut self, folder: &Path) {
        self.house = House::holding(folder);
    }

    /// Every rule that is due, then what recovers by itself.
    ///
    /// # Errors
    /// When the database cannot be asked for the rules.
    pub async fn round(&self, who: &Principal) -> Result<Round, AppError> {
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        self.built_in(&mut tx).await?;
        let due = rules::take_due(&mut tx, self.backend.clock.now()).await?;
        store::commit(tx).await?;
        let (mut round, mut readings) = (Round::default(), Readings::default());
        for rule in due {
            round.rules += 1;
            if let Err(error) = self.rule(who, rule, &mut readings).await {
                round.failed += 1;
                tracing::warn!(%rule, %error, "a rule could not be looked at");
            }
        }
        recovery::sweep(&self.backend, who).await?;
        self.house.look(&self.backend, who).await?;
        Ok(round)
    }

    /// One rule. A failed look is written down and is no error here.
    async fn rule(&self, who: &Principal, id: Uuid, readings: &mut Readings) -> Result<(), AppError> {
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        let rule = rules::list(&mut connection, Some(id)).await?.pop();
        drop(connection);
        let Some(rule) = rule.filter(|rule| rule.enabled) else { return Ok(()) };
        let spec: RuleSpec = serde_json::from_value(rule.spec.clone()).map_err(|_| AppError::internal())?;
        let metric = Watched::parse(&rule.metric_key).ok_or_else(AppError::internal)?;
        let read = self.reader.shared(who, metric, &spec, readings).await;
        if let Err(error) = &read {
            tracing::warn!(rule = %rule.name, %error, "a metric could not be read");
        }
        let clock = self.backend.clock.as_ref();
        let now = clock.now();
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let errors = rules::looked(&mut tx, id, read.is_err(), now).await?;
        let looked = Looked { rule: &rule, spec: &spec, metric, now };
        looked.health(&mut tx, clock, who, errors).await?;
        looked.instances(&mut tx, clock, who, read.ok().as_deref().map(Vec::as_slice)).await?;
        Ok(store::commit(tx).await?)
    }

    /// The first round writes the built-in rules; later changes of theirs stay.
    async fn built_in(&self, connection: &mut PgConnection) -> Result<(), AppError> {
        let clock = self.backend.clock.as_ref();
        for (code, name, metric, title, spec) in built_in() {
            let kind = kind_of(code).ok_or_else(AppError::internal)?;
            let spec = serde_json::to_value(spec).map_err(|_| AppError::internal())?;
            let new = NewRule {
                id: clock.new_id(),
                code: Some(code),
                name,
                alert_type: kind.alert_type,
                feature: kind.feature.as_str(),
                entity_type: metric.entity_type(),
                metric_key: metric.key(),
                spec: &spec,
                title,
                runbook: None,
                action_path: None,
                by: "millrace",
                at: clock.now(),
            };
            rules::insert(connection, &new).await?;
        }
        Ok(())
    }
}

fn level(severity: Severity, threshold: i64, clear: i64) -> Level {
    Level {
        severity,
        threshold: threshold.into(),
        threshold_2: None,
        clear_threshold: Some(clear.into()),
        clear_threshold_2: None,
    }
}

/// Code, name, metric, title and conditions of the rules that the program brings (`alerts.md` 3.8).
fn built_in() -> [(&'static str, &'static str, Watched, &'static str, RuleSpec); 3] {
    use Severity::{Critical, High, Medium};
    [
        (
            "fraud_backlog",
            "Held sales wait too long",
            Watched::OldestHeld,
            "Held sales wait for {value} min",
            RuleSpec::new(Op::Gt, vec![level(High, 60, 30), level(Critical, 240, 30)]),
        ),
        (
            "queue_lag",
            "A job queue lags behind",
            Watched::QueueLag,
            "Queue {entity} lags {value} s behind",
            RuleSpec::new(Op::Gt, vec![level(Medium, 120, 60), level(High, 600, 60)]),
        ),
        (
            "revenue_drop",
            "Revenue below the usual",
            Watched::RevenueShare,
            "Revenue so far is {value} % of the usual",
            // A shop of few orders has no usual day: that is no fault of anything.
            RuleSpec {
                no_data: NoData::Resolve,
                ..RuleSpec::new(Op::Lt, vec![level(Medium, 70, 80), level(High, 50, 80)])
            },
        ),
    ]
}

/// One look of a rule.
struct Looked<'a> {
    rule: &'a RuleFields,
    spec: &'a RuleSpec,
    metric: Watched,
    now: DateTime<Utc>,
}

impl Looked<'_> {
    /// A rule that fails three times in a row is a problem of its own.
    async fn health(
        &self,
        connection: &mut PgConnection,
        clock: &dyn domain::clock::Clock,
        who: &Principal,
        errors: i32,
    ) -> Result<(), AppError> {
        let kind = kind_of("rule_error").ok_or_else(AppError::internal)?;
        let id = self.rule.id.to_string();
        if errors >= i32::try_from(ERRORS_TOLD).unwrap_or(i32::MAX) {
            let signal = Signal::of(kind, Severity::Medium, &id, &self.rule.name)
                .saying(
                    format!("Rule \u{201c}{}\u{201d} cannot be looked at", self.rule.name),
                    format!("{errors} looks in a row failed. What it watches keeps its state meanwhile."),
                )
                .acting(format!("/alerts/rules/{id}"));
            signals::raise(connection, clock, who.label(), &signal).await?;
        } else if errors == 0 && self.rule.errors > 0 {
            over(connection, clock, who, kind, &id).await?;
        }
        Ok(())
    }

    /// `None`: the metric could not be read.
    async fn instances(
        &self,
        connection: &mut PgConnection,
        clock: &dyn domain::clock::Clock,
        who: &Principal,
        read: Option<&[Row]>,
    ) -> Result<(), AppError> {
        // The row of the rule is locked: nobody else changes what is at rest.
        let at_rest = instances::at_rest(connection, self.rule.id).await?;
        let seen: BTreeMap<&str, &Row> =
            read.iter().copied().flatten().map(|row| (row.entity_key.as_str(), row)).collect();
        let stays = |key: &str, value: &Option<Decimal>| {
            seen.get(key).is_some_and(|row| row.value == *value && value.is_some_and(|value| self.is_calm(value)))
        };
        let stirred: Vec<String> =
            at_rest.iter().filter(|(key, value)| !stays(key, value)).map(|(key, _)| key.clone()).collect();
        let mut known: BTreeMap<String, (String, Instance)> = BTreeMap::new();
        for fields in instances::lock(connection, self.rule.id, &stirred).await? {
            let instance = instance(&fields)?;
            known.insert(fields.entity_key, (fields.entity_label, instance));
        }
        let mut looks: Vec<(String, String, Reading)> = match read {
            None => known.iter().map(|(key, (label, _))| (key.clone(), label.clone(), Reading::Failed)).collect(),
            Some(rows) => rows
                .iter()
                .filter(|row| known.contains_key(&row.entity_key) || !at_rest.contains_key(&row.entity_key))
                .map(|row| {
                    let reading = row.value.map_or(Reading::NoData, Reading::Value);
                    (row.entity_key.clone(), row.label.clone(), reading)
                })
                .collect(),
        };
        if read.is_some() {
            // What is not there any more has no events, and nothing is expected of it.
            let gone = if self.spec.kind.only_at_least() { Reading::Value(Decimal::ZERO) } else { Reading::NoData };
            let silent_too = known.iter().filter(|(key, _)| !seen.contains_key(key.as_str()));
            looks.extend(silent_too.map(|(key, (label, _))| (key.clone(), label.clone(), gone)));
        }
        let mut changed = Vec::new();
        for (key, label, reading) in looks {
            let before = known.get(&key).map(|(_, instance)| *instance);
            let mut after = before.unwrap_or_else(|| Instance::new(self.now));
            let act = look(self.spec, &mut after, reading, self.now);
            if let Some(act) = act {
                self.act(connection, clock, who, &key, &label, &after, act).await?;
            }
            self.silence(connection, clock, who, (&key, &label), before, &after).await?;
            if before != Some(after) {
                changed.push(fields(&key, &label, &after));
            }
        }
        Ok(instances::write(connection, self.rule.id, &changed, self.now).await?)
    }

    /// Whether the value breaches nothing.
    fn is_calm(&self, value: Decimal) -> bool {
        !self.spec.levels.iter().any(|level| level.breached(self.spec.op, value))
    }

    #[allow(clippy::too_many_arguments, reason = "an entity and what became of it")]
    async fn act(
        &self,
        connection: &mut PgConnection,
        clock: &dyn domain::clock::Clock,
        who: &Principal,
        key: &str,
        label: &str,
        instance: &Instance,
        act: Act,
    ) -> Result<(), AppError> {
        let value = instance.last_value;
        let signal = self.signal(key, label, instance);
        match act {
            Act::Fire | Act::Raise | Act::Refire | Act::Seen => {
                signals::raise(connection, clock, who.label(), &signal).await?;
            }
            Act::Resolve => {
                let ended = Ended { by: who.label(), how: Resolution::Auto, note: None };
                signals::clear(connection, clock, &signal.key(), ended).await?;
            }
            Act::Lower | Act::Recovering => {
                let Some(open) = rows::lock_open(connection, &signal.key()).await? else { return Ok(()) };
                let kind = if act == Act::Lower {
                    rows::set_severity(connection, open.id, signal.severity.rank(), value).await?;
                    "severity"
                } else {
                    rows::set_state(connection, open.id, "recovering", value).await?;
                    "recovering"
                };
                let text = (act == Act::Lower).then(|| signal.severity.label());
                rows::happened(connection, open.id, kind, who.label(), &json!({ "text": text }), self.now).await?;
                store::live::emit(connection, Topic::Alerts, &open.id.to_string()).await?;
            }
        }
        Ok(())
    }

    fn signal(&self, key: &str, label: &str, instance: &Instance) -> Signal {
        let level = &self.spec.levels[instance.level.clamp(1, self.spec.levels.len()) - 1];
        let shown = instance.last_value.map_or_else(|| "no data".to_owned(), |value| value.normalize().to_string());
        let title = self.rule.title.replace("{entity}", label).replace("{value}", &shown);
        let op = self.spec.op.label();
        let limit = level.threshold.normalize();
        let within = self.spec.window_seconds.map(|seconds| format!(" within {}", format::duration(seconds.into())));
        let message = format!(
            "{} of {label}: {shown} {unit}{}, {op} {limit} {unit}.",
            self.metric.label_of(self.spec.kind),
            within.unwrap_or_default(),
            unit = self.metric.unit_of(self.spec.kind)
        );
        let signal = Signal {
            alert_type: self.rule.alert_type.clone(),
            feature: self.metric.feature(),
            severity: level.severity,
            title: String::new(),
            message: String::new(),
            entity: Entity {
                kind: Some(self.metric.entity_type().to_owned()),
                id: Some(key.to_owned()),
                label: Some(label.to_owned()),
            },
            value: instance.last_value,
            threshold: Some(level.threshold),
            unit: Some(self.metric.unit_of(self.spec.kind).to_owned()),
            money_at_risk: None,
            action_path: Some(self.metric.action_path(key)),
            source: Source::Rule(self.rule.id),
            since: None,
        };
        signal.saying(title, message)
    }

    /// Silence of an entity that lasts is a problem of its own.
    async fn silence(
        &self,
        connection: &mut PgConnection,
        clock: &dyn domain::clock::Clock,
        who: &Principal,
        (key, label): (&str, &str),
        before: Option<Instance>,
        after: &Instance,
    ) -> Result<(), AppError> {
        let kind = kind_of("no_data").ok_or_else(AppError::internal)?;
        let id = format!("{}/{key}", self.rule.id);
        if is_silent(self.spec, after, self.now) {
            let signal = Signal::of(kind, Severity::Medium, &id, label)
                .saying(
                    format!("No data: {} of {label}", self.metric.label()),
                    format!("Rule \u{201c}{}\u{201d} sees no value and keeps what it knew.", self.rule.name),
                )
                .acting(format!("/alerts/rules/{}", self.rule.id));
            signals::raise(connection, clock, who.label(), &signal).await?;
        } else if after.health == Health::Ok && before.is_some_and(|before| before.health == Health::NoData) {
            over(connection, clock, who, kind, &id).await?;
        }
        Ok(())
    }
}

async fn over(
    connection: &mut PgConnection,
    clock: &dyn domain::clock::Clock,
    who: &Principal,
    kind: &AlertKind,
    id: &str,
) -> Result<(), AppError> {
    let ended = Ended { by: who.label(), how: Resolution::Auto, note: None };
    signals::clear(connection, clock, &Signal::key_of(kind, id), ended).await?;
    Ok(())
}

/// # Errors
/// `internal` for a row that the table's checks do not allow.
pub(super) fn instance(of: &InstanceFields) -> Result<Instance, AppError> {
    let count = |n: i32| u32::try_from(n).unwrap_or_default();
    Ok(Instance {
        state: RuleState::parse(&of.state).ok_or_else(AppError::internal)?,
        level: usize::try_from(of.level).unwrap_or_default(),
        since: of.since,
        breaches: count(of.breaches),
        first_breach_at: of.first_breach_at,
        last_breach_at: of.last_breach_at,
        clears: count(of.clears),
        falls: count(of.falls),
        last_value: of.last_value.map(|value: Decimal| value.normalize()),
        health: Health::parse(&of.health).ok_or_else(AppError::internal)?,
        health_since: of.health_since,
        errors: count(of.errors),
    })
}

fn fields(key: &str, label: &str, of: &Instance) -> InstanceFields {
    let count = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    InstanceFields {
        entity_key: key.to_owned(),
        entity_label: label.to_owned(),
        state: of.state.as_str().to_owned(),
        level: i16::try_from(of.level).unwrap_or_default(),
        since: of.since,
        breaches: count(of.breaches),
        first_breach_at: of.first_breach_at,
        last_breach_at: of.last_breach_at,
        clears: count(of.clears),
        falls: count(of.falls),
        last_value: of.last_value,
        health: of.health.as_str().to_owned(),
        health_since: of.health_since,
        errors: count(of.errors),
    }
}
