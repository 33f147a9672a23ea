//! `/inbox/preferences`: what one wants to be told.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    features::alert_routes::{SetPreferences, load_preferences},
    page_data::PageData,
    pages::LazyPage,
};
use domain::alerts::{Preference, Severity};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_location;

/// The page of preferences.
#[derive(Debug)]
pub struct PreferencesRoute {
    preferences: PageData<Vec<Preference>>,
    saved: Memo<bool>,
}

impl LazyPage for PreferencesRoute {
    fn data() -> Self {
        let search = use_location().search;
        let saved = Memo::new(move |_| search.with(|text| text.trim_start_matches('?') == "saved"));
        Self { preferences: PageData::load(|| (), |()| load_preferences()), saved }
    }

    fn view(this: Self) -> AnyView {
        let PreferencesRoute { preferences, saved } = this;
        view! {
            <PageHead title="Preferences" scope="What you want to be told, by feature">
                <a class="btn" href="/inbox">"Inbox"</a>
            </PageHead>
            {move || saved.get().then(|| view! { <p role="status">"Kept."</p> })}
            <ErrorSummary state=FormState::plain(SetPreferences::PATH)/>
            <Transition fallback=|| view! { <Loading lines=6/> }>
                {move || Suspend::new(async move { ready_or_failed(preferences.await, form) })}
            </Transition>
        }
        .into_any()
    }
}

fn form(preferences: Vec<Preference>) -> AnyView {
    if preferences.is_empty() {
        return view! { <Empty message="You may not view any feature that has alerts."/> }.into_any();
    }
    let state = FormState::plain(SetPreferences::PATH);
    let again = state.error().get_untracked().is_some();
    let rows = preferences.iter().enumerate().map(|(i, one)| row(i, one, state, again)).collect_view();
    view! {
        <form class="card" method="post" action=SetPreferences::PATH>
            <CsrfField/>
            <p class="help">"E-mail is what channels send to your address. What is critical about access and audit comes always."</p>
            <div class="table-wrap" tabindex="0"><table class="stack">
                <thead><tr>
                    <th scope="col">"Feature"</th><th scope="col">"From"</th><th scope="col">"Inbox"</th><th scope="col">"E-mail"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
            <div class="form-actions"><button class="btn primary" type="submit">"Keep"</button></div>
        </form>
    }
    .into_any()
}

/// After a refused try a box without a value had no tick.
fn row(i: usize, one: &Preference, state: FormState, again: bool) -> impl IntoView + use<> {
    let name = |field: &str| format!("preferences[{i}][{field}]");
    let feature = one.feature.label();
    let chosen = state.typed(&name("min_severity"), one.min_severity.as_str());
    let options = Severity::ALL
        .iter()
        .rev()
        .map(|severity| {
            let selected = severity.as_str() == chosen;
            view! { <option value=severity.as_str() selected=selected>{severity.label()}</option> }
        })
        .collect_view();
    let tick = |field: &str, words: &'static str, on: bool| {
        let named = name(field);
        let checked = if again { !state.typed(&named, "").is_empty() } else { on };
        let label = format!("{feature}: {words}");
        view! { <label><input type="checkbox" name=named value="true" checked=checked aria-label=label/>" "{words}</label> }
    };
    view! {
        <tr>
            <td>{feature}<input type="hidden" name=name("feature") value=one.feature.as_str()/></td>
            <td><select name=name("min_severity") aria-label=format!("{feature}: from which severity")>{options}</select></td>
            <td>{tick("in_app", "Inbox", one.in_app)}</td>
            <td>{tick("email", "E-mail", one.email)}</td>
        </tr>
    }
}
