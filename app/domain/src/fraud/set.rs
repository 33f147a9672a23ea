//! Rule sets as people write, compare and publish them (`commerce.md` 3.4).

use super::{
    Expression, Feature, Hit, Outcome, Rule, RuleSet, Thresholds,
    model::LearnedModel,
    precision::{PerformanceQuery, RulePerformance, RulePrecision},
    set_diff::SetDiff,
};
use crate::{
    AppError, FieldError,
    access::Principal,
    idempotency::{Answered, IdempotencyKey},
    ids::{CaseId, DecisionId, TransactionId},
    money::Currency,
    transactions::exact,
    words::words,
};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most rules of a set.
pub const MOST_RULES: usize = 60;
/// A backtest allows publishing for so many days.
pub const BACKTEST_DAYS: i64 = 7;

words! {
    /// What a rule set is for.
    SetState {
        Draft => "draft", "Draft";
        /// Judges sales; there is one.
        Live => "live", "Live";
        /// Judges sales beside the live one, and nobody is told; there is one at most.
        Shadow => "shadow", "In shadow";
        Retired => "retired", "Retired";
    }
}

impl SetState {
    /// Of its badge.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Live => "good",
            Self::Shadow => "warn",
            Self::Draft | Self::Retired => "neutral",
        }
    }
}

/// A set in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleSetRow {
    pub number: i32,
    pub name: String,
    pub state: SetState,
    #[serde(flatten)]
    pub thresholds: Thresholds,
    /// How many rules, and how many of them are asked.
    pub rule_count: i64,
    pub enabled_count: i64,
    /// Number of the learned score it uses.
    pub learned_model: Option<i32>,
    /// The same for the same rules, thresholds and learned score.
    pub content_hash: String,
    pub version: i32,
    pub edited_by: Option<String>,
    pub edited_at: DateTime<FixedOffset>,
    pub published_by: Option<String>,
    pub published_at: Option<DateTime<FixedOffset>>,
}

/// A rule as it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShownRule {
    pub code: String,
    pub name: String,
    pub text: String,
    pub formula: String,
    /// The same as a tree.
    #[schema(value_type = Object)]
    pub expression: serde_json::Value,
    #[schema(format = "decimal")]
    pub points: Decimal,
    /// The points are multiplied with this feature.
    pub times: Option<String>,
    pub enabled: bool,
}

impl From<&Rule> for ShownRule {
    fn from(rule: &Rule) -> Self {
        Self {
            code: rule.code.clone(),
            name: rule.name.clone(),
            text: rule.text.clone(),
            formula: rule.expression.formula(),
            expression: serde_json::to_value(&rule.expression).unwrap_or_default(),
            points: rule.points.normalize(),
            times: rule.times.map(|feature| feature.as_str().to_owned()),
            enabled: rule.enabled,
        }
    }
}

/// A set with its rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleSetDetail {
    #[serde(flatten)]
    pub row: RuleSetRow,
    pub note: Option<String>,
    pub rules: Vec<ShownRule>,
}

/// A new draft: a copy of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyRuleSet {
    /// Number of the set that is copied.
    pub copy_of: i32,
    /// That of the set with "copy" behind it where not given.
    #[serde(default)]
    pub name: Option<String>,
}

/// A rule as it is written: with a formula or a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditRule {
    pub code: String,
    pub name: String,
    pub text: String,
    #[serde(default)]
    pub formula: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub expression: Option<serde_json::Value>,
    #[serde(deserialize_with = "exact::required")]
    #[schema(schema_with = exact::schema)]
    pub points: Decimal,
    #[serde(default)]
    pub times: Option<String>,
    #[serde(default = "yes")]
    pub enabled: bool,
}

const fn yes() -> bool {
    true
}

/// A draft as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditRuleSet {
    pub name: String,
    #[serde(default, deserialize_with = "exact::optional")]
    #[schema(schema_with = exact::maybe_schema)]
    pub review_at: Option<Decimal>,
    #[serde(default, deserialize_with = "exact::optional")]
    #[schema(schema_with = exact::maybe_schema)]
    pub hold_at: Option<Decimal>,
    #[serde(default, deserialize_with = "exact::optional")]
    #[schema(schema_with = exact::maybe_schema)]
    pub decline_at: Option<Decimal>,
    #[serde(default)]
    pub note: Option<String>,
    /// Number of a learned score; none without.
    #[serde(default)]
    pub learned_model: Option<i32>,
    pub rules: Vec<EditRule>,
    /// The version that was read; `If-Match` says the same.
    #[serde(default)]
    pub version: Option<i32>,
}

