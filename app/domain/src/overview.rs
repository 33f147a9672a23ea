//! Feature `overview`.
