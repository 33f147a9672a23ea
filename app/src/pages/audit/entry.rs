//! `/audit/{id}`: one act with its fields before and after.

use crate::{
    components::{
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::set_status,
    features::audit::load_audit_entry,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    audit::{AuditDetail, Difference, differences},
    format,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// The page of an act.
#[derive(Debug)]
pub struct AuditEntryRoute {
    entry: PageData<Option<AuditDetail>>,
}

impl LazyPage for AuditEntryRoute {
    fn data() -> Self {
        let params = use_params_map();
        Self { entry: PageData::load(move || params.read().get("id").unwrap_or_default(), load_audit_entry) }
    }

    fn view(this: Self) -> AnyView {
        let entry = this.entry;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(entry.await, found) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(entry: Option<AuditDetail>) -> AnyView {
    let Some(entry) = entry else {
        set_status(404);
        return view! {
            <PageHead title="Act not found"/>
            <div class="empty">
                <p>"There is no such act in the audit log."</p>
                <p><a class="btn" href="/audit">"All acts"</a></p>
            </div>
        }
        .into_any();
    };
    view! {
        <PageHead title=entry.row.action.clone() scope=format!("{}, {}", entry.row.actor, format::date_time_full(entry.row.at))>
            <a class="btn quiet" href="/audit">"All acts"</a>
        </PageHead>
        {changes(&entry)}
        {facts(&entry)}
    }
    .into_any()
}

fn changes(entry: &AuditDetail) -> impl IntoView + use<> {
    let all = differences(entry.before.as_ref(), entry.after.as_ref());
    if all.is_empty() {
        return view! { <section class="card" aria-label="Values"><p>"Nothing was written down besides the act itself."</p></section> }
            .into_any();
    }
    let rows = all.into_iter().map(difference).collect_view();
    view! {
        <section class="card" aria-label="Values">
            <header><h2>"Before and after"</h2></header>
            <div class="table-wrap">
                <table class="stack">
                    <thead><tr><th scope="col">"Field"</th><th scope="col">"Before"</th><th scope="col">"After"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn difference(one: Difference) -> impl IntoView {
    let tone = one.changed().then_some("warn");
    let side = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    view! {
        <tr data-tone=tone>
            <th scope="row">{if one.field.is_empty() { "value".to_owned() } else { one.field }}</th>
            <td data-label="Before">{side(one.before)}</td>
            <td data-label="After">{side(one.after)}</td>
        </tr>
    }
}

fn facts(entry: &AuditDetail) -> impl IntoView + use<> {
    let row = &entry.row;
    let on = match row.entity_path() {
        Some(path) => view! { <a href=path>{row.entity()}</a> }.into_any(),
        None => row.entity().into_any(),
    };
    let same = format!("/audit?{}", domain::query::write([("entity", entity_filter(entry).as_str())]));
    let optional = [
        ("Reason", row.reason.clone()),
        ("Session", entry.session_ref.clone()),
        ("Address", entry.ip.clone()),
        ("Device", entry.user_agent.clone()),
        ("Personal data", row.pii_read.then(|| "was read unmasked".to_owned())),
    ];
    let more = optional
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| view! { <dt>{name}</dt> <dd>{value}</dd> }))
        .collect_view();
    view! {
        <section class="card" aria-label="Facts">
            <header><h2>"Facts"</h2></header>
            <dl class="details">
                <dt>"Who"</dt>
                <dd>{format!("{} ({})", row.actor, row.actor_kind.as_str())}</dd>
                <dt>"On"</dt>
                <dd>{on}" "<a class="btn quiet" href=same>"All acts on it"</a></dd>
                <dt>"Outcome"</dt>
                <dd><span class=format!("badge {}", row.tone())>{row.outcome.clone()}</span></dd>
                {more}
                <dt>"Request"</dt>
                <dd><code>{entry.request_id.clone()}</code></dd>
            </dl>
        </section>
    }
}

/// `type/id`, or the type where there is no id.
fn entity_filter(entry: &AuditDetail) -> String {
    format!("{}/{}", entry.row.entity_type, entry.row.entity_id).trim_end_matches('/').to_owned()
}
