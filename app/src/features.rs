//! Server functions, one folder a feature, and the right that each of them needs.

use domain::access::Access;

/// Every server function with its right. The server refuses a call to a path that is not listed;
/// the permission walk fails on a function that is missing here.
pub const SERVER_FUNCTIONS: &[(&str, Access)] = &[];

/// The right of the server function at `path`.
#[must_use]
pub fn access_of(path: &str) -> Option<Access> {
    SERVER_FUNCTIONS.iter().find(|(listed, _)| *listed == path).map(|(_, access)| *access)
}
