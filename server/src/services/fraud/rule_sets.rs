//! Rule sets: read, drafted, compared (`commerce.md` 3.4).

use super::{content_hash, judging_sets, publishing, replaying};
use crate::{
    backend::Backend,
    services::{
        idempotency::{Request, once},
        stale::stale,
        transactions::zone_of,
    },
};
use async_trait::async_trait;
use chrono::{DateTime, Datelike, Duration, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    fraud::{
        Feature, Outcome, RuleSet,
        backtest::Days,
        model::LearnedModel,
        precision::{PerformanceQuery, RulePerformance, ranked},
        set::{
            BACKTEST_DAYS, CopyRuleSet, EditRuleSet, Replay, RuleSetDetail, RuleSetRow, RuleSetScreen, RuleSetsPort,
            RuleSetsScreen, SetActs, SetState, ShadowDecision, ShownRule, Swap, Swaps,
        },
        set_diff::SetDiff,
    },
    idempotency::{Answered, IdempotencyKey},
    ids::{CaseId, DecisionId, TransactionId},
    live::Topic,
};
use engine::calendar::BusinessZone;
use serde_json::json;
use sqlx::PgConnection;
use std::fmt;
use store::{
    audit::{self, Act},
    fraud::{
        hits::{self, Period, SwapRow},
        models as kept,
        sets::{self as rows, NewSet, SetRow, Which},
    },
};

/// Days of a period that is not given.
const USUAL_DAYS: u64 = 90;
/// Longest period.
const MOST_DAYS: i64 = 3_660;
/// Sales of another outcome that the page shows.
const MOST_SWAPS: i64 = 100;
/// Learned scores to choose from.
const MOST_MODELS: i64 = 100;

/// The service behind [`RuleSetsPort`].
#[derive(Clone)]
pub struct RuleSetsService {
    pub(super) backend: Backend,
}

impl fmt::Debug for RuleSetsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleSetsService").finish_non_exhaustive()
    }
}

fn row(of: &SetRow, zone: &BusinessZone) -> Result<RuleSetRow, AppError> {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(RuleSetRow {
        number: of.set.number,
        name: of.set.name.clone(),
        state: SetState::parse(&of.state).ok_or_else(AppError::internal)?,
        thresholds: of.set.thresholds,
        rule_count: count(of.set.rules.len()),
        enabled_count: count(of.set.rules.iter().filter(|rule| rule.enabled).count()),
        learned_model: of.set.learned_model,
        content_hash: of.content_hash.clone(),
        version: of.version,
        edited_by: of.edited_by.clone(),
        edited_at: zone.local(of.edited_at),
        published_by: of.published_by.clone(),
        published_at: of.published_at.map(|at| zone.local(at)),
    })
}

fn detail(of: &SetRow, zone: &BusinessZone) -> Result<RuleSetDetail, AppError> {
    let rules = of.set.rules.iter().map(ShownRule::from).collect();
    Ok(RuleSetDetail { row: row(of, zone)?, note: of.note.clone(), rules })
}

fn swap(of: SwapRow, zone: &BusinessZone) -> Result<Swap, AppError> {
    let shadow: ShadowDecision = serde_json::from_value(of.shadow).map_err(|_| AppError::internal())?;
    Ok(Swap {
        transaction_id: TransactionId(of.transaction_id),
        number: of.number,
        occurred_at: zone.local(of.occurred_at),
        total: of.total.normalize(),
        currency: of.currency.parse().map_err(|_| AppError::internal())?,
        outcome: Outcome::parse(&of.outcome).ok_or_else(AppError::internal)?,
        points: of.points.normalize(),
        shadow_outcome: shadow.outcome,
        shadow_points: shadow.points,
        shadow_hits: shadow.hits,
    })
}

/// The key under which pages hear of a set.
pub(super) fn key(number: i32) -> String {
    format!("rules/{number}")
}

pub(super) async fn zone(connection: &mut PgConnection) -> Result<BusinessZone, AppError> {
    Ok(zone_of(&store::settings::business(connection).await?))
}

