//! What the demo world left in the database.

use crate::{fault::Fault, page_data::Packed};
use domain::demo::DemoView;
use leptos::{prelude::*, server_fn::codec::GetUrl};

#[server(prefix = "/fn", endpoint = "demo/view", input = GetUrl)]
pub async fn demo_overview() -> Result<Packed<DemoView>, Fault> {
    use crate::context::{port, principal};
    Packed::of(&port::<dyn domain::demo::DemoPort>()?.view(&principal()?).await?)
}
