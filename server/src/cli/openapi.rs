//! `millrace openapi`: the API description on stdout.

use crate::{failure::Failure, http};

pub fn run() -> Result<(), Failure> {
    let text = http::openapi::document(&http::router::table())
        .to_pretty_json()
        .map_err(|e| Failure::internal(e.to_string()))?;
    println!("{text}");
    Ok(())
}
