//! `/dealers/{dealer_id}/records/{feed}`: the records of a feed, and one of them with its child records.

use super::source_badge;
use crate::{
    components::{
        filter::{Choice, Text},
        moment::when,
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::dealers::{DealerRecords, UnmaskRecord, load_dealer_records},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    dealers::{
        Code, Feed, RecordDetail, RecordField, RecordItem, RecordLine,
        values::{ValueList, list_of},
    },
    format,
    live::Topic,
    query,
};
use leptos::prelude::*;
use leptos_router::{
    components::Form,
    hooks::{use_location, use_params_map},
};

#[derive(Debug)]
pub struct RecordsRoute {
    place: Memo<(String, String)>,
    search: Memo<String>,
    records: PageData<Option<DealerRecords>>,
}

impl LazyPage for RecordsRoute {
    fn data() -> Self {
        let params = use_params_map();
        let param = move |name: &str| params.with(|params| params.get(name)).unwrap_or_default();
        let place = Memo::new(move |_| (param("id"), param("feed")));
        let (search, changed) = (use_location().search, use_topic(Topic::Dealers));
        let asked = move || (place.get(), search.get(), changed.get());
        Self {
            place,
            search,
            records: PageData::load(asked, |((id, feed), search, _)| load_dealer_records(id, feed, search)),
        }
    }

    fn view(this: Self) -> AnyView {
        let RecordsRoute { place, search, records } = this;
        let (dealer, name) = place.get_untracked();
        let Some(feed) = Feed::parse(&name).filter(|feed| *feed != Feed::Prospect) else {
            set_status(404);
            return view! {
                <PageHead title="Records not found" scope="There is no feed of this name."/>
                <p><a href=format!("/dealers/{dealer}")>"The dealer"</a></p>
            }
            .into_any();
        };
        let (path, back) = (path(&dealer, feed), format!("/dealers/{dealer}"));
        let clear = path.clone();
        let states = list_of(feed, status_field(feed));
        let status = states.map(|list| view! { <Choice search name="status" label="Status" options=choices(list)/> });
        let key =
            if session().may(Permission::ProspectsPii) { "Key, phone or national id" } else { "Begin of the key" };
        view! {
            <PageHead title=feed.label() scope=format!("Of dealer {dealer}")><a class="btn" href=back>"The dealer"</a></PageHead>
            <Form method="get" action=path attr:class="filters">
                <Text search name="search" label=key kind="search"/>
                {status}
                <Text search name="from" label="From" kind="date"/>
                <Text search name="to" label="To" kind="date"/>
                <button class="btn" type="submit">"Apply"</button>
                <a class="btn quiet" href=clear>"Clear"</a>
            </Form>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move {
                    let (place, search) = (place.get_untracked(), search.get_untracked());
                    ready_or_failed(records.await, move |found| shown(found, &place.0, feed, &search))
                })}
            </Transition>
        }
        .into_any()
    }
}

/// The field that says the status of a feed's records.
const fn status_field(feed: Feed) -> &'static str {
    match feed {
        Feed::SpkRead => "statusSPK",
        Feed::BastRead => "statusDeliveryDocument",
        Feed::Inv1Read => "status",
        Feed::UinbRead => "statusShippingList",
        Feed::Pkb => "statusWorkOrder",
        _ => "",
    }
}

fn path(dealer: &str, feed: Feed) -> String {
    format!("/dealers/{dealer}/records/{}", feed.as_str())
}

fn choices(list: &ValueList) -> Vec<(&'static str, &'static str)> {
    std::iter::once(("", "Any status")).chain(list.values.iter().copied()).collect()
}

/// The list as it is, with another value of `name`.
fn with(dealer: &str, feed: Feed, search: &str, (name, value): (&str, &str)) -> String {
    let kept: Vec<_> = query::pairs(search).into_iter().filter(|(kept, _)| kept != name).collect();
    let pairs = kept.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain([(name, value)]);
    format!("{}?{}", path(dealer, feed), query::write(pairs))
}

fn shown(found: Option<DealerRecords>, dealer: &str, feed: Feed, search: &str) -> AnyView {
    let Some(DealerRecords { source, page, record }) = found else {
        set_status(404);
        return view! {
            <Empty message="There is no dealer with this code, or not in your scope.">
                <p><a href="/dealers">"All dealers"</a></p>
            </Empty>
        }
        .into_any();
    };
    let asked = query::last(search, "record").filter(|key| !key.is_empty());
    let record = match (record, asked) {
        (Some(record), _) => Some(one(record, dealer.to_owned())),
        (None, Some(_)) => Some(view! { <p class="error">"There is no record with this key."</p> }.into_any()),
        (None, None) => None,
    };
    let list = if page.items.is_empty() {
        let narrowed = query::pairs(search).into_iter().any(|(name, value)| name != "record" && !value.is_empty());
        let message = if narrowed { "No record is like this." } else { "No record was fetched yet." };
        view! { <Empty message/> }.into_any()
    } else {
        let to = |key: &str| with(dealer, feed, search, ("record", key));
        let rows = page.items.into_iter().map(|item| row(&to(&item.record_key), item)).collect_view();
        table(rows.into_any())
    };
    let next = page.next_cursor.map(|cursor| {
        let to = with(dealer, feed, search, ("cursor", &cursor));
        view! { <nav class="pager" aria-label="Pages"><a class="btn" href=to>"Next page"</a></nav> }
    });
    let told = if page.total == 1 { "1 record".to_owned() } else { format!("{} records", page.total) };
    view! {
        <p class="sub"><span data-total>{told}</span>" "{source_badge(source)}</p>
        {record}
        {list}
        {next}
    }
    .into_any()
}

