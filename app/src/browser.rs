//! The browser's own things: everything that touches the DOM outside a view. The one place, beside
//! module lists, where the two builds differ.

#[cfg(feature = "hydrate")]
mod document;
#[cfg(not(feature = "hydrate"))]
#[path = "browser/absent.rs"]
mod document;
#[cfg(feature = "hydrate")]
mod hydration;
#[cfg(feature = "hydrate")]
mod live;

#[cfg(feature = "hydrate")]
mod echarts;
#[cfg(not(feature = "hydrate"))]
#[path = "browser/no_charts.rs"]
mod echarts;

#[cfg(not(feature = "hydrate"))]
pub use document::listen;
pub use document::{close_dialog, count_seconds, embedded_session, form_query, is_open, open_dialog, set_theme};
pub use echarts::{dispose_chart, draw_chart};
#[cfg(feature = "hydrate")]
pub use hydration::hydrate;
#[cfg(feature = "hydrate")]
pub use live::listen;
