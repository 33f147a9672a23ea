//! `/settings`: whose day, whose money, and the rules of sales. One form, whole with and without script.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::session,
    features::settings::{ChangeSettings, load_settings},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    live::Topic,
    settings::{Setting, SettingsView},
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

/// The settings page.
#[derive(Debug)]
pub struct SettingsRoute {
    settings: PageData<SettingsView>,
}

impl LazyPage for SettingsRoute {
    fn data() -> Self {
        let changed = use_topic(Topic::Settings);
        Self { settings: PageData::load(move || changed.get(), |_| load_settings()) }
    }

    fn view(this: Self) -> AnyView {
        let settings = this.settings;
        let saved = use_query_map().with_untracked(|query| query.get("saved").is_some());
        view! {
            <PageHead title="Settings" scope="For everybody; changes count at once and are written to the audit log">
                {session().may(Permission::AuditView).then(|| view! {
                    <a class="btn" href="/audit?feature=settings">"What was changed"</a>
                })}
            </PageHead>
            {saved.then(|| view! { <p class="banner" role="status">"The settings are saved."</p> })}
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(settings.await, screen) })}
            </Transition>
        }
        .into_any()
    }
}

/// Groups in the order of the declaration, each with its keys' common start.
const GROUPS: [(&str, &str); 2] = [("business.", "Business"), ("sales.", "Sales")];

fn screen(settings: SettingsView) -> AnyView {
    let may_edit = session().may(Permission::AccessSettingsEdit);
    let state = FormState::plain(ChangeSettings::PATH);
    let groups = GROUPS
        .map(|(start, title)| {
            let of_group: Vec<_> = settings.items.iter().filter(|s| s.key.starts_with(start)).cloned().collect();
            group(title, of_group, may_edit, state)
        })
        .collect_view();
    if !may_edit {
        return view! {
            <p class="sub">"Administrators change these."</p>
            {groups}
        }
        .into_any();
    }
    view! {
        <ErrorSummary state/>
        <form class="form" method="post" action=ChangeSettings::PATH>
            <CsrfField/>
            <input type="hidden" name="version" value=settings.version.to_string()/>
            {groups}
            <div class="form-actions"><button class="btn primary" type="submit">"Save settings"</button></div>
        </form>
    }
    .into_any()
}

fn group(title: &'static str, settings: Vec<Setting>, may_edit: bool, state: FormState) -> impl IntoView {
    let body = if may_edit {
        settings.into_iter().map(|setting| field(setting, state)).collect_view().into_any()
    } else {
        let facts = settings.into_iter().map(fact).collect_view();
        view! { <dl class="details">{facts}</dl> }.into_any()
    };
    view! {
        <section class="card" aria-label=title>
            <header><h2>{title}</h2></header>
            {body}
        </section>
    }
}

/// What a change brings with it, where that is not plain.
fn effect(key: &str) -> Option<&'static str> {
    Some(match key {
        "business.zone" => {
            "Every day begins and ends in this zone, past days too: the figures of the last 400 days are summed up anew, which takes about a minute; until then they are counted from the sales when looked at. Stored times do not change."
        }
        "business.base_currency" => "Changes the sums that are shown. Amounts stay in their own currency.",
        "sales.tax_rate" => "For sales recorded from now on.",
        _ => return None,
    })
}

fn field(setting: Setting, state: FormState) -> impl IntoView {
    let Setting { key, title, value, allowed, updated_by, updated_at, .. } = setting;
    let name = format!("values[{key}]");
    let typed = state.typed(&name, &value);
    let fault = state.error().with_untracked(|error| error.as_ref().and_then(|e| e.of_field(&key)).map(str::to_owned));
    let (help, error) = (format!("{key}-help"), format!("{key}-error"));
    let described = format!("{help} {error}");
    let changed = updated_by.zip(updated_at).map(|(by, at)| format!(" Changed by {by}, {}.", format::date_time(at)));
    let invalid = fault.is_some().then_some("true");
    let input = if key == "business.week_start" {
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
            .map(|day| view! { <option value=day selected=day == typed>{day}</option> })
            .collect_view();
        view! { <select id=key.clone() name=name aria-describedby=described aria-invalid=invalid>{days}</select> }
            .into_any()
    } else {
        view! {
            <input id=key.clone() name=name type="text" value=typed autocomplete="off" aria-describedby=described aria-invalid=invalid/>
        }
        .into_any()
    };
    view! {
        <div class="field" data-invalid=invalid>
            <label for=key.clone()>{title}</label>
            {input}
            <p class="help" id=help>{allowed}" "{effect(&key)}{changed}</p>
            <p class="error" id=error>{fault}</p>
        </div>
    }
}

fn fact(setting: Setting) -> impl IntoView {
    let value = if setting.value.is_empty() { "–".to_owned() } else { setting.value };
    view! { <dt>{setting.title}</dt> <dd>{value}</dd> }
}
