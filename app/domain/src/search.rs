//! Feature `search`.
