//! What an export of a list asks for: the list's own filter, read as the list reads it.

use crate::{
    access::secret::Keys,
    services::{alerts, customers, fraud, inventory, transactions::scope},
};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    alerts::AlertQuery,
    customers::CustomerQuery,
    fraud::{ScoreQuery, case::CaseQuery},
    inventory::ProductQuery,
    query,
    transactions::SaleQuery,
};
use engine::calendar::BusinessZone;
use sqlx::PgConnection;
use store::exports::{CasesScope, Dataset, ScoresScope, Selection};

/// The rows, and the filter in the words of an address.
pub(super) async fn selection(
    connection: &mut PgConnection,
    who: &Principal,
    dataset: Dataset,
    pairs: &[(String, String)],
    (zone, now): (BusinessZone, DateTime<Utc>),
    keys: &Keys,
) -> Result<(Selection, String), AppError> {
    let named = || pairs.iter().map(|(n, v)| (n, v));
    Ok(match dataset {
        Dataset::Products => {
            let asked = ProductQuery::parse(named()).map_err(AppError::validation)?.whole();
            (Selection::Products(inventory::scope(connection, &asked).await?), asked.to_query())
        }
        Dataset::Customers => {
            let asked = CustomerQuery::parse(named()).map_err(AppError::validation)?.whole();
            (Selection::Customers(customers::scope(who, &asked, keys)), asked.to_query())
        }
        Dataset::Transactions | Dataset::TransactionLines | Dataset::Refunds => {
            let asked = SaleQuery::parse(named()).map_err(AppError::validation)?;
            let (sort, ascending) = (asked.sort, asked.ascending);
            let scope = scope(who, &asked, zone, now);
            (Selection::Sales { dataset, scope, sort, ascending }, filter_of(&asked))
        }
        Dataset::FraudCases => {
            let asked = CaseQuery::parse(pairs.to_vec());
            let which = fraud::cases::which(who, &asked, now)?;
            let with_rules = who.may(Permission::FraudReview);
            (Selection::FraudCases(CasesScope { which, with_rules, now }), asked.to_query())
        }
        Dataset::FraudScores => {
            let asked = ScoreQuery::parse(named()).map_err(AppError::validation)?;
            let scope = ScoresScope {
                from: asked.from.map(|day| zone.day_range(day).start),
                until: asked.to.map(|day| zone.day_range(day).end),
                outcome: asked.outcome.map(|outcome| outcome.as_str().to_owned()),
            };
            (Selection::FraudScores(scope), asked.to_query())
        }
        Dataset::Alerts => {
            let asked = AlertQuery::parse(pairs.to_vec()).map_err(AppError::validation)?;
            let kept = |name: &str| name == "sort" || AlertQuery::NARROWING.contains(&name);
            let said = named().filter(|(name, value)| kept(name) && !value.is_empty());
            let filter = query::write(said.map(|(name, value)| (name.as_str(), value.as_str())));
            (Selection::Alerts(Box::new(alerts::scope(who, &asked, zone, now))), filter)
        }
    })
}

/// Filter and order, without the place in the list: an export is never cut.
fn filter_of(asked: &SaleQuery) -> String {
    let whole = SaleQuery { limit: domain::paging::DEFAULT_LIMIT, ..asked.first_page() };
    let pairs = whole.to_pairs();
    query::write(pairs.iter().map(|(n, v)| (*n, v.as_str())))
}
