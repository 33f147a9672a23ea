//! `/planning/network`: what plans are made of, section by section, until it is frozen into a document that runs solve.

mod about;
mod import;
mod rows;

use crate::{
    components::{
        form::{CsrfField, FormState},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    features::networks::{
        ChangeNetwork, CommitNetworkImport, FreezeNetwork, NetworkScreen, RemoveNetwork, RemoveNetworkRow,
        SaveNetworkRow, address, load_network,
    },
    live::use_topic,
    page_data::{PageData, own_search},
    pages::LazyPage,
};
use domain::{live::Topic, planning::NetworkItem, query};
use leptos::prelude::*;

/// The page's address, which is also that of its plain forms.
pub const PATH: &str = "/planning/network";

#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct NetworkRoute {
    search: Memo<String>,
    screen: PageData<NetworkScreen>,
    acts: Acts,
}

#[derive(Clone, Copy)]
struct Acts {
    /// A new row is being typed in.
    adding: RwSignal<bool>,
    save: ServerAction<SaveNetworkRow>,
    remove_row: ServerAction<RemoveNetworkRow>,
    change: ServerAction<ChangeNetwork>,
    freeze: ServerAction<FreezeNetwork>,
    commit: ServerAction<CommitNetworkImport>,
    remove: ServerAction<RemoveNetwork>,
}

impl LazyPage for NetworkRoute {
    fn data() -> Self {
        let search = own_search(PATH);
        let changed = use_topic(Topic::Planning);
        let save = ServerAction::new();
        let acts = Acts {
            // Without script the page comes back with what was wrong.
            adding: RwSignal::new(FormState::of(save).error().get_untracked().is_some()),
            save,
            remove_row: ServerAction::new(),
            change: ServerAction::new(),
            freeze: ServerAction::new(),
            commit: ServerAction::new(),
            remove: ServerAction::new(),
        };
        // What was wrong on one address is not wrong on another.
        Effect::new(move |before: Option<String>| {
            let now = search.get();
            if before.is_some_and(|before| before != now) {
                acts.save.clear();
                acts.remove_row.clear();
                acts.freeze.clear();
                acts.adding.set(false);
            }
            now
        });
        Effect::new(move || {
            if matches!(acts.save.value().get(), Some(Ok(()))) {
                acts.adding.set(false);
            }
        });
        // News waits while a row is typed: what it brings would take the place of the form.
        let heard = Memo::new(move |before: Option<&u32>| {
            let now = changed.get();
            let typing = acts.adding.get() || query::last(&search.get(), "edit").is_some();
            before.copied().filter(|_| typing).unwrap_or(now)
        });
        Self {
            search,
            screen: PageData::load(move || (search.get(), heard.get()), |(search, _)| load_network(search)),
            acts,
        }
    }

    fn view(this: Self) -> AnyView {
        let NetworkRoute { search, screen, acts } = this;
        view! {
            <PageHead title="Network" scope="Plants, lanes, stock and demand that plans are made of">
                <a class="btn" href="/planning">"Planning"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(screen.await, move |screen| shown(screen, &search.get_untracked(), acts)) })}
            </Transition>
        }
        .into_any()
    }
}

