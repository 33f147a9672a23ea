//! Every figure of the program.

use domain::freshness::Declaration;
use std::sync::LazyLock;

static ALL: LazyLock<Vec<&'static Declaration>> =
    LazyLock::new(|| [domain::overview::figures(), domain::analytics::declared::figures()].concat());

/// In the order of the features.
#[must_use]
pub fn catalogue() -> &'static [&'static Declaration] {
    &ALL
}

/// The figure of that key.
#[must_use]
pub fn declared(key: &str) -> Option<&'static Declaration> {
    ALL.iter().copied().find(|declared| declared.key == key)
}
