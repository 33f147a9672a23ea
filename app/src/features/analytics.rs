//! Server functions of sales analytics.

use crate::{fault::Fault, page_data::Packed};
use domain::analytics::AnalyticsScreen;
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// The page; `query` is the query part of its address.
#[server(prefix = "/fn", endpoint = "analytics/screen", input = GetUrl)]
pub async fn load_analytics(query: String) -> Result<Packed<AnalyticsScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{analytics::AnalyticsPort, overview::ScopeQuery, query::pairs};
    let pairs = pairs(&query);
    let category = pairs.iter().find(|(name, _)| name == "category").map(|(_, value)| value.clone());
    let scope = ScopeQuery::parse(pairs);
    Packed::of(&port::<dyn AnalyticsPort>()?.screen(&principal()?, &scope, category.as_deref()).await?)
}
