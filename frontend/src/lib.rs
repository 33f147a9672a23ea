//! The browser's entry point, and nothing else.

// The type of a page is the nesting of its elements; release builds walk it to the bottom.
#![recursion_limit = "512"]

/// Takes over the HTML that the server rendered.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_lazy(app::App);
}