fn table(rows: AnyView) -> AnyView {
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Record"</th><th scope="col">"Date"</th><th scope="col">"Status"</th>
                    <th scope="col" class="r">"Amount (IDR)"</th><th scope="col" class="r">"Lines"</th><th scope="col">"Modified"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn label(code: Option<Code>) -> String {
    code.map_or_else(|| "–".to_owned(), |code| code.label)
}

fn row(to: &str, item: RecordItem) -> AnyView {
    let locale = session().business.locale;
    let amount = item.amount.map_or_else(|| "–".to_owned(), |amount| format::number(amount, &locale));
    let date = item.business_date.map_or_else(|| "–".to_owned(), |date| date.to_string());
    view! {
        <tr>
            <th scope="row" data-label="Record"><a href=to.to_owned()>{item.record_key}</a></th>
            <td data-label="Date">{date}</td>
            <td data-label="Status">{label(item.status)}</td>
            <td class="r num" data-label="Amount (IDR)">{amount}</td>
            <td class="r num" data-label="Lines">{item.lines}</td>
            <td data-label="Modified">{item.modified_at.map(when)}</td>
        </tr>
    }
    .into_any()
}

/// One record: masked until somebody who may asks to see what is personal, which goes on record.
fn one(record: RecordDetail, dealer: String) -> AnyView {
    let unmask = ServerAction::<UnmaskRecord>::new();
    // Without script nothing could show what the server answers.
    let runs = RwSignal::new(false);
    Effect::new(move || runs.set(true));
    let may = session().may(Permission::ProspectsPii)
        && record.fields.iter().chain(record.lines.iter().flat_map(|line| &line.fields)).any(|field| field.is_personal);
    let (feed, key) = (record.feed, record.record_key.clone());
    let ask = move |_| {
        let asked = UnmaskRecord { dealer_id: dealer.clone(), feed: feed.as_str().to_owned(), record_key: key.clone() };
        unmask.dispatch(asked);
    };
    let title = format!("{} {}", record.feed.label(), record.record_key);
    let masked = StoredValue::new(record);
    view! {
        <section class="card" data-record>
            <header>
                <h2>{title}</h2>
                <Show when=move || may && runs.get() && !matches!(unmask.value().get(), Some(Ok(_)))>
                    <button class="btn" type="button" on:click=ask.clone()>"Show what is personal"</button>
                </Show>
            </header>
            {move || match unmask.value().get() {
                Some(Err(fault)) => view! { <p class="error" role="alert">{fault.to_string()}</p> }.into_any(),
                _ => ().into_any(),
            }}
            {move || {
                let open = unmask.value().get().and_then(Result::ok);
                fields_of(open.unwrap_or_else(|| masked.get_value()))
            }}
        </section>
    }
    .into_any()
}

fn fields_of(record: RecordDetail) -> AnyView {
    let fields = record.fields.into_iter().map(field).collect_view();
    let mut arrays: Vec<(String, Vec<RecordLine>)> = Vec::new();
    for line in record.lines {
        match arrays.iter_mut().find(|(array, _)| *array == line.array) {
            Some((_, lines)) => lines.push(line),
            None => arrays.push((line.array.clone(), vec![line])),
        }
    }
    let arrays = arrays.into_iter().map(|(array, lines)| children(array, lines)).collect_view();
    view! {
        <dl class="details">{fields}</dl>
        {arrays}
        <p class="sub">"First seen "{when(record.first_seen_at)}", last seen "{when(record.last_seen_at)}"."</p>
    }
    .into_any()
}

fn words(field: RecordField) -> String {
    match field.label {
        Some(label) => format!("{label} ({})", field.value),
        None => field.value,
    }
}

fn field(field: RecordField) -> AnyView {
    let name = field.name.clone();
    view! { <div><dt>{name}</dt><dd>{words(field)}</dd></div> }.into_any()
}

fn children(array: String, lines: Vec<RecordLine>) -> AnyView {
    let each = lines.into_iter().map(|line| {
        let fields = line.fields.into_iter().map(field).collect_view();
        view! { <li><dl class="details">{fields}</dl></li> }
    });
    let each = each.collect_view();
    view! { <h3>{array}</h3><ol>{each}</ol> }.into_any()
}
