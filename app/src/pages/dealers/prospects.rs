//! `/dealers/{dealer_id}/records/prospect`: the prospects of a dealer, masked.

use super::source_badge;
use crate::{
    components::{
        filter::{Choice, Text},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::dealers::{UnmaskProspect, load_dealer, load_prospects},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    dealers::{
        Code, DealerDetail, ProspectItem, ProspectPersonal,
        values::{SOURCE, STATUS, ValueList},
    },
    live::Topic,
    paging::Page,
    query,
};
use leptos::prelude::*;
use leptos_router::{
    components::Form,
    hooks::{use_location, use_params_map},
};

#[derive(Debug)]
pub struct ProspectsRoute {
    id: Memo<String>,
    search: Memo<String>,
    dealer: PageData<Option<DealerDetail>>,
    prospects: PageData<Option<Page<ProspectItem>>>,
}

impl LazyPage for ProspectsRoute {
    fn data() -> Self {
        let params = use_params_map();
        let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
        let (search, changed) = (use_location().search, use_topic(Topic::Dealers));
        let asked = move || (id.get(), search.get(), changed.get());
        Self {
            id,
            search,
            dealer: PageData::load(move || id.get(), load_dealer),
            prospects: PageData::load(asked, |(id, search, _)| load_prospects(id, search)),
        }
    }

    fn view(this: Self) -> AnyView {
        let ProspectsRoute { id, search, dealer: whose, prospects } = this;
        let dealer = id.get_untracked();
        let (path, back) = (path(&dealer), format!("/dealers/{dealer}"));
        let clear = path.clone();
        let personal = Personal::new(&dealer);
        let name = session()
            .may(Permission::ProspectsPii)
            .then(|| view! { <Text search name="search" label="Name, phone or national id" kind="search"/> });
        view! {
            <PageHead title="Prospects" scope=format!("Of dealer {dealer}")><a class="btn" href=back>"The dealer"</a></PageHead>
            <Transition>
                {move || Suspend::new(async move { whose.await.ok().flatten().map(named) })}
            </Transition>
            <Form method="get" action=path attr:class="filters">
                {name}
                <Choice search name="status" label="Status" options=choices("Any status", &STATUS)/>
                <Choice search name="source" label="Source" options=choices("Any source", &SOURCE)/>
                <Text search name="unit" label="Unit type"/>
                <Text search name="from" label="From" kind="date"/>
                <Text search name="to" label="To" kind="date"/>
                <button class="btn" type="submit">"Apply"</button>
                <a class="btn quiet" href=clear>"Clear"</a>
            </Form>
            {move || personal.failed().map(|told| view! { <p class="error" role="alert">{told}</p> })}
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move {
                    let (id, search) = (id.get_untracked(), search.get_untracked());
                    ready_or_failed(prospects.await, move |page| shown(page, &id, &search, personal))
                })}
            </Transition>
        }
        .into_any()
    }
}

/// What the reader has asked to see unmasked, each on record.
#[derive(Clone, Copy)]
struct Personal {
    dealer: StoredValue<String>,
    ask: ServerAction<UnmaskProspect>,
    open: RwSignal<Vec<ProspectPersonal>>,
    /// They may, and there is a script that shows what the server answers.
    may: RwSignal<bool>,
}

impl Personal {
    fn new(dealer: &str) -> Self {
        let (ask, open, may) = (ServerAction::<UnmaskProspect>::new(), RwSignal::new(Vec::new()), RwSignal::new(false));
        let allowed = session().may(Permission::ProspectsPii);
        Effect::new(move || may.set(allowed));
        Effect::new(move || {
            if let Some(Ok(personal)) = ask.value().get() {
                open.update(|open| open.push(personal));
            }
        });
        Self { dealer: StoredValue::new(dealer.to_owned()), ask, open, may }
    }

    fn of(self, prospect_no: &str) -> Option<ProspectPersonal> {
        self.open.with(|open| open.iter().find(|one| one.prospect_no == prospect_no).cloned())
    }

