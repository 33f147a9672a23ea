//! Kept figures: what is there, clearing, refreshing.

use crate::{fault::Fault, page_data::Packed};
use domain::overview::cache::CacheStatistics;
use leptos::{prelude::*, server_fn::codec::GetUrl};

#[server(prefix = "/fn", endpoint = "overview/cache", input = GetUrl)]
pub async fn load_cache() -> Result<Packed<CacheStatistics>, Fault> {
    use crate::context::{port, principal};
    use domain::overview::cache::CachePort;
    Packed::of(&port::<dyn CachePort>()?.statistics(&principal()?).await?)
}

/// Clears the figures of a pattern; a form without script comes back to the page.
#[server(prefix = "/fn", endpoint = "overview/clear_cache")]
pub async fn clear_cache(
    #[server(default)] pattern: String,
    #[server(default)] hard: Option<String>,
) -> Result<i64, Fault> {
    use crate::context::{port, principal, redirect};
    use domain::overview::cache::{CachePort, InvalidateFigures};
    let command = InvalidateFigures { pattern: pattern.trim().to_owned(), hard: hard.is_some() };
    let done = port::<dyn CachePort>()?.invalidate(&principal()?, &command).await?;
    redirect(&format!("/settings/cache?cleared={}", done.matched));
    Ok(done.matched)
}

/// Marks every figure for a new computation; `back` is the page it is asked from.
#[server(prefix = "/fn", endpoint = "overview/refresh")]
pub async fn refresh_figures(#[server(default)] back: String) -> Result<i64, Fault> {
    use crate::context::{port, principal, redirect};
    use domain::overview::cache::{CachePort, RefreshFigures};
    let command = RefreshFigures { all: true, ..RefreshFigures::default() };
    let done = port::<dyn CachePort>()?.refresh(&principal()?, &command).await?;
    redirect(crate::features::access::own_path(&back));
    Ok(done.marked)
}
