//! `/data`: what was imported, and what waits in quarantine.

pub mod import;
pub mod upload;

mod check;
mod cleaning;
mod columns;
mod quarantine;
mod undo;
mod work;

use crate::{
    components::{
        page::PageHead,
        pager::Pager,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::ingest::load_imports,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    ingest::{DataScreen, ImportState, ImportSummary, Target},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The page of all imports.
#[derive(Debug)]
pub struct DataRoute {
    cursor: Memo<Option<String>>,
    screen: PageData<DataScreen>,
}

impl LazyPage for DataRoute {
    fn data() -> Self {
        let query = use_query_map();
        let cursor = Memo::new(move |_| query.with(|q| q.get("cursor")));
        Self { cursor, screen: PageData::load(move || cursor.get(), load_imports) }
    }

    fn view(this: Self) -> AnyView {
        let DataRoute { cursor, screen } = this;
        let may_upload = session().may(Permission::IngestUpload);
        view! {
            <PageHead title="Data" scope="Imported files and rows in quarantine">
                {may_upload.then(|| view! { <a class="btn primary" href="/data/import">"Import a file"</a> })}
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move {
                    let paged = cursor.get_untracked().is_some();
                    ready_or_failed(screen.await, move |screen| screen_view(screen, paged))
                })}
            </Transition>
            <section class="card">
                <h2>"Templates"</h2>
                <ul>
                    {Target::ALL.iter().map(|target| view! {
                        <li>
                            {target.title()}": "
                            <a rel="external" download href=format!("/api/v1/ingest/targets/{target}/template.csv")>"CSV"</a>", "
                            <a rel="external" download href=format!("/api/v1/ingest/targets/{target}/template.xlsx")>"XLSX with notes"</a>
                        </li>
                    }).collect_view()}
                </ul>
            </section>
        }
        .into_any()
    }
}

fn screen_view(screen: DataScreen, paged: bool) -> impl IntoView {
    let locale = session().business.locale;
    let waiting = screen.quarantine.iter().map(|q| {
        let text = format!(
            "{} rows of {} imports wait in quarantine ({})",
            format::count(q.rows.into(), &locale),
            q.imports,
            q.target.title()
        );
        view! { <p class="stale" role="status">{text}</p> }
    });
    let waiting = waiting.collect_view();
    let total = format::count(screen.imports.total, &locale);
    if screen.imports.items.is_empty() {
        return view! {
            {waiting}
            <Empty message="Nothing was imported yet."><a class="btn" href="/data/import">"Import a file"</a></Empty>
        }
        .into_any();
    }
    let rows = screen.imports.items.iter().map(|import| row(import, &locale)).collect_view();
    let first = paged.then(|| "/data".to_owned());
    let next = screen.imports.next_cursor.map(|cursor| format!("/data?cursor={cursor}"));
    view! {
        {waiting}
        <section class="card">
            <p class="total" role="status">{total}" imports"</p>
            <div class="table-wrap">
                <table class="stack">
                    <thead>
                        <tr>
                            <th>"Import"</th><th>"File"</th><th>"State"</th><th class="r">"Rows"</th><th class="r">"Recorded"</th>
                            <th class="r">"In quarantine"</th><th>"Uploaded"</th><th>"By"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <Pager first next/>
        </section>
    }
    .into_any()
}

fn row(import: &ImportSummary, locale: &str) -> impl IntoView + use<> {
    let count = |pick: fn(&domain::ingest::Counts) -> u32| {
        import.counts.as_ref().map_or_else(|| "–".to_owned(), |counts| format::count(pick(counts).into(), locale))
    };
    view! {
        <tr>
            <td data-label="Import"><a href=format!("/data/import/{}", import.id)>{format!("#{}", import.number)}</a></td>
            <td data-label="File">{import.file_name.clone()}</td>
            <td data-label="State">{state_badge(import)}</td>
            <td class="r" data-label="Rows">{count(|c| c.lines)}</td>
            <td class="r" data-label="Recorded">
                {if import.state.is_committed() { count(domain::ingest::Counts::created) } else { "–".to_owned() }}
            </td>
            <td class="r" data-label="In quarantine">{format::count(import.open_rows.into(), locale)}</td>
            <td data-label="Uploaded">{format::date_time(import.created_at)}</td>
            <td data-label="By">{import.created_by.clone()}</td>
        </tr>
    }
}

/// An undo is no import, though it is a batch like one.
fn state_badge(import: &ImportSummary) -> AnyView {
    if import.is_undo {
        view! { <span class="badge neutral">"Undo of an import"</span> }.into_any()
    } else {
        view! { <StateBadge state=import.state/> }.into_any()
    }
}

/// State in words and colour.
#[component]
pub fn StateBadge(state: ImportState) -> impl IntoView {
    let class = match state {
        ImportState::Committed => "badge good",
        ImportState::CommittedPartial => "badge warn",
        ImportState::Failed => "badge bad",
        ImportState::Previewed | ImportState::Mapped => "badge info",
        ImportState::Uploaded | ImportState::Cancelled | ImportState::Undone => "badge neutral",
    };
    view! { <span class=class>{state.label()}</span> }
}
