//! The document as the browser has it.

use domain::access::SessionView;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::JsCast;

fn root() -> Option<web_sys::HtmlElement> {
    web_sys::window()?.document()?.document_element()?.dyn_into().ok()
}

/// The session that the server wrote into `<script id="session" type="application/json">`.
pub fn embedded_session() -> Option<SessionView> {
    let text = web_sys::window()?.document()?.get_element_by_id("session")?.text_content()?;
    serde_json::from_str(&text).ok()
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

/// Lets `passed` grow by the second while the document is shown.
pub fn count_seconds(passed: RwSignal<u32>) {
    let begun = js_sys::Date::now();
    let count = move || {
        let hidden = web_sys::window().and_then(|w| w.document()).is_some_and(|d| d.hidden());
        if !hidden {
            // Milliseconds since the document came alive: far below 2^32 seconds.
            passed.set(((js_sys::Date::now() - begun) / 1_000.0).max(0.0) as u32);
        }
    };
    set_interval(count, Duration::from_secs(1));
}

/// The fields of the form in which `event` happened, as the query of a GET of it. A submit is taken over
/// when its button says GET (`None` leaves any other to the browser); the button's own value is added.
pub fn form_query(event: &web_sys::Event) -> Option<String> {
    let form = event.target()?.dyn_into::<web_sys::Element>().ok()?.closest("form").ok()??;
    let form: web_sys::HtmlFormElement = form.dyn_into().ok()?;
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut button = None;
    if event.type_() == "submit" {
        let submitter = js_sys::Reflect::get(event, &"submitter".into()).ok()?;
        let property = |name: &str| js_sys::Reflect::get(&submitter, &name.into()).ok().and_then(|v| v.as_string());
        if property("formMethod").as_deref() != Some("get") {
            return None;
        }
        event.prevent_default();
        button = property("name").filter(|name| !name.is_empty()).zip(property("value"));
    }
    let data = web_sys::FormData::new_with_form(&form).ok()?;
    for entry in js_sys::try_iter(&data).ok()?? {
        let entry: js_sys::Array = entry.ok()?.dyn_into().ok()?;
        if let (Some(name), Some(value)) = (entry.get(0).as_string(), entry.get(1).as_string()) {
            pairs.push((name, value));
        }
    }
    pairs.retain(|(name, value)| !value.is_empty() && name != "csrf_token" && name != "idempotency_key");
    pairs.extend(button);
    Some(domain::query::write(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))))
}

/// Whether the `<details>` in which `event` happened stands open.
pub fn is_open(event: &web_sys::Event) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|element| element.has_attribute("open"))
}

pub fn open_dialog(dialog: &web_sys::HtmlDialogElement) {
    // Already open: nothing to do.
    let _ = dialog.show_modal();
}

pub fn close_dialog(dialog: &web_sys::HtmlDialogElement) {
    dialog.close();
}
