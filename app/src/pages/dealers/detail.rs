//! `/dealers/{dealer_id}`: one dealer, its keys that nobody reads back, and whether its system answers.

use super::{fetches, source_badge};
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState, fault},
        moment::when,
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::dealers::{
        EditDealer, FetchDealer, SetDealerKeys, SwitchDealerFeed, TestDealer, load_dealer, load_dealer_fetches,
    },
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::{Permission, Rights},
    dealers::{DealerDetail, DealerFetches, DealerTest, ErrorClass, KeyView, KeysView, TokenMode},
    live::Topic,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_params_map;

/// Seconds between the clocks beyond which people are told (`dealers.md` 3.1).
const CLOCK_WARNED_ABOVE: i64 = 5;

#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct DealerRoute {
    id: Memo<String>,
    dealer: PageData<Option<DealerDetail>>,
    fetches: PageData<Option<DealerFetches>>,
    /// Counts what was done here, after which the data are another.
    acted: RwSignal<usize>,
}

#[derive(Clone, Copy)]
struct Acts {
    edit: ServerAction<EditDealer>,
    keys: ServerAction<SetDealerKeys>,
    test: ServerAction<TestDealer>,
    fetch: ServerAction<FetchDealer>,
    switch: ServerAction<SwitchDealerFeed>,
}

impl Acts {
    fn new(acted: RwSignal<usize>) -> Self {
        let acts = Self {
            edit: ServerAction::new(),
            keys: ServerAction::new(),
            test: ServerAction::new(),
            fetch: ServerAction::new(),
            switch: ServerAction::new(),
        };
        Effect::new(move |before: Option<()>| {
            let _ = (acts.test.version().get(), acts.fetch.version().get(), acts.switch.version().get());
            if before.is_some() {
                acted.update(|count| *count += 1);
            }
        });
        // What other keys came to says nothing of these.
        Effect::new(move || {
            if matches!(acts.keys.value().get(), Some(Ok(()))) {
                acts.test.clear();
            }
        });
        acts
    }
}

impl LazyPage for DealerRoute {
    fn data() -> Self {
        let params = use_params_map();
        let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
        let (changed, worked) = (use_topic(Topic::Dealers), use_topic(Topic::Jobs));
        let acted = RwSignal::new(0);
        Self {
            id,
            dealer: PageData::load(move || (id.get(), changed.get(), acted.get()), |(id, ..)| load_dealer(id)),
            fetches: PageData::load(
                move || (id.get(), changed.get(), worked.get(), acted.get()),
                |(id, ..)| load_dealer_fetches(id),
            ),
            acted,
        }
    }

    fn view(this: Self) -> AnyView {
        let DealerRoute { id, dealer, fetches, acted } = this;
        let acts = Acts::new(acted);
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(dealer.await, move |dealer| found(dealer, acts)) })}
            </Transition>
            <Transition fallback=|| view! { <Loading lines=4/> }>
                {move || Suspend::new(async move {
                    let (dealer, rights) = (id.get_untracked(), session());
                    let switch = rights.may(Permission::DealersEdit).then_some(acts.switch);
                    let may = fetches::May { dealer, list: rights.may(Permission::ProspectsView), switch };
                    ready_or_failed(fetches.await, |fetches| fetches.map(|fetches| fetches::shown(fetches, &may)))
                })}
            </Transition>
        }
        .into_any()
    }
}

