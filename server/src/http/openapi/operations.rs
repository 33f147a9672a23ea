//! What every operation takes and answers, by family; a test holds it against the route table.

mod access;
mod alerts;
mod analytics;
mod attention;
mod batches;
mod catalogue;
mod dealers;
mod fraud;
mod ingest;
mod jobs;
mod networks;
mod optimize;
mod overview;
mod sales;
mod scenarios;
mod system;

use super::operation::Operation;

/// The families under the names of the page.
const FAMILIES: &[(&str, &[Operation])] = &[
    ("health", system::HEALTH),
    ("access", access::OPERATIONS),
    ("settings", system::SETTINGS),
    ("audit", system::AUDIT),
    ("overview", overview::OPERATIONS),
    ("attention", attention::OPERATIONS),
    ("alerts", alerts::OPERATIONS),
    ("transactions", sales::TRANSACTIONS),
    ("fraud", fraud::OPERATIONS),
    ("analytics", analytics::OPERATIONS),
    ("reports", analytics::REPORTS),
    ("catalogue", catalogue::PRODUCTS),
    ("customers", catalogue::CUSTOMERS),
    ("dealers", dealers::OPERATIONS),
    ("dealers", dealers::RECORDS),
    ("dealers", dealers::FETCHES),
    ("dealers", dealers::LITERAL),
    ("exports", sales::EXPORTS),
    ("planning", optimize::OPERATIONS),
    ("planning", optimize::SECOND_SPELLING),
    ("planning", optimize::PLANS),
    ("planning", scenarios::OPERATIONS),
    ("planning", batches::OPERATIONS),
    ("planning", networks::OPERATIONS),
    ("search", system::SEARCH),
    ("ingest", ingest::OPERATIONS),
    ("demo", system::DEMO),
    ("live", system::LIVE),
    ("jobs", jobs::OPERATIONS),
];

fn all() -> impl Iterator<Item = (&'static str, &'static Operation)> {
    FAMILIES.iter().flat_map(|(tag, family)| family.iter().map(|operation| (*tag, operation)))
}

/// The operation of a route such as `GET /api/v1/jobs`, with its family.
pub fn of(route: &str) -> Option<(&'static str, &'static Operation)> {
    all().find(|(_, operation)| operation.route == route)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{openapi::openapi_path, router::table};
    use std::collections::BTreeSet;

    #[test]
    fn every_route_has_its_operation_and_every_operation_its_route() {
        let routes: BTreeSet<_> =
            table().iter().map(|route| format!("{} {}", route.method, openapi_path(&route.path))).collect();
        let described: Vec<_> = all().map(|(_, operation)| operation.route.to_owned()).collect();
        assert_eq!(described.len(), described.iter().collect::<BTreeSet<_>>().len(), "one is described twice");
        assert_eq!(routes, described.into_iter().collect());
    }
}