    fn failed(self) -> Option<String> {
        self.ask.value().with(|value| value.as_ref().and_then(|value| value.as_ref().err().map(ToString::to_string)))
    }
}

/// Whose they are, and that they are simulated where they are.
fn named(dealer: DealerDetail) -> AnyView {
    view! { <p data-dealer>{dealer.dealer_name}" "{source_badge(dealer.source)}</p> }.into_any()
}

fn path(dealer: &str) -> String {
    format!("/dealers/{dealer}/records/prospect")
}

fn choices(any: &'static str, list: &ValueList) -> Vec<(&'static str, &'static str)> {
    std::iter::once(("", any)).chain(list.values.iter().copied()).collect()
}

fn shown(page: Option<Page<ProspectItem>>, dealer: &str, search: &str, personal: Personal) -> AnyView {
    let Some(page) = page else {
        set_status(404);
        return view! {
            <Empty message="There is no dealer with this code, or not in your scope.">
                <p><a href="/dealers">"All dealers"</a></p>
            </Empty>
        }
        .into_any();
    };
    if page.items.is_empty() {
        let narrowed = query::pairs(search).into_iter().any(|(_, value)| !value.is_empty());
        let message = if narrowed { "No prospect is like this." } else { "No prospect was fetched yet." };
        return view! { <Empty message/> }.into_any();
    }
    let (total, rows) = (page.total, page.items.into_iter().map(|one| row(one, personal)).collect_view());
    let next = page.next_cursor.map(|cursor| {
        let kept: Vec<_> = query::pairs(search).into_iter().filter(|(name, _)| name != "cursor").collect();
        let pairs = kept.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain([("cursor", cursor.as_str())]);
        let to = format!("{}?{}", path(dealer), query::write(pairs));
        view! { <nav class="pager" aria-label="Pages"><a class="btn" href=to>"Next page"</a></nav> }
    });
    let told = if total == 1 { "1 prospect".to_owned() } else { format!("{total} prospects") };
    view! {
        <p class="sub" data-total>{told}</p>
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Prospect"</th><th scope="col">"Date"</th><th scope="col">"Name"</th><th scope="col">"Phone"</th>
                    <th scope="col">"Status"</th><th scope="col">"Units"</th><th scope="col">"Source"</th><th scope="col">"Sales person"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {next}
    }
    .into_any()
}

fn row(one: ProspectItem, personal: Personal) -> AnyView {
    let label = |code: Option<Code>| code.map_or_else(|| "–".to_owned(), |code| code.label);
    let text = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let units = if one.units.is_empty() { "–".to_owned() } else { one.units.join(", ") };
    let date = one.prospect_date.map_or_else(|| "–".to_owned(), |date| date.to_string());
    let (name, phone) = (text(one.full_name), text(one.phone));
    let number = StoredValue::new(one.prospect_no.clone());
    let open = move || number.with_value(|number| personal.of(number));
    let asks = move |_| {
        let asked = UnmaskProspect { dealer_id: personal.dealer.get_value(), prospect_no: number.get_value() };
        personal.ask.dispatch(asked);
    };
    let told = format!("Show who {} is", one.prospect_no);
    let ask = view! {
        <Show when=move || personal.may.get() && open().is_none()>
            <button class="btn quiet" type="button" aria-label=told.clone() on:click=asks>"Show"</button>
        </Show>
    };
    view! {
        <tr>
            <th scope="row" data-label="Prospect">{one.prospect_no}</th>
            <td data-label="Date">{date}</td>
            <td data-label="Name">
                {move || open().map_or_else(|| name.clone(), |open| text(open.full_name))}
                {move || open().and_then(|open| open.address).map(|address| view! { <div class="sub">{address}</div> })}
                {ask}
            </td>
            <td data-label="Phone">{move || open().map_or_else(|| phone.clone(), |open| text(open.phone))}</td>
            <td data-label="Status">{label(one.status)}</td>
            <td data-label="Units">{units}</td>
            <td data-label="Source">{label(one.source)}</td>
            <td data-label="Sales person">{text(one.sales_person_code)}</td>
        </tr>
    }
    .into_any()
}
