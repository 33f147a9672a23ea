//! Rules over many sales at once: what is known of each goes into a table of the transaction, and the set becomes one
//! statement over it.

use super::formula::{column, sql};
use crate::Result;
use domain::fraud::{Feature, Features, Kind, Outcome, RuleSet, Value};
use rust_decimal::Decimal;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use std::{collections::BTreeSet, fmt::Write as _};

/// Bytes after which a part is sent.
const PART: usize = 1 << 20;

/// Sales that are gathered to be judged. The table lives as long as the caller's transaction.
#[derive(Debug)]
pub struct Gathered {
    features: Vec<Feature>,
    text: String,
    count: i32,
}

impl Gathered {
    /// Makes the table, for what `sets` ask for; each can have a learned probability.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn begin(connection: &mut PgConnection, sets: &[&RuleSet]) -> Result<Self> {
        let mut asked = BTreeSet::from([Feature::ListBlock, Feature::ListAllow]);
        for rule in sets.iter().flat_map(|set| &set.rules) {
            asked.extend(rule.expression.features());
            asked.extend(rule.times);
        }
        let features: Vec<Feature> = asked.into_iter().collect();
        let mut make = "create temporary table judged (n int not null".to_owned();
        for (at, _) in sets.iter().enumerate() {
            let _ = write!(make, ", learned_{at} numeric");
        }
        for feature in &features {
            let kind = match feature.kind() {
                Kind::Number => "numeric",
                Kind::Truth => "boolean",
            };
            let _ = write!(make, ", {} {kind}", column(*feature));
        }
        make.push_str(") on commit drop");
        sqlx::query(AssertSqlSafe(make)).execute(connection).await?;
        Ok(Self { features, text: String::with_capacity(PART + (1 << 16)), count: 0 })
    }

    /// Adds a sale, with the learned probability of each set; they are numbered from 0. Answers whether it is time to
    /// [`Gathered::send`].
    pub fn add(&mut self, known: &Features, learned: &[Option<Decimal>]) -> bool {
        let _ = write!(self.text, "{}", self.count);
        self.count += 1;
        for learned in learned {
            let _ = match learned {
                Some(learned) => write!(self.text, "\t{learned}"),
                None => write!(self.text, "\t\\N"),
            };
        }
        for feature in &self.features {
            let _ = match known.get(*feature) {
                None => write!(self.text, "\t\\N"),
                Some(Value::Number(number)) => write!(self.text, "\t{number}"),
                Some(Value::Truth(truth)) => write!(self.text, "\t{truth}"),
            };
        }
        self.text.push('\n');
        self.text.len() >= PART
    }

    /// Sends what was added.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn send(&mut self, connection: &mut PgConnection) -> Result<()> {
        if !self.text.is_empty() {
            let mut copy = connection.copy_in_raw("copy pg_temp.judged from stdin").await?;
            copy.send(self.text.as_bytes()).await?;
            copy.finish().await?;
            self.text.clear();
        }
        Ok(())
    }

    /// Judges all of them by a set and the learned probability at its place; in the order in which they were added.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn judge(&mut self, connection: &mut PgConnection, set: &RuleSet, at: usize) -> Result<Vec<Verdict>> {
        self.send(connection).await?;
        let rows = sqlx::query(AssertSqlSafe(statement(set, at))).fetch_all(connection).await?;
        rows.into_iter()
            .map(|row| {
                let hits: Vec<i32> = row.try_get(0)?;
                let outcome: String = row.try_get(2)?;
                Ok(Verdict {
                    hits: hits.into_iter().filter_map(|at| usize::try_from(at).ok()).collect(),
                    rule_points: row.try_get(3)?,
                    points: row.try_get(1)?,
                    outcome: Outcome::parse(&outcome).ok_or_else(|| sqlx::Error::Decode(outcome.into()))?,
                })
            })
            .collect()
    }
}

/// What a set came to for one sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Places, in the set, of the rules that hit.
    pub hits: Vec<usize>,
    /// Of the rules alone.
    pub rule_points: Decimal,
    pub points: Decimal,
    pub outcome: Outcome,
}

/// As `domain::fraud::decide`, for all rows of the table.
fn statement(set: &RuleSet, at: usize) -> String {
    let rules: Vec<_> = set.rules.iter().enumerate().filter(|(_, rule)| rule.enabled).collect();
    let (mut hits, mut points, mut places) = (String::new(), "0".to_owned(), String::new());
    for (n, rule) in &rules {
        let _ = write!(hits, ", coalesce({}, false) as h{n}", sql(&rule.expression));
        let times = rule.times.map(|feature| format!(" * coalesce({}, 0)", column(feature))).unwrap_or_default();
        let _ = write!(points, " + case when h{n} then ({})::numeric{times} else 0 end", rule.points);
        let _ = write!(places, "{}case when h{n} then {n} end", if places.is_empty() { "" } else { ", " });
    }
    let block = column(Feature::ListBlock);
    let allow = column(Feature::ListAllow);
    let reached = |outcome: &str, at: Option<Decimal>| {
        at.map(|at| format!("when points >= ({at})::numeric then '{outcome}' ")).unwrap_or_default()
    };
    let thresholds = [
        reached("decline", set.thresholds.decline_at),
        reached("hold", set.thresholds.hold_at),
        reached("review", set.thresholds.review_at),
    ]
    .concat();
    format!(
        "select hits, points,
                case when {block} then 'decline'
                     when {allow} and by_points in ('hold', 'decline') then 'review'
                     else by_points end,
                rule_points
         from (select *, case {thresholds} when true then 'approve' end as by_points
               from (select n, {block}, {allow}, array_remove(array[{places}]::int[], null) as hits,
                            round(least(100, {points} + 60 * coalesce(learned_{at}, 0)), 2) as points,
                            round(least(100, {points}), 2) as rule_points
                     from (select *{hits} from pg_temp.judged offset 0) j) p) o
         order by n"
    )
}
