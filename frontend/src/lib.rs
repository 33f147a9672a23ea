//! The browser's entry point, and nothing else.

/// Takes over the HTML that the server rendered.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    app::browser::hydrate();
}
