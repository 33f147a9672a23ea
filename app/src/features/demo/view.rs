//! What the demo world left in the database.

use crate::fault::Fault;
use domain::demo::DemoView;
use leptos::{prelude::*, server_fn::codec::GetUrl};

#[server(prefix = "/fn", endpoint = "demo/view", input = GetUrl)]
pub async fn demo_overview() -> Result<DemoView, Fault> {
    use crate::context::{port, principal};
    Ok(port::<dyn domain::demo::DemoPort>()?.view(&principal()?).await?)
}
