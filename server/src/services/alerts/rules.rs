//! Rules as people write them.

use super::{
    metrics::{Reader, Watched},
    signals::{self, Ended},
};
use crate::{backend::Backend, services::transactions::zone_of};
use async_trait::async_trait;
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    alerts::{
        AlertFeature, AlertRulesPort, Metric, MetricReading, NewRule, Resolution, RuleDetail, RuleInstance, RuleKind,
        RuleRow, RuleSpec, RuleState, kind_of,
    },
    ids::AlertRuleId,
    live::Topic,
    overview::OverviewPort,
};
use engine::calendar::BusinessZone;
use serde_json::json;
use sqlx::PgConnection;
use std::{fmt, sync::Arc};
use store::{
    alerts::{
        instances, routes,
        rules::{self as rows, RuleFields},
    },
    audit::{self, Act},
};

/// Entities that a rule's page shows.
const MOST: i64 = 200;

/// The service behind [`AlertRulesPort`].
#[derive(Clone)]
pub struct RulesService {
    backend: Backend,
    reader: Reader,
}

impl fmt::Debug for RulesService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RulesService").finish_non_exhaustive()
    }
}

fn row(of: RuleFields, zone: &BusinessZone) -> Result<RuleRow, AppError> {
    let metric = Watched::parse(&of.metric_key);
    let spec: RuleSpec = serde_json::from_value(of.spec).map_err(|_| AppError::internal())?;
    Ok(RuleRow {
        id: AlertRuleId(of.id),
        code: of.code,
        name: of.name,
        alert_type: of.alert_type,
        feature: AlertFeature::parse(&of.feature).ok_or_else(AppError::internal)?,
        metric: metric.map_or_else(|| of.metric_key.clone(), |metric| metric.label_of(spec.kind)),
        unit: metric.map_or("", |metric| metric.unit_of(spec.kind)).to_owned(),
        metric_key: of.metric_key,
        title: of.title,
        runbook: of.runbook,
        spec,
        enabled: of.enabled,
        version: of.version,
        instances: of.instances,
        firing: of.firing,
        errors: of.errors.into(),
        last_eval_at: of.last_eval_at.map(|at| zone.local(at)),
    })
}

/// The metric of a rule that has no faults.
fn checked(rule: &NewRule) -> Result<Watched, AppError> {
    let mut faults = rule.validate().err().unwrap_or_default();
    let metric = Watched::parse(&rule.metric_key);
    if metric.is_none() {
        faults.push(FieldError::new("metric_key", "There is no metric with this key."));
    }
    if metric.is_some_and(|metric| !metric.kinds().contains(&rule.spec.kind)) {
        faults.push(FieldError::new("metric_key", "A rule of this kind cannot watch this."));
    }
    if kind_of(&rule.alert_type).is_some_and(|kind| metric.is_some_and(|m| m.feature() != kind.feature)) {
        faults.push(FieldError::new("alert_type", "The program itself uses this type for something else."));
    }
    metric.filter(|_| faults.is_empty()).ok_or_else(|| AppError::validation(faults))
}

impl RulesService {
    #[must_use]
    pub fn new(backend: Backend, overview: Arc<dyn OverviewPort>) -> Self {
        Self { reader: Reader::new(backend.clone(), overview), backend }
    }

    async fn read(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        id: AlertRuleId,
    ) -> Result<RuleDetail, AppError> {
        let zone = zone_of(&store::settings::business(connection).await?);
        let found = rows::list(connection, Some(id.0)).await?.pop().ok_or_else(|| AppError::not_found("Rule"))?;
        let row = row(found, &zone)?;
        if !who.may(row.feature.right()) {
            return Err(AppError::not_found("Rule"));
        }
        let severities: Vec<_> = row.spec.levels.iter().map(|level| level.severity).collect();
        let states = instances::list(connection, id.0, MOST).await?;
        let states = states.into_iter().map(|of| {
            let level = usize::try_from(of.level).unwrap_or_default();
            Ok(RuleInstance {
                severity: level.checked_sub(1).and_then(|i| severities.get(i).copied()),
                state: RuleState::parse(&of.state).ok_or_else(AppError::internal)?,
                entity_id: of.entity_key,
                entity_label: of.entity_label,
                value: of.last_value.map(|value| value.normalize()),
                since: zone.local(of.since),
                health: of.health,
            })
        });
        let states = states.collect::<Result<_, AppError>>()?;
        Ok(RuleDetail { states, may_edit: who.may(Permission::AlertsEdit), row })
    }