pub(super) async fn find(connection: &mut PgConnection, number: i32) -> Result<SetRow, AppError> {
    let which = Which { number: Some(number), ..Which::default() };
    rows::list(connection, which).await?.pop().ok_or_else(|| AppError::not_found("Rule set"))
}

impl RuleSetsService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    /// The built-in sets are there from the first look on.
    async fn opened(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, AppError> {
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        if rows::places(&mut tx, false).await?.live.is_none() {
            judging_sets(&mut tx, self.backend.clock.as_ref()).await?;
            store::commit(tx).await?;
            tx = store::begin(&self.backend.pools.analytics).await?;
        }
        Ok(tx)
    }

    pub(super) async fn shown(&self, connection: &mut PgConnection, number: i32) -> Result<RuleSetDetail, AppError> {
        let zone = zone(connection).await?;
        detail(&find(connection, number).await?, &zone)
    }

    pub(super) async fn told(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        number: i32,
        at: DateTime<Utc>,
        act: Act<'_>,
    ) -> Result<(), AppError> {
        audit::record(connection, self.backend.clock.new_id(), at, who, act).await?;
        Ok(store::live::emit(connection, Topic::Fraud, &key(number)).await?)
    }

    async fn add(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        command: &CopyRuleSet,
        at: DateTime<Utc>,
    ) -> Result<RuleSetDetail, AppError> {
        judging_sets(connection, self.backend.clock.as_ref()).await?;
        let of = Which { number: Some(command.copy_of), ..Which::default() };
        let copied = rows::list(connection, of).await?.pop();
        let copied = copied.ok_or_else(|| AppError::field("copy_of", "There is no rule set of this number."))?;
        let name = command.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let name = name
            .map_or_else(|| format!("{} copy", copied.set.name.chars().take(95).collect::<String>()), str::to_owned);
        if name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(AppError::field("name", "Write 1 to 100 characters on one line."));
        }
        let number = rows::next_number(connection).await?;
        let set = RuleSet { number, name, ..copied.set };
        let content_hash = content_hash(&set)?;
        let new = NewSet {
            id: self.backend.clock.new_id(),
            set: &set,
            state: SetState::Draft.as_str(),
            content_hash: &content_hash,
            note: None,
            by: who.label(),
            by_id: who.user_id().map(|user| user.0),
            at,
        };
        if !rows::insert(connection, &new).await? {
            return Err(AppError::internal());
        }
        let after = json!({ "name": set.name, "copy_of": command.copy_of });
        let act = Act::done("fraud.rule_set_create", "fraud_rule_set", number).after(after);
        self.told(connection, who, number, at, act).await?;
        self.shown(connection, number).await
    }

    async fn swaps(
        &self,
        connection: &mut PgConnection,
        number: i32,
        zone: &BusinessZone,
    ) -> Result<Option<Swaps>, AppError> {
        let shadowed = hits::shadowed(connection, number).await?;
        if shadowed.judged == 0 {
            return Ok(None);
        }
        let items = hits::swaps(connection, number, MOST_SWAPS).await?;
        let items = items.into_iter().map(|row| swap(row, zone)).collect::<Result<_, _>>()?;
        Ok(Some(Swaps { judged: shadowed.judged, differ: shadowed.differ, items }))
    }
}

async fn models(connection: &mut PgConnection, zone: &BusinessZone) -> Result<Vec<LearnedModel>, AppError> {
    let found = kept::list(connection, None, MOST_MODELS).await?;
    let shown = found.into_iter().map(|of| LearnedModel {
        number: of.number,
        dataset: of.dataset,
        trained: Days { from: zone.day_of(of.trained_from), to: zone.day_of(of.trained_to - Duration::seconds(1)) },
        labelled: of.labelled,
        frauds: of.frauds,
        roc_auc: of.roc_auc,
        average_precision: of.average_precision,
        by: of.by,
        created_at: zone.local(of.created_at),
    });
    Ok(shown.collect())
}

/// What `who` may do with it, the rest being as it should.
fn acts(who: &Principal, state: SetState) -> SetActs {
    let (edit, publish) = (who.may(Permission::FraudRulesEdit), who.may(Permission::FraudRulesPublish));
    SetActs {
        copy: edit,
        edit: edit && state == SetState::Draft,
        shadow: edit && state == SetState::Draft,
        publish: publish && state != SetState::Live,
        retire: publish && matches!(state, SetState::Draft | SetState::Shadow),
    }
}

