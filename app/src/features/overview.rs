//! Server functions of the overview. Reads are GETs: linkable, and safe to repeat. What only the body
//! needs is named in the body, which the browser's build does not have.

pub mod attention;
pub mod cache;
pub mod fault_drill;
pub mod targets;

use crate::{fault::Fault, page_data::Packed};
use domain::overview::{Drill, KpisScreen, OverviewScreen};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// The home page; `query` is the query part of its address.
#[server(prefix = "/fn", endpoint = "overview/screen", input = GetUrl)]
pub async fn load_overview(query: String) -> Result<Packed<OverviewScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        overview::{OverviewPort, ScopeQuery},
        query::pairs,
    };
    Packed::of(&port::<dyn OverviewPort>()?.overview(&principal()?, &ScopeQuery::parse(pairs(&query))).await?)
}

/// Every figure of a scope.
#[server(prefix = "/fn", endpoint = "overview/kpis", input = GetUrl)]
pub async fn load_kpis(query: String) -> Result<Packed<KpisScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        overview::{OverviewPort, ScopeQuery},
        query::pairs,
    };
    Packed::of(&port::<dyn OverviewPort>()?.kpis(&principal()?, &ScopeQuery::parse(pairs(&query))).await?)
}

/// A figure and a page of the rows behind it.
#[server(prefix = "/fn", endpoint = "overview/rows", input = GetUrl)]
pub async fn load_rows(metric: String, query: String) -> Result<Packed<Drill>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        overview::{DrillQuery, OverviewPort},
        query::pairs,
    };
    Packed::of(&port::<dyn OverviewPort>()?.drill(&principal()?, &metric, &DrillQuery::parse(pairs(&query))).await?)
}
