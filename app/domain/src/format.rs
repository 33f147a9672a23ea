//! Feature `format`.
