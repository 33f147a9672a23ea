//! The content security policy of `platform.md` 3.4.

use leptos::nonce::Nonce;

/// Policy of a page whose inline scripts carry `nonce`. Style attributes are allowed only because
/// the chart library writes them.
#[must_use]
pub fn policy_for(nonce: &Nonce) -> String {
    policy(&format!(" 'nonce-{nonce}'"))
}

/// Policy of every answer that is not a page.
#[must_use]
pub fn policy_without_scripts() -> String {
    policy("")
}

fn policy(nonce: &str) -> String {
    format!(
        "default-src 'self'; script-src 'self'{nonce} 'wasm-unsafe-eval'; style-src 'self'{nonce}; \
         style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}
