//! Removes the demo world, wholly.

use crate::fault::Fault;
use leptos::prelude::*;

/// Answers with the number of rows removed. A form without script comes back to the page of the demo data.
#[server(prefix = "/fn", endpoint = "demo/remove")]
pub async fn remove_demo() -> Result<i64, Fault> {
    use crate::context::{port, principal, redirect};
    let removed = port::<dyn domain::demo::DemoPort>()?.remove(&principal()?).await?;
    let admin = if removed.kept_admin { "&admin=kept" } else { "" };
    redirect(&format!("/settings/demo?removed={}{admin}", removed.total));
    Ok(removed.total)
}