/// A text of `least` to `most` characters of one line.
fn line(path: String, text: &str, least: usize, most: usize, faults: &mut Vec<FieldError>) -> String {
    let text = text.trim();
    if !(least..=most).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        faults.push(FieldError::new(path, format!("Write {least} to {most} characters on one line.")));
    }
    text.to_owned()
}

impl EditRule {
    fn read(&self, n: usize, faults: &mut Vec<FieldError>) -> Option<Rule> {
        let path = |field: &str| format!("rules[{n}].{field}");
        let name = line(path("name"), &self.name, 1, 200, faults);
        let text = line(path("text"), &self.text, 1, 500, faults);
        let times = self.times.as_deref().map(str::trim).filter(|key| !key.is_empty()).map(|key| {
            let feature = Feature::parse(key).filter(|feature| feature.kind() == super::Kind::Number);
            if feature.is_none() {
                faults.push(FieldError::new(
                    path("times"),
                    format!("There is no feature \u{201c}{key}\u{201d} that is a number."),
                ));
            }
            feature
        });
        let expression = match (&self.formula, &self.expression) {
            (Some(formula), None) => Expression::read(formula)
                .map_err(|fault| faults.push(FieldError::new(path("formula"), format!("{fault}"))))
                .ok(),
            (None, Some(tree)) => serde_json::from_value(tree.clone())
                .map_err(|fault| {
                    let told = format!("This is not an expression: {fault}.");
                    faults.push(FieldError::new(path("expression"), told));
                })
                .ok(),
            _ => {
                faults.push(FieldError::new(path("formula"), "Give a formula or an expression, and not both."));
                None
            }
        };
        Some(Rule {
            code: self.code.trim().to_owned(),
            name,
            text,
            expression: expression?,
            points: self.points.normalize(),
            times: times.flatten(),
            enabled: self.enabled,
        })
    }
}

impl EditRuleSet {
    /// The set that is meant, and its note.
    ///
    /// # Errors
    /// Every fault with its path.
    pub fn read(&self, number: i32) -> Result<(RuleSet, Option<String>), Vec<FieldError>> {
        let mut faults = Vec::new();
        let name = line("name".to_owned(), &self.name, 1, 100, &mut faults);
        let note = self.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
        let note = note.map(|note| line("note".to_owned(), note, 1, 500, &mut faults));
        if self.rules.len() > MOST_RULES {
            faults.push(FieldError::new("rules", format!("A set has {MOST_RULES} rules at most.")));
            return Err(faults);
        }
        let at = |points: Option<Decimal>| points.map(|points| points.normalize());
        let thresholds =
            Thresholds { review_at: at(self.review_at), hold_at: at(self.hold_at), decline_at: at(self.decline_at) };
        // A rule that cannot be read keeps its place, so that the paths of the others are theirs.
        let unread = || Rule {
            code: String::new(),
            name: String::new(),
            text: String::new(),
            expression: Expression::Feature(Feature::ListBlock),
            points: Decimal::ZERO,
            times: None,
            enabled: false,
        };
        let mut rules = Vec::with_capacity(self.rules.len());
        for (n, rule) in self.rules.iter().enumerate() {
            let read = rule.read(n, &mut faults);
            rules.push(read.unwrap_or_else(|| Rule {
                code: rule.code.trim().to_owned(),
                points: rule.points.normalize(),
                ..unread()
            }));
        }
        let set = RuleSet { number, name, thresholds, rules, learned_model: self.learned_model };
        faults.extend(set.validate().err().unwrap_or_default());
        if faults.is_empty() { Ok((set, note)) } else { Err(faults) }
    }
}

/// A sale that the shadow set would have judged otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Swap {
    pub transaction_id: TransactionId,
    pub number: i64,
    pub occurred_at: DateTime<FixedOffset>,
    #[schema(format = "decimal")]
    pub total: Decimal,
    pub currency: Currency,
    pub outcome: Outcome,
    #[schema(format = "decimal")]
    pub points: Decimal,
    pub shadow_outcome: Outcome,
    #[schema(format = "decimal")]
    pub shadow_points: Decimal,
    /// Rules of the shadow set that hit.
    pub shadow_hits: Vec<String>,
}

/// What a shadow set would have done otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Swaps {
    /// Sales it has judged.
    pub judged: i64,
    /// Of those, with another outcome.
    pub differ: i64,
    /// The latest of them.
    pub items: Vec<Swap>,
}

/// What the shadow set came to, as it stands with the decision of the live one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowDecision {
    pub rule_set: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<Decimal>,
    pub points: Decimal,
    pub outcome: Outcome,
    pub hits: Vec<String>,
}

/// What the caller may do with a set now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetActs {
    pub copy: bool,
    pub edit: bool,
    pub shadow: bool,
    pub publish: bool,
    pub retire: bool,
}

