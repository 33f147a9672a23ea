//! Feature `ingest`.
