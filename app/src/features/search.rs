//! Server function of the search.

use crate::fault::Fault;
use domain::search::SearchResults;
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// What matches `q`; nothing for an empty one.
#[server(prefix = "/fn", endpoint = "search/find", input = GetUrl)]
pub async fn find(q: String) -> Result<SearchResults, Fault> {
    use crate::context::{port, principal};
    use domain::search::{IN_ALL, SearchPort};
    if q.trim().is_empty() {
        return Ok(SearchResults::default());
    }
    Ok(port::<dyn SearchPort>()?.search(&principal()?, &q, &[], IN_ALL).await?)
}
