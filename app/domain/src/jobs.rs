//! Feature `jobs`.