    async fn audit(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        id: AlertRuleId,
        verb: &str,
        after: serde_json::Value,
    ) -> Result<(), AppError> {
        let clock = self.backend.clock.as_ref();
        let action = format!("alerts.rule_{verb}");
        let act = Act::done(&action, "alert_rule", id).after(after);
        audit::record(connection, clock.new_id(), clock.now(), who, act).await?;
        Ok(store::live::emit(connection, Topic::Alerts, "rules").await?)
    }

    /// The open alerts of a rule that is no longer looked at are over.
    async fn supersede(&self, connection: &mut PgConnection, who: &Principal, id: AlertRuleId) -> Result<(), AppError> {
        let ended = Ended { by: who.label(), how: Resolution::Superseded, note: None };
        for key in rows::open_keys(connection, id.0).await? {
            signals::clear(connection, self.backend.clock.as_ref(), &key, ended).await?;
        }
        Ok(instances::forget(connection, id.0).await?)
    }
}

fn written<'a>(
    id: AlertRuleId,
    rule: &'a NewRule,
    metric: Watched,
    spec: &'a serde_json::Value,
    by: &'a str,
    at: chrono::DateTime<chrono::Utc>,
) -> rows::NewRule<'a> {
    rows::NewRule {
        id: id.0,
        code: None,
        name: rule.name.trim(),
        alert_type: &rule.alert_type,
        feature: metric.feature().as_str(),
        entity_type: metric.entity_type(),
        metric_key: metric.key(),
        spec,
        title: rule.title.trim(),
        runbook: rule.runbook.as_deref().map(str::trim).filter(|text| !text.is_empty()),
        action_path: None,
        by,
        at,
    }
}

fn to_json(spec: &RuleSpec) -> Result<serde_json::Value, AppError> {
    serde_json::to_value(spec).map_err(|_| AppError::internal())
}