fn found(dealer: Option<DealerDetail>, acts: Acts) -> AnyView {
    let Some(dealer) = dealer else {
        set_status(404);
        return view! {
            <PageHead title="Dealer not found" scope="There is no dealer with this code, or not in your scope."/>
            <p><a href="/dealers">"All dealers"</a></p>
        }
        .into_any();
    };
    let (may_edit, may_keys) = (session().may(Permission::DealersEdit), session().may(Permission::DealersCredentials));
    let active = if dealer.is_active { "Active" } else { "Not active" };
    let active_tone = if dealer.is_active { "badge good" } else { "badge neutral" };
    let updated = dealer.updated_by.clone().map(|by| format!(" by {by}"));
    let scope = format!("Dealer {} of {}", dealer.dealer_id, dealer.main_dealer_name);
    let edit = may_edit.then(|| edit_form(&dealer, acts.edit));
    let fetch = session().may(Permission::JobsRun).then(|| fetches::form(&dealer, acts.fetch));
    let keys = keys_card(&dealer.dealer_id, &dealer.credentials, may_keys, acts);
    view! {
        <PageHead title=dealer.dealer_name.clone() scope><a class="btn" href="/dealers">"All dealers"</a></PageHead>
        <section class="card">
            <header><h2>"Dealer"</h2></header>
            <p>{source_badge(dealer.source)}" "<span class=active_tone>{active}</span></p>
            <dl class="details">
                <div><dt>"Code"</dt><dd>{dealer.dealer_id.clone()}</dd></div>
                <div><dt>"Main dealer"</dt><dd>{dealer.main_dealer.clone()}", "{dealer.main_dealer_name.clone()}</dd></div>
                <div><dt>"Time zone"</dt><dd>{dealer.timezone.clone()}</dd></div>
                <div><dt>"Proof of its calls"</dt><dd>{dealer.token_mode.label()}</dd></div>
                <div><dt>"Changed"</dt><dd>{when(dealer.updated_at)}{updated}</dd></div>
            </dl>
        </section>
        {keys}
        {edit}
        {fetch}
    }
    .into_any()
}

fn edit_form(dealer: &DealerDetail, edit: ServerAction<EditDealer>) -> AnyView {
    let state = FormState::of(edit);
    let text = |name: &'static str, label: &'static str, value: &str| {
        let wrong = state.fault(name);
        let value = state.typed(name, value);
        view! {
            <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
                <label for=name>{label}</label>
                <input id=name name=name maxlength="255" autocomplete="off" value=value aria-describedby=format!("{name}-error")
                    aria-invalid=move || wrong.get().is_some().then_some("true")/>
                {fault(state, name)}
            </div>
        }
    };
    let (name, zone) =
        (text("dealer_name", "Name", &dealer.dealer_name), text("timezone", "Time zone", &dealer.timezone));
    // Who has only some dealers in scope neither switches one off nor says how it signs.
    let has_all = session().user.is_some_and(|user| Rights::of(user.role, &[]).has(Permission::DealersEdit));
    let switches = has_all.then(|| switches(state, dealer));
    let (id, version) = (dealer.dealer_id.clone(), dealer.version);
    view! {
        <section class="card">
            <header><h2>"Change it"</h2></header>
            <ErrorSummary state/>
            <ActionForm action=edit>
                <CsrfField/>
                <input type="hidden" name="dealer_id" value=id/>
                <input type="hidden" name="version" value=version/>
                <div class="form">
                    {name}
                    {zone}
                    {switches}
                    <div class="form-actions"><button class="btn" type="submit">"Keep"</button></div>
                </div>
            </ActionForm>
        </section>
    }
    .into_any()
}

fn switches(state: FormState, dealer: &DealerDetail) -> AnyView {
    let choice = |name: &'static str, label: &'static str, is: &str, choices: &[(&'static str, &'static str)]| {
        let chosen = state.typed(name, is);
        let option = |&(value, words): &(&'static str, &'static str)| view! { <option value=value selected=value == chosen>{words}</option> };
        let options = choices.iter().map(option).collect_view();
        view! {
            <div class="field">
                <label for=name>{label}</label>
                <select id=name name=name aria-describedby=format!("{name}-error")>{options}</select>
                {fault(state, name)}
            </div>
        }
    };
    let modes: Vec<_> = TokenMode::ALL.iter().map(|mode| (mode.as_str(), mode.label())).collect();
    let active = if dealer.is_active { "true" } else { "false" };
    view! {
        {choice("is_active", "State", active, &[("true", "Active"), ("false", "Not active")])}
        {choice("token_mode", "Proof of its calls", dealer.token_mode.as_str(), &modes)}
    }
    .into_any()
}

fn saved(label: &'static str, key: &KeyView) -> AnyView {
    let told = match (&key.last4, key.updated_at) {
        (Some(last), Some(at)) => {
            let by = key.set_by.clone().map(|by| format!(" by {by}"));
            view! { "set, ends in "<code>{last.clone()}</code>", "{when(at)}{by} }.into_any()
        }
        _ if key.set => view! { "set" }.into_any(),
        _ => view! { "not set" }.into_any(),
    };
    view! { <div><dt>{label}</dt><dd>{told}</dd></div> }.into_any()
}

