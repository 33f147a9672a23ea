//! Taking over the HTML that the server rendered.

use crate::root::App;
use leptos::{mount::hydrate_from_async, prelude::document};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::spawn_local;

/// Hydrates the document, the page's own code included; then `<html data-hydrated>` says so.
pub fn hydrate() {
    let Some(body) = document().body() else { return };
    let done = Rc::new(Cell::new(false));
    leave_to_the_browser_until(&done);
    spawn_local(async move {
        hydrate_from_async(body, App).await.forget();
        done.set(true);
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-hydrated", "true");
        }
    });
}

/// Whether the page is taken over. Data that is read anew before that would be matched with HTML of the old.
pub fn is_hydrated() -> bool {
    document().document_element().is_some_and(|root| root.has_attribute("data-hydrated"))
}

/// Links and forms work as without script until the page is taken over. The router listens from its first
/// moment, while the page's own code may still be on its way: followed by the router then, a link would
/// change the address under a page that is being hydrated, and the next page would be matched with this one's HTML.
fn leave_to_the_browser_until(done: &Rc<Cell<bool>>) {
    let Some(window) = web_sys::window() else { return };
    for kind in ["click", "submit"] {
        let done = Rc::clone(done);
        let listener = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            if !done.get() && (event.type_() == "submit" || is_on_a_link(&event)) {
                event.stop_immediate_propagation();
            }
        });
        // While capturing: before anything of the page hears of it.
        let _ = window.add_event_listener_with_callback_and_bool(kind, listener.as_ref().unchecked_ref(), true);
        listener.forget();
    }
}

fn is_on_a_link(event: &web_sys::Event) -> bool {
    let element = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|e| e.closest("a[href]").is_ok_and(|link| link.is_some()))
}
