//! Feature `audit`.
