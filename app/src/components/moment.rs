//! A moment: short, in full for who points at it, exact for machines.

use chrono::{DateTime, FixedOffset};
use domain::format;
use leptos::prelude::*;

pub fn when(at: DateTime<FixedOffset>) -> impl IntoView {
    view! { <time datetime=format::date_time_machine(at) title=format::date_time_full(at)>{format::date_time(at)}</time> }
}
