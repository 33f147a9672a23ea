//! Pages, one file (or folder) a route, and the right that each of them needs.

pub mod forbidden;
pub mod not_found;
pub mod overview;

use domain::access::{Access, Permission};

/// Every page with its right, in axum's notation. The server makes its page routes from this list;
/// a test compares it with the router's own.
pub const PAGES: &[(&str, Access)] = &[("/", Access::Needs(Permission::OverviewView))];
