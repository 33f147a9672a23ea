//! The document as the browser has it.

use domain::access::SessionView;
use wasm_bindgen::JsCast;

fn root() -> Option<web_sys::HtmlElement> {
    web_sys::window()?.document()?.document_element()?.dyn_into().ok()
}

/// The session that the server wrote into `<script id="session" type="application/json">`.
pub fn embedded_session() -> Option<SessionView> {
    let text = web_sys::window()?.document()?.get_element_by_id("session")?.text_content()?;
    serde_json::from_str(&text).ok()
}

/// Tells tests (and nobody else) that hydration is done.
pub fn mark_hydrated() {
    if let Some(root) = root() {
        let _ = root.set_attribute("data-hydrated", "true");
    }
}

/// Shows `theme` at once and keeps it in the cookie for the next first HTML.
pub fn set_theme(theme: &str) {
    if let Some(root) = root() {
        let _ = if theme == "system" {
            root.remove_attribute("data-theme")
        } else {
            root.set_attribute("data-theme", theme)
        };
    }
    let cookie = format!("theme={theme}; path=/; max-age=31536000; samesite=lax");
    let document: Option<wasm_bindgen::JsValue> = web_sys::window().and_then(|w| w.document()).map(Into::into);
    if let Some(document) = document {
        let _ = js_sys::Reflect::set(&document, &"cookie".into(), &cookie.into());
    }
}
