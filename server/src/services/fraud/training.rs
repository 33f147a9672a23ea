//! A learned score that is in use, learned anew from later sales (`commerce.md` 6). What comes of it is a draft: nothing
//! judges by it before somebody has published it.

use super::{backtesting, backtesting::Watch, content_hash, judging_sets, rule_sets};
use crate::{backend::Backend, services::transactions::zone_of};
use chrono::{Days as Count, NaiveDate};
use domain::{
    AppError,
    access::Principal,
    fraud::{
        RuleSet,
        backtest::{CARDS, Days, NewBacktest, Report, Source},
        set::SetState,
    },
    ids::{BacktestId, JobId},
    live::Topic,
};
use serde_json::json;
use sqlx::PgConnection;
use store::{
    audit::{self, Act},
    fraud::{
        backtests as rows, history, models,
        sets::{self, NewSet, Which},
    },
};

/// The newest days are not learned from: on them the score is measured.
const MEASURED: u64 = 14;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trained {
    /// A draft with the new score: their numbers.
    Draft { set: i32, model: i32 },
    /// Why there is none.
    Not(String),
}

/// Days to learn from and to measure on: as many as the score in use was learned from, up to yesterday.
fn periods(in_use: &models::StoredModel, today: NaiveDate) -> (Days, Days) {
    let learned = u64::try_from((in_use.trained_to - in_use.trained_from).num_days()).unwrap_or(1).max(1);
    let measured = Days { from: today - Count::new(MEASURED), to: today - Count::new(1) };
    let trained = Days { from: measured.from - Count::new(learned), to: measured.from - Count::new(1) };
    (trained, measured)
}

/// Learns anew the score that the live set uses, else the one in shadow.
///
/// # Errors
/// When the database fails, or the run is stopped.
pub async fn train(backend: &Backend, who: &Principal, run: JobId, watch: &dyn Watch) -> Result<Trained, AppError> {
    let clock = backend.clock.as_ref();
    let mut tx = store::begin(&backend.pools.jobs).await?;
    let (live, shadow) = judging_sets(&mut tx, clock).await?;
    let Some((judge, model)) = [Some(live), shadow].into_iter().flatten().find_map(|judge| {
        let model = judge.set.learned_model?;
        Some((judge, model))
    }) else {
        store::commit(tx).await?;
        return Ok(Trained::Not("No rule set that judges uses a learned score.".to_owned()));
    };
    let in_use = models::list(&mut tx, Some(model), 1).await?.pop().ok_or_else(AppError::internal)?;
    let zone = zone_of(&store::settings::business(&mut tx).await?);
    let (trained, measured) = periods(&in_use, zone.day_of(clock.now()));
    if !history::any_sale(&mut tx, &zone.days_range(measured.from, measured.to)).await? {
        store::commit(tx).await?;
        let told = format!("No sale was recorded from {} to {}, to measure a score on.", measured.from, measured.to);
        return Ok(Trained::Not(told));
    }
    let (_, delay) = history::settings(&mut tx).await?;
    let new = NewBacktest {
        rule_set: judge.set.number,
        source: Source::Own,
        dataset_id: None,
        from: measured.from,
        to: measured.to,
        label_delay_days: delay,
        train: Some(trained),
        k: CARDS,
    };
    let content_hash = content_hash(&judge.set)?;
    let backtest = rows::NewBacktest {
        id: clock.new_id(),
        rule_set_id: judge.id,
        content_hash: &content_hash,
        dataset_id: None,
        parameters: &serde_json::to_value(&new).map_err(|_| AppError::internal())?,
        run_id: run.0,
        by: who.label(),
        at: clock.now(),
    };
    rows::insert(&mut tx, &backtest).await?;
    store::live::emit(&mut tx, Topic::Fraud, "backtests").await?;
    store::commit(tx).await?;

    let id = BacktestId(backtest.id);
    if let Err(error) = backtesting::run(backend, id, who.label(), watch).await {
        backtesting::fail(backend, id, &error.message).await?;
        return Err(error);
    }
    let mut tx = store::begin(&backend.pools.jobs).await?;
    let told = rows::list(&mut tx, Some(id.0), 1).await?.pop().and_then(|of| of.report);
    let report: Report = serde_json::from_value(told.unwrap_or_default()).map_err(|_| AppError::internal())?;
    let trained = drafted(&mut tx, backend, who, judge.set, &report).await?;
    store::commit(tx).await?;
    Ok(trained)
}

/// A copy of the set with the score that the backtest has learned.
async fn drafted(
    connection: &mut PgConnection,
    backend: &Backend,
    who: &Principal,
    of: RuleSet,
    report: &Report,
) -> Result<Trained, AppError> {
    let Some(model) = report.learned.as_ref().and_then(|learned| learned.model) else {
        let why = report.unlearned.clone().unwrap_or_else(|| "Nothing was learned.".to_owned());
        return Ok(Trained::Not(why));
    };
    let (clock, copied) = (backend.clock.as_ref(), of.number);
    let number = sets::next_number(connection).await?;
    let name = format!("{} learned anew", of.name.chars().take(80).collect::<String>());
    let set = RuleSet { number, name, learned_model: Some(model), ..of };
    let content_hash = content_hash(&set)?;
    let all = sets::list(connection, Which::default()).await?;
    if let Some(waits) = all.iter().find(|of| of.content_hash == content_hash && of.state != SetState::Retired.as_str())
    {
        return Ok(Trained::Not(format!("Rule set {} has this score already.", waits.set.number)));
    }
    let note = format!(
        "Learned score {model} in place of {}; the rules are those of rule set {copied}.",
        of.learned_model.map_or_else(|| "none".to_owned(), |number| number.to_string())
    );
    let new = NewSet {
        id: clock.new_id(),
        set: &set,
        state: SetState::Draft.as_str(),
        content_hash: &content_hash,
        note: Some(&note),
        by: who.label(),
        by_id: who.user_id().map(|user| user.0),
        at: clock.now(),
    };
    if !sets::insert(connection, &new).await? {
        return Err(AppError::internal());
    }
    let after = json!({ "name": set.name, "copy_of": copied, "learned_model": model });
    let act = Act::done("fraud.rule_set_create", "fraud_rule_set", number).after(after);
    audit::record(connection, clock.new_id(), clock.now(), who, act).await?;
    store::live::emit(connection, Topic::Fraud, &rule_sets::key(number)).await?;
    Ok(Trained::Draft { set: number, model })
}
