//! Users, grants, sessions, tokens and sign-in attempts.

pub mod attempts;
pub mod links;
pub mod sessions;
pub mod tokens;
pub mod users;
