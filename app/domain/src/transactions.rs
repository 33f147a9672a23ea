//! Feature `transactions`.