#[async_trait]
impl AlertRulesPort for RulesService {
    async fn rules(&self, who: &Principal) -> Result<Vec<RuleRow>, AppError> {
        who.require(Permission::AlertsView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let zone = zone_of(&store::settings::business(&mut connection).await?);
        let found = rows::list(&mut connection, None).await?.into_iter().map(|of| row(of, &zone));
        let found: Vec<RuleRow> = found.collect::<Result<_, _>>()?;
        Ok(found.into_iter().filter(|rule| who.may(rule.feature.right())).collect())
    }

    async fn rule(&self, who: &Principal, id: AlertRuleId) -> Result<RuleDetail, AppError> {
        who.require(Permission::AlertsView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        self.read(&mut connection, who, id).await
    }

    async fn create(&self, who: &Principal, rule: &NewRule) -> Result<RuleDetail, AppError> {
        who.require(Permission::AlertsEdit)?;
        let metric = checked(rule)?;
        let clock = self.backend.clock.as_ref();
        let (id, spec) = (AlertRuleId(clock.new_id()), to_json(&rule.spec)?);
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        rows::insert(&mut tx, &written(id, rule, metric, &spec, who.label(), clock.now())).await?;
        routes::own(&mut tx, id.0, who.user_id().map(|user| user.0)).await?;
        self.audit(&mut tx, who, id, "create", json!({ "name": rule.name, "spec": spec })).await?;
        let detail = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(detail)
    }

    async fn change(
        &self,
        who: &Principal,
        id: AlertRuleId,
        version: i32,
        rule: &NewRule,
    ) -> Result<RuleDetail, AppError> {
        who.require(Permission::AlertsEdit)?;
        let metric = checked(rule)?;
        let clock = self.backend.clock.as_ref();
        let spec = to_json(&rule.spec)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let before = rows::list(&mut tx, Some(id.0)).await?.pop().ok_or_else(|| AppError::not_found("Rule"))?;
        if !rows::change(&mut tx, version, &written(id, rule, metric, &spec, who.label(), clock.now())).await? {
            return Err(AppError::conflict(format!(
                "{} has changed this rule meanwhile. Load it again.",
                before.changed_by
            )));
        }
        // Another metric or another measure: what was known of its entities says nothing any more.
        let kind = before.spec.get("kind").and_then(|kind| kind.as_str()).and_then(RuleKind::parse);
        let other_kind = kind.unwrap_or(RuleKind::Threshold) != rule.spec.kind;
        if before.metric_key != metric.key() || before.alert_type != rule.alert_type || other_kind {
            self.supersede(&mut tx, who, id).await?;
        }
        self.audit(&mut tx, who, id, "change", json!({ "name": rule.name, "spec": spec })).await?;
        let detail = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(detail)
    }

    async fn enable(&self, who: &Principal, id: AlertRuleId, enabled: bool) -> Result<RuleDetail, AppError> {
        who.require(Permission::AlertsEdit)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let before = self.read(&mut tx, who, id).await?;
        if before.row.enabled != enabled {
            rows::enable(&mut tx, id.0, enabled, who.label(), self.backend.clock.now()).await?;
            if !enabled {
                self.supersede(&mut tx, who, id).await?;
            }
            self.audit(&mut tx, who, id, if enabled { "enable" } else { "disable" }, json!({})).await?;
        }
        let detail = self.read(&mut tx, who, id).await?;
        store::commit(tx).await?;
        Ok(detail)
    }

    async fn delete(&self, who: &Principal, id: AlertRuleId) -> Result<(), AppError> {
        who.require(Permission::AlertsEdit)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let rule = self.read(&mut tx, who, id).await?;
        if rule.row.code.is_some() {
            return Err(AppError::conflict("The program brings this rule; switch it off instead."));
        }
        self.supersede(&mut tx, who, id).await?;
        rows::delete(&mut tx, id.0, who.label(), self.backend.clock.now()).await?;
        self.audit(&mut tx, who, id, "delete", json!({ "name": rule.row.name })).await?;
        Ok(store::commit(tx).await?)
    }

    async fn preview(&self, who: &Principal, rule: &NewRule) -> Result<Vec<MetricReading>, AppError> {
        who.require(Permission::AlertsView)?;
        let metric = checked(rule)?;
        who.require(metric.feature().right())?;
        let read = self.reader.read(who, metric, &rule.spec).await?;
        let reading = |row: store::alerts::metrics::Row| MetricReading {
            severity: row.value.and_then(|value| {
                let breached = rule.spec.levels.iter().rev().find(|level| level.breached(rule.spec.op, value));
                breached.map(|level| level.severity)
            }),
            entity_id: row.entity_key,
            entity_label: row.label,
            value: row.value.map(|value| value.normalize()),
        };
        let mut readings: Vec<MetricReading> = read.into_iter().map(reading).collect();
        readings.sort_by_key(|reading| std::cmp::Reverse(reading.severity.map_or(0, |severity| severity.rank())));
        readings.truncate(usize::try_from(MOST).unwrap_or_default());
        Ok(readings)
    }

    async fn metrics(&self, who: &Principal) -> Result<Vec<Metric>, AppError> {
        who.require(Permission::AlertsView)?;
        Ok(Watched::all().filter(|metric| who.may(metric.feature().right())).map(Watched::described).collect())
    }
}
