//! Feature `system`.
