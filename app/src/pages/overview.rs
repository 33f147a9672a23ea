//! `/`: how the day goes.

use crate::components::page::PageHead;
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// The overview.
#[derive(Debug)]
pub struct OverviewRoute;

#[lazy_route]
impl LazyRoute for OverviewRoute {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        view! { <PageHead title="Overview"/> }.into_any()
    }
}
