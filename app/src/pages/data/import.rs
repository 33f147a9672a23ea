//! `/data/import/{id}`: columns, check, result and quarantine of one import.

use super::{
    check::Findings,
    cleaning::Cleanings,
    columns::ColumnsForm,
    quarantine::{Quarantine, Repairs},
    state_badge,
    undo::{UndoForm, Undone},
    work::{Running, Steps},
};
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::session,
    features::ingest::{
        CancelImport, CheckAgain, CleanRows, CommitImport, MapColumns, StopWork, UndoImport, load_import,
    },
    page_data::PageData,
    pages::LazyPage,
    pages::not_found::NotFound,
};
use domain::{
    access::Permission,
    format,
    ingest::{ImportDetail, ImportScreen, ImportState, Target, Work},
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use std::time::Duration;

/// Time between two looks at running work.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
struct Acts {
    map: ServerAction<MapColumns>,
    check: ServerAction<CheckAgain>,
    clean: ServerAction<CleanRows>,
    commit: ServerAction<CommitImport>,
    undo: ServerAction<UndoImport>,
    stop: ServerAction<StopWork>,
    cancel: ServerAction<CancelImport>,
    repairs: Repairs,
}

impl Acts {
    /// Rises with every act that has come back.
    fn version(self) -> usize {
        self.map.version().get()
            + self.check.version().get()
            + self.clean.version().get()
            + self.commit.version().get()
            + self.undo.version().get()
            + self.stop.version().get()
            + self.cancel.version().get()
            + self.repairs.edit.version().get()
            + self.repairs.rerun.version().get()
            + self.repairs.discard.version().get()
    }
}

/// The page of one import.
#[allow(missing_debug_implementations, reason = "leptos actions have none")]
pub struct ImportRoute {
    acts: Acts,
    cursor: Memo<Option<String>>,
    screen: PageData<Option<ImportScreen>>,
}

impl LazyPage for ImportRoute {
    fn data() -> Self {
        let (params, query) = (use_params_map(), use_query_map());
        let cursor = Memo::new(move |_| query.with(|q| q.get("cursor")));
        let acts = Acts {
            map: ServerAction::new(),
            check: ServerAction::new(),
            clean: ServerAction::new(),
            commit: ServerAction::new(),
            undo: ServerAction::new(),
            stop: ServerAction::new(),
            cancel: ServerAction::new(),
            repairs: Repairs { edit: ServerAction::new(), rerun: ServerAction::new(), discard: ServerAction::new() },
        };
        let asked = move || (params.with(|p| p.get("id").unwrap_or_default()), cursor.get(), acts.version());
        let screen = PageData::load(asked, |(id, cursor, _)| load_import(id, cursor));
        Self { acts, cursor, screen }
    }

    fn view(this: Self) -> AnyView {
        let ImportRoute { acts, cursor, screen } = this;
        // While a job is open, look again every second; effects run in the browser only.
        Effect::new(move |_| {
            let open = screen.latest().flatten().is_some_and(|s| s.import.work.as_ref().is_some_and(Work::is_open));
            if open {
                set_timeout(move || screen.refetch(), LOOK_AGAIN);
            }
        });
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move {
                    let paged = cursor.get_untracked().is_some();
                    ready_or_failed(screen.await, move |found| match found {
                        Some(screen) => screen_view(screen, acts, paged).into_any(),
                        None => view! { <NotFound/> }.into_any(),
                    })
                })}
            </Transition>
        }
        .into_any()
    }
}

