//! The command palette: Ctrl/⌘ K over pages, actions, products and sales. Without script the search box
//! of the top bar leads to `/search`, which shows the same.

use crate::{browser, fault::Fault, features::search::find};
use domain::search::SearchResults;
use leptos::{ev, html, prelude::*};
use leptos_router::hooks::use_navigate;

/// A hit with its place among all hits.
fn paths(results: Option<&Result<SearchResults, Fault>>) -> Vec<String> {
    let groups = results.and_then(|r| r.as_ref().ok()).map(|r| r.groups.as_slice()).unwrap_or_default();
    groups.iter().flat_map(|g| g.items.iter().map(|hit| hit.path.clone())).collect()
}

#[component]
pub fn Palette() -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let (text, set_text) = signal(String::new());
    let (selected, select) = signal(0_usize);
    let search = Action::new(|q: &String| {
        let found = find(q.clone());
        async move { found.await?.open() }
    });
    let results = search.value();
    let navigate = use_navigate();

    Effect::new(move |_| {
        let handle = window_event_listener(ev::keydown, move |event| {
            if (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("k") {
                event.prevent_default();
                if let Some(dialog) = dialog.get_untracked() {
                    browser::open_dialog(&dialog);
                }
            }
        });
        on_cleanup(move || handle.remove());
    });

    let typed = move |event| {
        let q = event_target_value(&event);
        set_text.set(q.clone());
        select.set(0);
        search.dispatch(q);
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            browser::close_dialog(&dialog);
        }
    };
    let keys = move |event: ev::KeyboardEvent| {
        let hits = results.with(|r| paths(r.as_ref()));
        match event.key().as_str() {
            "ArrowDown" => {
                event.prevent_default();
                select.update(|at| *at = (*at + 1).min(hits.len().saturating_sub(1)));
            }
            "ArrowUp" => {
                event.prevent_default();
                select.update(|at| *at = at.saturating_sub(1));
            }
            // The answer may lag the typing; then the form goes to the search page with what was typed.
            "Enter" => {
                if let Some(path) = hits.get(selected.get_untracked()).filter(|_| !search.pending().get_untracked()) {
                    event.prevent_default();
                    close();
                    navigate(path, leptos_router::NavigateOptions::default());
                }
            }
            _ => {}
        }
    };
    view! {
        <dialog class="palette" node_ref=dialog aria-label="Search and commands">
            <form method="get" action="/search" role="search">
                <input
                    class="palette-input" name="q" type="search" maxlength="100" autocomplete="off" role="combobox"
                    aria-label="Search pages, products and transactions" aria-expanded="true" aria-controls="palette-list"
                    aria-activedescendant=move || format!("palette-{}", selected.get())
                    placeholder="Search pages, products, transactions…" prop:value=move || text.get()
                    on:input=typed on:keydown=keys
                />
            </form>
            <ul class="palette-list" id="palette-list" role="listbox" aria-label="Results" on:click=move |_| close()>
                {move || listed(results.get(), selected)}
            </ul>
        </dialog>
    }
}

fn listed(results: Option<Result<SearchResults, Fault>>, selected: ReadSignal<usize>) -> AnyView {
    let found = match results {
        None => return view! { <li class="empty" role="option" aria-disabled="true">"Type a SKU, a number or a name."</li> }.into_any(),
        Some(Err(Fault(error))) => return view! { <li class="empty" role="option" aria-disabled="true">{error.message}</li> }.into_any(),
        Some(Ok(found)) if found.groups.is_empty() => {
            return view! { <li class="empty" role="option" aria-disabled="true">"Nothing matches."</li> }.into_any();
        }
        Some(Ok(found)) => found,
    };
    let mut at = 0_usize;
    let mut rows = Vec::new();
    for group in found.groups {
        for hit in group.items {
            let place = at;
            at += 1;
            rows.push(view! {
                <li role="option" id=format!("palette-{place}") aria-selected=move || (selected.get() == place).to_string()>
                    <a href=hit.path tabindex="-1">{hit.title}</a>
                    <small class="meta">{group.kind.words()}" · "{hit.subtitle}</small>
                </li>
            });
        }
    }
    rows.into_any()
}
