//! `/fraud/lists`: whom to decline, and whom never more than to review.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState, entry, fault},
        moment::when,
        page::PageHead,
        pager::Pager,
        states::{Empty, Loading, ready_or_failed},
    },
    features::fraud::lists::{AddEntry, RemoveEntry, load_lists},
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    fraud::list::{ListEntry, ListKind, ListScreen, Subject},
    query,
};
use leptos::{form::ActionForm, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_location;

/// The lists. They follow no topic: what is typed would be lost with the next case.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct FraudListsRoute {
    search: Memo<String>,
    lists: PageData<ListScreen>,
    remove: ServerAction<RemoveEntry>,
}

impl LazyPage for FraudListsRoute {
    fn data() -> Self {
        let (search, remove) = (use_location().search, ServerAction::new());
        let asked = move || (search.get(), remove.version().get());
        Self { search, lists: PageData::load(asked, |(search, _)| load_lists(search)), remove }
    }

    fn view(this: Self) -> AnyView {
        let FraudListsRoute { search, lists, remove } = this;
        view! {
            <PageHead title="Fraud lists" scope="Blocked sales are declined; allowed ones are at most reviewed; block wins">
                <a class="btn" href="/fraud">"All cases"</a>
                <a class="btn" href="/fraud/rules">"Rules"</a>
            </PageHead>
            <ErrorSummary state=FormState::plain(AddEntry::PATH)/>
            <ErrorSummary state=FormState::of(remove)/>
            <Transition fallback=|| view! { <Loading lines=6/> }>
                {move || Suspend::new(async move { ready_or_failed(lists.await, move |screen| shown(screen, remove, &search.get_untracked())) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(screen: ListScreen, remove: ServerAction<RemoveEntry>, search: &str) -> impl IntoView + use<> {
    let pairs = query::pairs(search);
    let of = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default();
    let chosen = of("list");
    let tab = |label: &'static str, list: &'static str| {
        let href = if list.is_empty() { "/fraud/lists".to_owned() } else { format!("/fraud/lists?list={list}") };
        view! { <a href=href aria-current=(chosen == list).then_some("true")>{label}</a> }
    };
    let tabs = [tab("Both", ""), tab("Block", "block"), tab("Allow", "allow")];
    let here = |cursor: Option<&str>| {
        let list = Some(chosen.as_str()).filter(|list| !list.is_empty()).map(|list| ("list", list));
        format!("/fraud/lists?{}", query::write(list.into_iter().chain(cursor.map(|cursor| ("cursor", cursor)))))
    };
    let first = (!of("cursor").is_empty()).then(|| here(None));
    let next = screen.page.next_cursor.as_deref().map(|cursor| here(Some(cursor)));
    let saved = pairs.iter().any(|(name, _)| name == "saved");
    let saved =
        saved.then(|| view! { <p class="banner" role="status">"It stands on the list from the next sale on."</p> });
    let form = screen.may_edit.then(|| form(screen.idempotency_key.clone()));
    let may_edit = screen.may_edit;
    let list = if screen.page.items.is_empty() {
        view! { <Empty message="Nothing stands here."/> }.into_any()
    } else {
        table(screen.page.items, may_edit, remove).into_any()
    };
    view! {
        {saved}
        {form}
        <div class="filters"><nav class="seg" aria-label="Lists">{tabs}</nav></div>
        {list}
        <Pager first next/>
    }
}

fn form(key: String) -> impl IntoView {
    let state = FormState::plain(AddEntry::PATH);
    let choice = |name: &'static str, label: &'static str, options: Vec<(&'static str, String)>| {
        let named = format!("entry[{name}]");
        let typed = state.typed(&named, "");
        let options = options
            .into_iter()
            .map(|(value, words)| view! { <option value=value selected=typed == value>{words}</option> })
            .collect_view();
        view! {
            <div class="field">
                <label for=name>{label}</label>
                <select id=name name=named aria-describedby=format!("{name}-error")>{options}</select>
                {fault(state, name)}
            </div>
        }
    };
    let lists = ListKind::ALL.iter().map(|list| (list.as_str(), list.label().to_owned())).collect();
    let subjects = Subject::ALL.iter().map(|of| (of.as_str(), format!("{}: {}", of.label(), of.help()))).collect();
    let days = state.typed("entry[days]", "90");
    view! {
        <section class="card">
            <header><h2>"New entry"</h2></header>
            <form class="form" method="post" action=AddEntry::PATH>
                <CsrfField/>
                <input type="hidden" name="idempotency_key" prop:value=key.clone() value=key/>
                <div class="form-grid">
                    {choice("list", "List", lists)}
                    {choice("subject", "What it is about", subjects)}
                    {entry(state, "entry", ("value", "Which"), ("text", None), "")}
                    {entry(state, "entry", ("reason", "Why"), ("text", None), "")}
                    <div class="field">
                        <label for="days">"For how many days"</label>
                        <input id="days" name="entry[days]" inputmode="numeric" maxlength="3" value=days autocomplete="off"
                            aria-describedby="days-help expires_in_days-error expires_at-error"/>
                        <p class="help" id="days-help">"1 to 365; empty blocks for good."</p>
                        {fault(state, "expires_in_days")}
                        {fault(state, "expires_at")}
                    </div>
                </div>
                <div class="form-actions"><button class="btn primary" type="submit">"Put it on the list"</button></div>
            </form>
        </section>
    }
}

fn table(entries: Vec<ListEntry>, may_edit: bool, remove: ServerAction<RemoveEntry>) -> impl IntoView {
    let rows = entries
        .into_iter()
        .map(|entry| {
            let tone = match (entry.active, entry.list) {
                (false, _) => "neutral",
                (true, ListKind::Block) => "bad",
                (true, ListKind::Allow) => "good",
            };
            let ends = match entry.expires_at {
                None => "for good".into_any(),
                Some(at) if entry.active => view! { "until "{when(at)} }.into_any(),
                Some(at) => view! { "ended "{when(at)} }.into_any(),
            };
            let value = if entry.subject == Subject::Customer {
                view! { <a href=format!("/customers/{}", entry.value)>{entry.label.clone()}</a> }.into_any()
            } else {
                entry.label.clone().into_any()
            };
            let button = may_edit.then(|| {
                let named = format!("Remove {} {}", entry.subject.label(), entry.label);
                view! {
                    <ActionForm action=remove>
                        <CsrfField/>
                        <input type="hidden" name="id" value=entry.id.to_string()/>
                        <button class="btn" type="submit" aria-label=named>"Remove"</button>
                    </ActionForm>
                }
            });
            view! {
                <tr>
                    <td>{entry.subject.label()}" "{value}</td>
                    <td><span class=format!("badge {tone}")>{entry.list.label()}</span></td>
                    <td>{ends}</td>
                    <td class="hide">{entry.reason}</td>
                    <td class="hide">{entry.by}" "{when(entry.created_at)}</td>
                    <td>{button}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"What"</th><th scope="col">"List"</th><th scope="col">"Stands"</th>
                    <th scope="col">"Why"</th><th scope="col">"By"</th><th scope="col"><span class="visually-hidden">"Action"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