fn screen_view(screen: ImportScreen, acts: Acts, paged: bool) -> impl IntoView {
    let ImportScreen { import, rows } = screen;
    let view = session();
    let (may_upload, may_commit) = (view.may(Permission::IngestUpload), view.may(Permission::IngestPromote));
    let summary = import.summary.clone();
    let id = summary.id.to_string();
    let title = format!("Import #{}", summary.number);
    let scope = format!(
        "{} · {} · {} rows · {}",
        summary.target.title(),
        summary.file_name,
        format::count(import.shape.rows.into(), &view.business.locale),
        import.mapping.options.zone
    );
    let open_work = import.work.clone().filter(Work::is_open);
    let at = match (summary.state, &open_work) {
        (ImportState::Committed | ImportState::CommittedPartial | ImportState::Undone, _) => 4,
        (_, Some(work)) if work.kind == "import_commit" => 4,
        (_, Some(_)) | (ImportState::Previewed, None) => 3,
        _ => 2,
    };
    let seen_before = import.imported_as.iter().map(|n| format!("#{n}")).collect::<Vec<_>>().join(", ");
    let seen_before = (!seen_before.is_empty() && summary.state.is_open())
        .then(|| view! { <p class="stale" role="status">{format!("This very file was imported as {seen_before}. Going on changes nothing that is recorded.")}</p> });
    let failure = import
        .failure
        .clone()
        .filter(|_| open_work.is_none())
        .map(|text| view! { <div class="error-summary" role="alert"><p>{text}</p></div> });
    let is_idle_and_open = open_work.is_none() && summary.state.is_open();
    let show_columns = is_idle_and_open && may_upload;
    let show_findings = open_work.is_none() && summary.counts.is_some();
    let badge = state_badge(&summary);
    let show_cleanings = show_columns && summary.state == ImportState::Previewed && !import.proposals.is_empty();
    let was_undone = import.undo.is_some();
    let undoable = import.undoable.clone().filter(|_| open_work.is_none() && may_commit);
    view! {
        <PageHead title=title scope=scope>{badge}</PageHead>
        <Steps at=at/>
        {seen_before}
        {failure}
        {open_work.map(|work| view! { <Running work stop=acts.stop here=format!("/data/import/{id}")/> })}
        {(is_idle_and_open && summary.state == ImportState::Previewed).then(|| decide(&import, acts, may_commit))}
        {show_cleanings.then(|| view! { <Cleanings import=import.clone() action=acts.clean/> })}
        {was_undone.then(|| view! { <Undone import=import.clone()/> })}
        {show_findings.then(|| view! { <Findings import=import.clone()/> })}
        {(rows.total > 0).then(|| view! {
            <Quarantine id=id.clone() target=summary.target rows repairs=acts.repairs may_edit=may_upload may_apply=may_commit paged/>
        })}
        {undoable.map(|undoable| view! { <UndoForm id=id.clone() target=summary.target undoable action=acts.undo/> })}
        {(summary.state.is_committed() && !summary.is_undo).then(|| view! {
            <p class="tools">
                {(summary.target == Target::SalesTransactions).then(|| view! { <a class="btn" href="/transactions">"See the sales"</a> })}
                <a class="btn" href="/">"See the figures"</a>
            </p>
        })}
        {show_columns.then(|| view! { <ColumnsForm import=import.clone() action=acts.map/> })}
        {show_columns.then(|| give_up(&id, acts))}
    }
}

/// Commit, or check again.
fn decide(import: &ImportDetail, acts: Acts, may_commit: bool) -> impl IntoView + use<> {
    let id = import.summary.id.to_string();
    let again = id.clone();
    let counts = import.summary.counts.clone().unwrap_or_default();
    let locale = session().business.locale;
    let closing =
        (counts.closed > 0).then(|| format!(" and close {} sales", format::count(counts.closed.into(), &locale)));
    let created = format::count(counts.created().into(), &locale);
    let label = format!("Import {created} rows{}", closing.unwrap_or_default());
    let confirm = counts.closes_more_than_half().then(|| confirm_closing(&counts, &locale));
    let commit_state = FormState::of(acts.commit);
    let check_state = FormState::of(acts.check);
    view! {
        <section class="card">
            <h2>"Import what was checked"</h2>
            <ErrorSummary state=commit_state/>
            <ErrorSummary state=check_state/>
            <div class="tools">
                {may_commit.then(|| view! {
                    <ActionForm action=acts.commit>
                        <CsrfField/>
                        <input type="hidden" name="id" value=id/>
                        {confirm}
                        <button class="btn primary" type="submit">{label}</button>
                    </ActionForm>
                })}
                <ActionForm action=acts.check>
                    <CsrfField/>
                    <input type="hidden" name="id" value=again/>
                    <button class="btn" type="submit">"Check again"</button>
                </ActionForm>
            </div>
            <p class="sub">"All of these rows are recorded, or none. Rejected rows wait in quarantine."</p>
        </section>
    }
}

/// More than half of the declared days would go: the number is typed, not clicked.
fn confirm_closing(counts: &domain::ingest::Counts, locale: &str) -> impl IntoView + use<> {
    let closed = format::count(counts.closed.into(), locale);
    let words = format!(
        "The file lacks {closed} of the {} sales recorded for its days. They would be closed.",
        format::count(counts.in_scope.into(), locale)
    );
    view! {
        <div class="field">
            <label for="confirm_closed">{format!("Type {} to confirm", counts.closed)}</label>
            <input id="confirm_closed" name="confirm_closed" required inputmode="numeric" autocomplete="off"/>
            <p class="help">{words}</p>
        </div>
    }
}

fn give_up(id: &str, acts: Acts) -> impl IntoView + use<> {
    let state = FormState::of(acts.cancel);
    let id = id.to_owned();
    view! {
        <section class="card">
            <ErrorSummary state/>
            <ActionForm action=acts.cancel>
                <CsrfField/>
                <input type="hidden" name="id" value=id/>
                <button class="btn danger" type="submit">"Cancel this import"</button>
            </ActionForm>
        </section>
    }
}