/// `/fraud/rules/{number}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleSetScreen {
    pub set: RuleSetDetail,
    /// `None` for the live set itself.
    pub diff: Option<SetDiff>,
    pub precision: Vec<RulePrecision>,
    /// Of a set that is or was in shadow.
    pub swaps: Option<Swaps>,
    /// When the backtest ended that allows publishing it.
    pub backtested_at: Option<DateTime<FixedOffset>>,
    /// Somebody else has to publish it.
    pub own_edit: bool,
    pub acts: SetActs,
    /// What formulas can be made of; for who may edit it.
    pub features: Vec<ShownFeature>,
    /// Learned scores that a set can use, the newest first.
    pub models: Vec<LearnedModel>,
    /// Of the next step.
    pub idempotency_key: String,
}

/// A feature as people read of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownFeature {
    pub key: String,
    pub words: String,
    pub is_number: bool,
}

impl From<Feature> for ShownFeature {
    fn from(feature: Feature) -> Self {
        Self {
            key: feature.as_str().to_owned(),
            words: feature.words().to_owned(),
            is_number: feature.kind() == super::Kind::Number,
        }
    }
}

/// `/fraud/rules`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSetsScreen {
    pub sets: Vec<RuleSetRow>,
    pub may_edit: bool,
    /// Of the next draft.
    pub idempotency_key: String,
}

/// What a decision came to, once as it is stored and once judged again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replayed {
    pub hits: Vec<Hit>,
    /// Learned probability of fraud, where the set uses one.
    #[schema(format = "decimal")]
    pub learned: Option<Decimal>,
    #[schema(format = "decimal")]
    pub points: Decimal,
    pub outcome: Outcome,
}

/// A decision judged again from what was known then, by the set of then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replay {
    /// Byte for byte.
    pub identical: bool,
    pub decision_id: DecisionId,
    pub rule_set: i32,
    /// `hits`, `learned`, `points`, `outcome`.
    pub differs: Vec<String>,
    pub stored: Replayed,
    pub replayed: Replayed,
}

/// Rule sets. Reading needs `fraud.view`, drafts and shadow `fraud.rules_edit`, publishing and retiring
/// `fraud.rules_publish`, replaying `fraud.review`.
#[async_trait]
pub trait RuleSetsPort: Send + Sync + 'static {
    /// Live, shadow, drafts, then the retired; each the newest first.
    async fn sets(&self, who: &Principal) -> Result<Vec<RuleSetRow>, AppError>;
    /// As [`RuleSetsPort::sets`], with what the page's form needs.
    async fn sets_screen(&self, who: &Principal) -> Result<RuleSetsScreen, AppError>;
    /// Learned scores that a set can use, the newest first.
    async fn models(&self, who: &Principal) -> Result<Vec<LearnedModel>, AppError>;
    /// `not_found` for a number that is none.
    async fn set(&self, who: &Principal, number: i32) -> Result<RuleSetDetail, AppError>;
    /// As [`RuleSetsPort::set`], with all that the page shows.
    async fn screen(&self, who: &Principal, number: i32) -> Result<RuleSetScreen, AppError>;
    /// Makes a draft.
    async fn copy(
        &self,
        who: &Principal,
        command: &CopyRuleSet,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<RuleSetDetail, AppError>>;
    /// Writes a draft anew; `conflict` for a set that is none, and for a version that is not the latest.
    async fn edit(&self, who: &Principal, number: i32, command: &EditRuleSet) -> Result<RuleSetDetail, AppError>;
    /// Puts a draft in shadow, in the place of the one that is.
    async fn shadow(
        &self,
        who: &Principal,
        number: i32,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<RuleSetDetail, AppError>>;
    /// Makes a set the live one. `conflict` without a backtest of the same content within seven days, and when another
    /// set was published meanwhile; `forbidden` for its last editor where somebody else could.
    async fn publish(
        &self,
        who: &Principal,
        number: i32,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<RuleSetDetail, AppError>>;
    /// Puts a draft or the set in shadow away; `conflict` for the live one.
    async fn retire(
        &self,
        who: &Principal,
        number: i32,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<RuleSetDetail, AppError>>;
    /// Of decisions of a period, 90 days where it is not given.
    async fn performance(&self, who: &Principal, query: &PerformanceQuery) -> Result<RulePerformance, AppError>;
    /// `conflict` for a decision that no set came to.
    async fn replay(&self, who: &Principal, decision: DecisionId) -> Result<Replay, AppError>;
    /// Of the decision about a case's sale; `None`: there is none.
    async fn replay_of_case(&self, who: &Principal, case: CaseId) -> Result<Option<Replay>, AppError>;
}

#[cfg(test)]
mod tests;
