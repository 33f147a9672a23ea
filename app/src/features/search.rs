//! Server function of the search.

use crate::{fault::Fault, page_data::Packed};
use domain::search::SearchResults;
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// What matches `q`; nothing for an empty one.
#[server(prefix = "/fn", endpoint = "search/find", input = GetUrl)]
pub async fn find(q: String) -> Result<Packed<SearchResults>, Fault> {
    use crate::context::{port, principal};
    use domain::search::{IN_ALL, SearchPort};
    if q.trim().is_empty() {
        return Packed::of(&SearchResults::default());
    }
    Packed::of(&port::<dyn SearchPort>()?.search(&principal()?, &q, &[], IN_ALL).await?)
}