/// A section in words.
fn words(section: &str) -> String {
    let mut text = section.replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn shown(screen: NetworkScreen, search: &str, acts: Acts) -> AnyView {
    let NetworkScreen { networks, detail, section, rows, import, may_edit } = screen;
    let Some(detail) = detail else {
        let asked = query::last(search, "network").filter(|code| !code.is_empty());
        let message = match (&asked, networks.is_empty()) {
            (Some(code), false) => format!("There is no network {code}."),
            _ => "No network yet. Begin with the sample, with a workbook, or with an empty one.".to_owned(),
        };
        let begin = may_edit.then(begin_form);
        return view! { <Empty message/>{choice(&networks, "")}{begin} }.into_any();
    };
    let code = detail.network.code.clone();
    let tabs = detail.sections.iter().map(|of| {
        let current = (of.section == section).then_some("true");
        let label = format!("{} {}", words(&of.section), of.rows);
        view! { <a href=address(&code, &of.section) aria-current=current>{label}</a> }
    });
    let tabs = tabs.collect_view();
    let waiting = import.map(|import| import::shown(import, may_edit, acts.commit));
    let table = rows.map(|rows| rows::shown(&code, &section, rows, search, acts));
    let bring = may_edit.then(|| import::form(&code));
    let another =
        may_edit.then(|| view! { <details class="card"><summary>"Another network"</summary>{begin_form()}</details> });
    let head = about::shown(&detail, may_edit, acts);
    let settings = may_edit.then(|| about::settings(&detail, acts));
    view! {
        {choice(&networks, &code)}
        {waiting}
        {head}
        <section class="card" data-rows>
            <header><h2>{words(&section)}</h2></header>
            <nav class="chips" aria-label="Sections">{tabs}</nav>
            {table}
        </section>
        {bring}
        {settings}
        {another}
    }
    .into_any()
}

fn choice(networks: &[NetworkItem], code: &str) -> Option<AnyView> {
    (networks.len() > 1 || (code.is_empty() && !networks.is_empty())).then(|| {
        let links = networks.iter().map(|network| {
            let current = (network.code == code).then_some("true");
            let label = format!("{}: {}", network.code, network.name);
            view! { <a href=address(&network.code, "nodes") aria-current=current>{label}</a> }
        });
        view! { <nav class="chips" aria-label="Networks">{links.collect_view()}</nav> }.into_any()
    })
}

/// A plain form, so that a file can be sent without script.
fn begin_form() -> impl IntoView {
    let state = FormState::plain(PATH);
    let mine = state.typed("act", "") == "create";
    let of = move |name: &'static str, otherwise: &str| {
        if mine { state.typed(name, otherwise) } else { otherwise.to_owned() }
    };
    let source = of("source", "sample");
    let summary = mine.then(|| import::summary(state));
    let (sample, file) = (source == "sample", source == "file");
    let empty = !sample && !file;
    view! {
        <section class="card" id="begin">
            <header><h2>"A new network"</h2></header>
            {summary}
            <form method="post" action=PATH enctype="multipart/form-data">
                <CsrfField/>
                <input type="hidden" name="act" value="create"/>
                <div class="form">
                    <div class="field">
                        <label for="new-code">"Code"</label>
                        <input id="new-code" name="code" maxlength="40" required autocomplete="off" value=of("code", "") aria-describedby="new-code-help"/>
                        <p class="help" id="new-code-help">"1 to 40 letters, digits, _, . or -. It never changes."</p>
                    </div>
                    <fieldset class="choices">
                        <legend>"Begin with"</legend>
                        <label><input type="radio" name="source" value="sample" checked=sample/>" The sample: two plants, two customers, two periods"</label>
                        <label><input type="radio" name="source" value="file" checked=file/>" A workbook or a zip of CSV files"</label>
                        <label><input type="radio" name="source" value="empty" checked=empty/>" Nothing: a name and a currency"</label>
                    </fieldset>
                    <div class="field">
                        <label for="new-file">"File"</label>
                        <input id="new-file" name="file" type="file" accept=".xlsx,.zip"/>
                    </div>
                    <div class="field">
                        <label for="new-name">"Name, of an empty one"</label>
                        <input id="new-name" name="name" maxlength="120" autocomplete="off" value=of("name", "")/>
                    </div>
                    <div class="field">
                        <label for="new-currency">"Currency, of an empty one"</label>
                        <input id="new-currency" name="currency" maxlength="3" autocomplete="off" value=of("currency", "INR")/>
                    </div>
                    <div class="form-actions"><button class="btn primary" type="submit">"Make the network"</button></div>
                </div>
            </form>
        </section>
    }
}
