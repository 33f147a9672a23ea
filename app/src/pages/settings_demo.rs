//! `/settings/demo`: what of the data is demo, and how it leaves.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Empty, ready_or_failed},
    },
    context::session,
    features::demo::demo_overview,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    demo::{DemoBatch, DemoView, TableRows},
    format,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// Where the form of the removal goes.
const REMOVE: &str = "/fn/demo/remove";

/// The page of the demo data.
#[derive(Debug)]
pub struct DemoRoute {
    demo: PageData<DemoView>,
}

impl LazyPage for DemoRoute {
    fn data() -> Self {
        Self { demo: PageData::load(|| (), |()| demo_overview()) }
    }

    fn view(this: Self) -> AnyView {
        let demo = this.demo;
        view! {
            <PageHead title="Demo data" scope="A generated shop: believable, and nobody's"/>
            <RemovalNote/>
            <Transition>{move || Suspend::new(async move { ready_or_failed(demo.await, overview) })}</Transition>
        }
        .into_any()
    }
}

/// What the removal that led here did.
#[component]
fn RemovalNote() -> impl IntoView {
    let query = use_query_map();
    let locale = session().business.locale;
    let removed = move || query.read().get("removed").and_then(|text| text.parse::<i64>().ok());
    let kept = move || query.read().get("admin").is_some();
    view! {
        {move || removed().map(|rows| view! {
            <div class="note" role="status">
                <p>{format!("{} demo rows were removed. Live rows are as they were.", format::count(rows, &locale))}</p>
                {kept().then(|| view! {
                    <p>"The account admin@demo.millrace stays, because it is the only administrator. Change its password, or make another administrator and disable it."</p>
                })}
            </div>
        })}
    }
}

fn overview(demo: DemoView) -> AnyView {
    if demo.total == 0 && demo.batches.is_empty() {
        return view! {
            <Empty message="There is no demo data in this database.">
                <p>"To load it, run " <code>"millrace seed"</code> " on the server. Beside live data it needs " <code>"--mix"</code> "."</p>
            </Empty>
        }
        .into_any();
    }
    let total = demo.total;
    let obstacles = demo.obstacles.clone();
    view! {
        <section class="card" aria-labelledby="demo-loaded">
            <h2 id="demo-loaded">"Loaded"</h2>
            <Batches batches=demo.batches/>
        </section>
        <section class="card" aria-labelledby="demo-rows">
            <h2 id="demo-rows">"Rows marked as demo"</h2>
            <Rows rows=demo.rows total/>
        </section>
        <section class="card" aria-labelledby="demo-remove">
            <h2 id="demo-remove">"Remove"</h2>
            <Removal total obstacles/>
        </section>
    }
    .into_any()
}

#[component]
fn Batches(batches: Vec<DemoBatch>) -> impl IntoView {
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr><th>"Part"</th><th>"Up to"</th><th>"Seed"</th><th>"Loaded"</th><th>"State"</th></tr></thead>
                <tbody>
                    {batches.into_iter().map(|batch| view! {
                        <tr>
                            <td data-label="Part">{batch.part.label()}</td>
                            <td data-label="Up to">{format::date(batch.as_of)}</td>
                            <td data-label="Seed">{batch.seed.to_string()}</td>
                            <td data-label="Loaded">
                                <time datetime=format::date_time_machine(batch.loaded_at) title=format::date_time_full(batch.loaded_at)>
                                    {format::date_time(batch.loaded_at)}
                                </time>
                            </td>
                            <td data-label="State">{state_badge(batch.complete)}</td>
                        </tr>
                    }).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

fn state_badge(complete: bool) -> impl IntoView {
    let (class, text) =
        if complete { ("badge good", "Complete") } else { ("badge warn", "Broken off; run millrace seed again") };
    view! { <span class=class>{text}</span> }
}

#[component]
fn Rows(rows: Vec<TableRows>, total: i64) -> impl IntoView {
    let locale = session().business.locale;
    let total = format::count(total, &locale);
    view! {
        <div class="table-wrap">
            <table>
                <thead><tr><th>"Table"</th><th class="num">"Rows"</th></tr></thead>
                <tbody>
                    {rows.into_iter().map(|row| view! {
                        <tr>
                            <td><code>{row.table}</code></td>
                            <td class="num">{format::count(row.rows, &locale)}</td>
                        </tr>
                    }).collect_view()}
                </tbody>
                <tfoot><tr><th scope="row">"All"</th><td class="num">{total}</td></tr></tfoot>
            </table>
        </div>
    }
}

/// The button that asks once more, and the form behind it. A full page load with and without script,
/// because the banner of every page goes with the rows.
#[component]
fn Removal(total: i64, obstacles: Vec<String>) -> impl IntoView {
    let state = FormState::plain(REMOVE);
    let rows = format::count(total, &session().business.locale);
    let blocked = !obstacles.is_empty();
    view! {
        <ErrorSummary state/>
        {blocked.then(|| view! {
            <div class="banner warn" role="note">
                <p>"Live rows refer to demo rows. Remove or change them first; until then the demo data stays."</p>
                <ul>{obstacles.into_iter().map(|text| view! { <li>{text}</li> }).collect_view()}</ul>
            </div>
        })}
        {(!blocked).then(|| view! {
            <p>"Takes away every row marked as demo, the rows below them, and the demo log-ins. Live rows stay as they are. It cannot be undone, but the same world can be loaded again."</p>
            <details>
                <summary class="btn danger">"Remove demo data…"</summary>
                <form method="post" action=REMOVE class="stack-y">
                    <CsrfField/>
                    <p>{format!("{rows} rows will be removed.")}</p>
                    <button class="btn danger primary" type="submit">{format!("Remove {rows} demo rows")}</button>
                </form>
            </details>
        })}
    }
}