#[async_trait]
impl RuleSetsPort for RuleSetsService {
    async fn sets(&self, who: &Principal) -> Result<Vec<RuleSetRow>, AppError> {
        who.require(Permission::FraudView)?;
        let mut tx = self.opened().await?;
        let zone = zone(&mut tx).await?;
        let found = rows::list(&mut tx, Which::default()).await?;
        let found = found.iter().map(|set| row(set, &zone)).collect();
        store::commit(tx).await?;
        found
    }

    async fn sets_screen(&self, who: &Principal) -> Result<RuleSetsScreen, AppError> {
        Ok(RuleSetsScreen {
            sets: self.sets(who).await?,
            may_edit: who.may(Permission::FraudRulesEdit),
            idempotency_key: self.backend.clock.new_id().to_string(),
        })
    }

    async fn models(&self, who: &Principal) -> Result<Vec<LearnedModel>, AppError> {
        who.require(Permission::FraudView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let zone = zone(&mut connection).await?;
        models(&mut connection, &zone).await
    }

    async fn set(&self, who: &Principal, number: i32) -> Result<RuleSetDetail, AppError> {
        who.require(Permission::FraudView)?;
        let mut tx = self.opened().await?;
        let set = self.shown(&mut tx, number).await?;
        store::commit(tx).await?;
        Ok(set)
    }

    async fn screen(&self, who: &Principal, number: i32) -> Result<RuleSetScreen, AppError> {
        who.require(Permission::FraudView)?;
        let mut tx = self.opened().await?;
        let zone = zone(&mut tx).await?;
        let set = find(&mut tx, number).await?;
        let live = rows::judging(&mut tx).await?.live;
        let now = self.backend.clock.now();
        // Which rules hit is shown to reviewers.
        let (mut precision, mut swaps) = (Vec::new(), None);
        if who.may(Permission::FraudReview) {
            let ever = Period { set: Some(number), from: DateTime::<Utc>::UNIX_EPOCH, until: now + Duration::days(1) };
            precision = ranked(hits::counted(&mut tx, ever).await?);
            swaps = self.swaps(&mut tx, number, &zone).await?;
        }
        let since = now - Duration::days(BACKTEST_DAYS);
        let backtested_at = rows::backtested(&mut tx, &set.content_hash, since).await?;
        let own_edit = publishing::is_own_edit(&mut tx, who, &set, now).await?;
        let acts = acts(who, SetState::parse(&set.state).ok_or_else(AppError::internal)?);
        let screen = RuleSetScreen {
            diff: live.filter(|live| live.id != set.id).map(|live| SetDiff::between(&live.set, &set.set)),
            precision,
            swaps,
            backtested_at: backtested_at.map(|at| zone.local(at)),
            own_edit,
            features: if acts.edit {
                Feature::ALL.iter().map(|feature| (*feature).into()).collect()
            } else {
                Vec::new()
            },
            models: models(&mut tx, &zone).await?,
            acts,
            idempotency_key: self.backend.clock.new_id().to_string(),
            set: detail(&set, &zone)?,
        };
        store::commit(tx).await?;
        Ok(screen)
    }

    async fn copy(
        &self,
        who: &Principal,
        command: &CopyRuleSet,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<RuleSetDetail, AppError>> {
        if let Err(error) = who.require(Permission::FraudRulesEdit) {
            return Answered::of(Err(error));
        }
        let at = self.backend.clock.now();
        let request = Request { who, key, route: "POST /api/v1/fraud/rule-sets", body: command, status: 201 };
        let answered = once(&self.backend.pools.analytics, at, request, async |connection: &mut PgConnection| {
            self.add(connection, who, command, at).await
        });
        Answered::of(answered.await)
    }

    async fn edit(&self, who: &Principal, number: i32, command: &EditRuleSet) -> Result<RuleSetDetail, AppError> {
        who.require(Permission::FraudRulesEdit)?;
        let (set, note) = command.read(number).map_err(AppError::validation)?;
        let at = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        rows::hold(&mut tx, number).await?;
        let before = find(&mut tx, number).await?;
        if before.state != SetState::Draft.as_str() {
            return Err(AppError::conflict("Only a draft can be changed; make a copy of this set."));
        }
        if command.version.is_some_and(|version| version != before.version) {
            let when = zone(&mut tx).await?.local(before.edited_at);
            return Err(stale("rule set", before.edited_by.as_deref(), when, before.version));
        }
        if let Some(model) = set.learned_model
            && kept::list(&mut tx, Some(model), 1).await?.is_empty()
        {
            return Err(AppError::field("learned_model", "There is no learned score with this number."));
        }
        let content_hash = content_hash(&set)?;
        if set != before.set || note != before.note {
            let new = NewSet {
                id: before.id,
                set: &set,
                state: SetState::Draft.as_str(),
                content_hash: &content_hash,
                note: note.as_deref(),
                by: who.label(),
                by_id: who.user_id().map(|user| user.0),
                at,
            };
            if !rows::rewrite(&mut tx, &new).await? {
                return Err(AppError::internal());
            }
            let diff = SetDiff::between(&before.set, &set);
            let change = json!({
                "name": set.name,
                "thresholds": diff.thresholds,
                "learned_model": set.learned_model,
                "added": diff.added.iter().map(|rule| &rule.code).collect::<Vec<_>>(),
                "removed": diff.removed.iter().map(|rule| &rule.code).collect::<Vec<_>>(),
                "changed": diff.changed,
            });
            let act = Act::done("fraud.rule_set_edit", "fraud_rule_set", number)
                .before(json!({ "name": before.set.name, "content_hash": before.content_hash }))
                .after(change);
            self.told(&mut tx, who, number, at, act).await?;
        }
        let shown = self.shown(&mut tx, number).await?;
        store::commit(tx).await?;
        Ok(shown)
    }

    async fn shadow(
        &self,
        who: &Principal,
        number: i32,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<RuleSetDetail, AppError>> {
        publishing::moved(self, who, number, SetState::Shadow, key).await
    }

    async fn publish(
        &self,
        who: &Principal,
        number: i32,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<RuleSetDetail, AppError>> {
        publishing::moved(self, who, number, SetState::Live, key).await
    }

    async fn retire(
        &self,
        who: &Principal,
        number: i32,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<RuleSetDetail, AppError>> {
        publishing::moved(self, who, number, SetState::Retired, key).await
    }

    async fn performance(&self, who: &Principal, query: &PerformanceQuery) -> Result<RulePerformance, AppError> {
        who.require(Permission::FraudReview)?;
        let mut tx = self.opened().await?;
        let zone = zone(&mut tx).await?;
        let today = zone.day_of(self.backend.clock.now());
        let to = query.to.unwrap_or(today);
        let from = query.from.unwrap_or_else(|| to.checked_sub_days(chrono::Days::new(USUAL_DAYS - 1)).unwrap_or(to));
        let years = 1970..=9998;
        let fits = years.contains(&from.year()) && years.contains(&to.year());
        if !fits || !(0..MOST_DAYS).contains(&(to - from).num_days()) {
            let told = format!("The period ends on its first day or later, and within {MOST_DAYS} days.");
            return Err(AppError::field("from", told));
        }
        if let Some(number) = query.rule_set {
            find(&mut tx, number).await?;
        }
        let range = zone.days_range(from, to);
        let of = Period { set: query.rule_set, from: range.start, until: range.end };
        let items = ranked(hits::counted(&mut tx, of).await?);
        store::commit(tx).await?;
        Ok(RulePerformance { from, to, rule_set: query.rule_set, items })
    }

    async fn replay(&self, who: &Principal, decision: DecisionId) -> Result<Replay, AppError> {
        who.require(Permission::FraudReview)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        replaying::again(&mut connection, decision).await
    }

    async fn replay_of_case(&self, who: &Principal, case: CaseId) -> Result<Option<Replay>, AppError> {
        who.require(Permission::FraudReview)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        match replaying::of_case(&mut connection, case).await? {
            Some(decision) => Ok(Some(replaying::again(&mut connection, decision).await?)),
            None => Ok(None),
        }
    }
}
