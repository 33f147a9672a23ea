//! Server functions of what needs a hand, of the sources, and of the area cards.

use crate::{fault::Fault, page_data::Packed};
use domain::overview::{area::AreaCard, attention::AttentionList, source::FreshnessScreen, status::SystemStatus};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// What needs a hand; `query` is the query part of the page's address.
#[server(prefix = "/fn", endpoint = "overview/attention", input = GetUrl)]
pub async fn load_attention(query: String) -> Result<Packed<AttentionList>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        overview::attention::{AttentionPort, AttentionQuery},
        query::pairs,
    };
    let asked = AttentionQuery::parse(pairs(&query));
    Packed::of(&port::<dyn AttentionPort>()?.attention(&principal()?, &asked).await?)
}

/// Puts an item off for `until`: `1h`, `today` or `7d`. A form without script names the page it goes `back` to, whose
/// address then says what was put off; with script the page knows.
#[server(prefix = "/fn", endpoint = "overview/snooze")]
pub async fn snooze_item(key: String, until: String, #[server(default)] back: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::overview::attention::{AttentionPort, SnoozeItem, snoozed_link};
    port::<dyn AttentionPort>()?.snooze(&principal()?, &key, &SnoozeItem { until }).await?;
    if !back.is_empty() {
        redirect(&snoozed_link(crate::features::access::own_path(&back), &key));
    }
    Ok(())
}

/// Brings an item back that was put off.
#[server(prefix = "/fn", endpoint = "overview/unsnooze")]
pub async fn unsnooze_item(key: String) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::overview::attention::AttentionPort;
    Ok(port::<dyn AttentionPort>()?.unsnooze(&principal()?, &key).await?)
}

/// Every source; `query` is the query part of the page's address.
#[server(prefix = "/fn", endpoint = "overview/freshness", input = GetUrl)]
pub async fn load_freshness(query: String) -> Result<Packed<FreshnessScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        overview::source::{SourceQuery, SourcesPort},
        query::pairs,
    };
    let query = SourceQuery::parse(pairs(&query));
    let sources = port::<dyn SourcesPort>()?.sources(&principal()?, &query).await?;
    Packed::of(&FreshnessScreen { query, sources })
}

/// What the figures stand on.
#[server(prefix = "/fn", endpoint = "overview/status", input = GetUrl)]
pub async fn load_status() -> Result<Packed<SystemStatus>, Fault> {
    use crate::context::{port, principal};
    use domain::overview::source::SourcesPort;
    Packed::of(&port::<dyn SourcesPort>()?.status(&principal()?).await?)
}

/// The card of an area; `query` is the query part of the home page's address.
#[server(prefix = "/fn", endpoint = "overview/area", input = GetUrl)]
pub async fn load_area(area: String, query: String) -> Result<Packed<AreaCard>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        overview::{
            ScopeQuery,
            area::{Area, AreasPort},
        },
        query::pairs,
    };
    let area = Area::parse(&area).ok_or_else(|| AppError::not_found("Area"))?;
    let asked = ScopeQuery::parse(pairs(&query));
    Packed::of(&port::<dyn AreasPort>()?.area(&principal()?, area, &asked).await?)
}
