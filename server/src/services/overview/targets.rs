//! Targets: listed to everybody who sees figures, set by administrators.

use super::measure::Context;
use crate::backend::Backend;
use async_trait::async_trait;
use domain::{
    AppError,
    access::{Permission, Principal},
    ids::TargetId,
    live::Topic,
    overview::{MetricKey, NewTarget, SetTarget, Target, TargetsPort, TargetsScreen, Unit},
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::fmt;
use store::{
    StoreError,
    audit::{self, Act},
    overview as sums,
};

/// The service behind [`TargetsPort`].
pub struct TargetsService {
    backend: Backend,
}

impl fmt::Debug for TargetsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetsService").finish_non_exhaustive()
    }
}

impl TargetsService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    async fn told(&self, connection: &mut PgConnection, who: &Principal, act: Act<'_>) -> Result<(), AppError> {
        audit::record(connection, self.backend.clock.new_id(), self.backend.clock.now(), who, act).await?;
        store::live::emit(connection, Topic::Settings, "targets").await?;
        Ok(())
    }
}

#[async_trait]
impl TargetsPort for TargetsService {
    async fn targets(&self, who: &Principal) -> Result<TargetsScreen, AppError> {
        who.require(Permission::OverviewView)?;
        let mut tx = store::snapshot(&self.backend.pools.admin).await?;
        let context = Context::read(&mut tx).await?;
        let mut targets = sums::targets(&mut tx).await?;
        // In the order in which the figures stand everywhere; those of one figure stay as they are.
        targets.sort_by_key(|target| MetricKey::ALL.iter().position(|metric| *metric == target.metric));
        Ok(TargetsScreen {
            targets,
            today: context.zone.day_of(self.backend.clock.now()),
            currency: context.business.base_currency,
        })
    }

    async fn set(&self, who: &Principal, command: SetTarget) -> Result<Target, AppError> {
        who.require(Permission::OverviewTargetsEdit)?;
        let target = command.validate().map_err(AppError::validation)?;
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let base = Context::read(&mut tx).await?.business.base_currency;
        let currency = (target.metric.unit() == Unit::Money).then(|| base.as_str());
        let before = same(&mut tx, &target).await?;
        match target.version {
            None => {
                let id = self.backend.clock.new_id();
                sums::insert_target(&mut tx, id, &target, currency, who.label(), now).await.map_err(taken)?;
            }
            Some(version) => {
                if !sums::change_target(&mut tx, &target, version, currency, now).await? {
                    return Err(changed(before.as_ref()));
                }
            }
        }
        let after = same(&mut tx, &target).await?.ok_or_else(AppError::internal)?;
        let act = Act::done("overview.target_set", "target", after.id).after(shown(&after));
        let act = match target.version.and(before) {
            Some(before) => act.before(shown(&before)),
            None => act,
        };
        self.told(&mut tx, who, act).await?;
        store::commit(tx).await?;
        Ok(after)
    }

    async fn delete(&self, who: &Principal, id: TargetId) -> Result<(), AppError> {
        who.require(Permission::OverviewTargetsEdit)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let found = sums::targets(&mut tx).await?.into_iter().find(|target| target.id == id);
        let target = found.ok_or_else(|| AppError::not_found("Target"))?;
        if !sums::delete_target(&mut tx, id).await? {
            return Err(AppError::not_found("Target"));
        }
        let act = Act::done("overview.target_delete", "target", id).before(shown(&target));
        self.told(&mut tx, who, act).await?;
        store::commit(tx).await?;
        Ok(())
    }
}

/// The target of the same figure, period and first day.
async fn same(connection: &mut PgConnection, asked: &NewTarget) -> Result<Option<Target>, AppError> {
    Ok(sums::targets(connection).await?.into_iter().find(|target| {
        (target.metric, target.period, target.valid_from) == (asked.metric, asked.period, asked.valid_from)
    }))
}

fn shown(target: &Target) -> Value {
    json!({
        "metric": target.metric,
        "period": target.period,
        "valid_from": target.valid_from,
        "value": target.value,
        "currency": target.currency,
        "note": target.note,
    })
}

fn taken(error: StoreError) -> AppError {
    if error.constraint() == Some(sums::ONE_A_DAY) {
        return AppError::conflict(
            "There is a target of this figure from this day on already. Change that one, or choose another first day.",
        )
        .with_field("valid_from", "From this day on there is a target already.");
    }
    error.into()
}

fn changed(now: Option<&Target>) -> AppError {
    match now {
        Some(target) => AppError::conflict(format!(
            "The target was changed by somebody else in the meantime (now version {}). Look at it again and repeat your change.",
            target.version
        ))
        .with_field("version", target.version.to_string()),
        None => AppError::conflict("There is no such target any more. Set it as a new one.")
            .with_field("version", "deleted"),
    }
}