fn tested(keys: &KeysView) -> Option<AnyView> {
    let (result, at) = (keys.last_test_result.clone()?, keys.last_test_at?);
    let (tone, words) = match ErrorClass::parse(&result) {
        Some(class) => ("badge bad", format!("{}. {}", class.label(), class.advice())),
        None => ("badge good", "Its system answered.".to_owned()),
    };
    Some(view! { <p data-tested><span class=tone>{result}</span>" "{words}" "{when(at)}</p> }.into_any())
}

/// What the test just made says beyond its class.
fn of_test_now(test: &DealerTest) -> AnyView {
    let clock = test.clock_offset_seconds.filter(|apart| apart.abs() > CLOCK_WARNED_ABOVE).map(|apart| {
        let side = if apart > 0 { "ahead of" } else { "behind" };
        let told = format!("Its clock is {} s {side} ours: calls may be refused for their time.", apart.abs());
        view! { <p><span class="badge warn">"clock"</span>" "{told}</p> }
    });
    let took = test.ok.then(|| view! { <p class="sub">{format!("It took {} ms.", test.latency_ms)}</p> });
    let advice = test.advice.clone().map(|advice| view! { <p>{advice}</p> });
    view! { <div data-test-told>{advice}{clock}{took}</div> }.into_any()
}

fn keys_card(id: &str, keys: &KeysView, may_set: bool, acts: Acts) -> AnyView {
    let of_test = FormState::of(acts.test);
    let any = keys.api_key.set || keys.secret_key.set || keys.api_token.set;
    let test = (may_set && any).then(|| {
        let id = id.to_owned();
        view! {
            <ErrorSummary state=of_test/>
            <ActionForm action=acts.test>
                <CsrfField/>
                <input type="hidden" name="dealer_id" value=id/>
                <div class="form-actions"><button class="btn" type="submit">"Test the keys"</button></div>
            </ActionForm>
        }
    });
    let told = move || acts.test.value().get().and_then(Result::ok).map(|test| of_test_now(&test));
    let set = may_set.then(|| keys_form(id, acts.keys));
    let environment = keys.environment.label();
    view! {
        <section class="card" data-keys>
            <header><h2>"Keys"</h2></header>
            <p class="sub">{format!("For its {} system. They are sealed when they are set, and nobody can read them back.", environment.to_lowercase())}</p>
            <dl class="details">{saved("API key", &keys.api_key)}{saved("Secret key", &keys.secret_key)}{saved("API token", &keys.api_token)}</dl>
            {tested(keys)}
            {told}
            {test}
            {set}
        </section>
    }
    .into_any()
}

fn keys_form(id: &str, keys: ServerAction<SetDealerKeys>) -> AnyView {
    let state = FormState::of(keys);
    let entry = |name: &'static str, label: &'static str| {
        let wrong = state.fault(name);
        view! {
            <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
                <label for=name>{label}</label>
                <input id=name name=format!("credentials[{name}]") type="password" maxlength="200" autocomplete="new-password"
                    aria-describedby=format!("{name}-error") aria-invalid=move || wrong.get().is_some().then_some("true")/>
                {fault(state, name)}
            </div>
        }
    };
    let fields =
        (entry("api_key", "New API key"), entry("secret_key", "New secret key"), entry("api_token", "New API token"));
    let id = id.to_owned();
    // Without script the page comes back with what was wrong.
    let open = state.error().get_untracked().is_some();
    view! {
        <details open=open>
            <summary>"Set new keys"</summary>
            <ErrorSummary state/>
            <ActionForm action=keys>
                <CsrfField/>
                <input type="hidden" name="credentials[dealer_id]" value=id/>
                <p class="help">"What is left empty stays as it is."</p>
                <div class="form">
                    {fields}
                    <div class="form-actions"><button class="btn primary" type="submit">"Set the keys"</button></div>
                </div>
            </ActionForm>
        </details>
    }
    .into_any()
}
