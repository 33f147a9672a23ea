//! `/customers/{id}`: who they are as far as it may be seen, how they buy, and what may be done.

use super::form::fields;
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::customers::{EditCustomer, EraseCustomer, RevealCustomer, load_customer},
    live::use_topic,
    page_data::PageData,
    pages::{LazyPage, products::detail::sales},
};
use domain::{
    access::Permission,
    customers::{CustomerCase, CustomerDetail, CustomerForm, CustomerPattern, CustomerScreen, Revealed},
    format,
    live::Topic,
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::{use_params_map, use_query_map};
use rust_decimal::Decimal;

/// The page of a customer.
#[derive(Debug)]
pub struct CustomerRoute {
    screen: PageData<Option<CustomerScreen>>,
    /// What the forms start from: what is typed there stays while the rest comes up to date.
    forms: Option<PageData<Option<CustomerScreen>>>,
}

impl LazyPage for CustomerRoute {
    fn data() -> Self {
        let (params, query, changed) = (use_params_map(), use_query_map(), use_topic(Topic::Customers));
        let asked = move || (params.read().get("id").unwrap_or_default(), query.read().get("shown"));
        let may_edit = session().may(Permission::CustomersEdit);
        Self {
            screen: PageData::load(move || (asked(), changed.get()), |((id, ticket), _)| load_customer(id, ticket)),
            forms: may_edit.then(|| PageData::load(asked, |(id, ticket)| load_customer(id, ticket))),
        }
    }

    fn view(this: Self) -> AnyView {
        let CustomerRoute { screen, forms } = this;
        let saved = use_query_map().with_untracked(|q| q.get("saved").is_some());
        view! {
            {saved.then(|| view! { <p class="banner" role="status">"Saved."</p> })}
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(screen.await, found) })}
            </Transition>
            {forms.map(|forms| view! {
                <Transition fallback=|| ()>
                    {move || Suspend::new(async move { forms.await.ok().flatten().map(acts) })}
                </Transition>
            })}
        }
        .into_any()
    }
}

fn found(screen: Option<CustomerScreen>) -> AnyView {
    let Some(CustomerScreen { customer, shown, .. }) = screen else {
        set_status(404);
        return view! {
            <PageHead title="Customer not found"/>
            <p><a class="btn" href="/customers">"All customers"</a></p>
        }
        .into_any();
    };
    let all_sales = format!("/transactions?customer_id={}", customer.id);
    let title = format!("Customer {}", customer.number);
    let facts = facts(&customer, shown.as_ref());
    let pattern = customer.pattern.clone().map(pattern);
    let cases = (!customer.cases.is_empty()).then(|| cases(customer.cases.clone()));
    let sold = session().may(Permission::TransactionsView).then(|| sales(customer.sales, all_sales));
    view! {
        <PageHead title scope=customer.label>
            <a class="btn" href="/customers">"All customers"</a>
        </PageHead>
        <section class="grid2">
            {facts}
            {pattern}
        </section>
        {sold}
        {cases}
    }
    .into_any()
}

fn line(name: &'static str, text: Option<String>) -> Option<impl IntoView> {
    text.map(|text| view! { <div><dt>{name}</dt><dd>{text}</dd></div> })
}

fn facts(customer: &CustomerDetail, shown: Option<&Revealed>) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let hidden = |there: bool| there.then(|| "•••".to_owned());
    let name = shown.map(|r| {
        [&r.first_name, &r.last_name]
            .into_iter()
            .flatten()
            .filter(|n| !n.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    });
    let clear = |of: fn(&Revealed) -> Option<String>, masked: Option<String>| shown.map_or(masked, of);
    let email = clear(|r| r.email.clone(), customer.email.clone());
    let phone = clear(|r| r.phone.clone(), customer.phone.clone());
    let address = clear(|r| r.address.clone(), hidden(customer.has_address));
    let born = clear(|r| r.date_of_birth.map(format::date), hidden(customer.has_date_of_birth));
    let erased = customer.erased_at.map(|at| view! { <div><dt>"Erased"</dt><dd>{when(at)}</dd></div> });
    let demo = customer.demo.then(|| view! { " "<span class="badge demo">"Demo"</span> });
    let by = customer.updated_by.clone().map(|by| format!(" · {by}"));
    let may_reveal = session().may(Permission::CustomersPii) && customer.erased_at.is_none() && shown.is_none();
    let state = FormState::plain(RevealCustomer::PATH);
    let reveal = may_reveal.then(|| {
        view! {
            <ErrorSummary state/>
            <form method="post" action=RevealCustomer::PATH>
                <CsrfField/>
                <input type="hidden" name="id" value=customer.id.to_string()/>
                <button class="btn" type="submit">"Show personal data"</button>
                <p class="help">"It is recorded who read it."</p>
            </form>
        }
    });
    view! {
        <article class="card">
            <header><h2>"Customer"</h2></header>
            <dl class="details">
                {erased}
                {line("Name", name)}
                {line("E-mail", email)}
                {line("Phone", phone)}
                {line("Address", address)}
                {line("Born", born)}
                {line("Country", customer.country.clone())}
                {line("Reference", customer.external_ref.clone())}
                <div><dt>"Tier"</dt><dd>{customer.loyalty_tier.words()}{demo}</dd></div>
                {line("Pays by", customer.preferred_payment.map(|m| m.words().to_owned()))}
                {line("Risk", customer.risk_score.map(|risk| format::number(risk, &locale)))}
                {line("Since", Some(format::date(customer.registration_date)))}
                <div><dt>"Changed"</dt><dd>{when(customer.updated_at)}{by}</dd></div>
            </dl>
            {reveal}
        </article>
    }
}

fn pattern(pattern: CustomerPattern) -> impl IntoView {
    let locale = session().business.locale;
    let money = |amount: Option<Decimal>| amount.map(|amount| format::money(amount, pattern.currency, &locale));
    let favorites = pattern
        .favorite_categories
        .iter()
        .map(|c| format!("{} {}", c.name, format::percent(c.share, 0)))
        .collect::<Vec<_>>()
        .join(", ");
    let hours = pattern.typical_purchase_hours.iter().map(|hour| format!("{hour} h")).collect::<Vec<_>>().join(", ");
    let filled = |text: String| Some(text).filter(|text| !text.is_empty());
    view! {
        <article class="card">
            <header><h2>"Buying"</h2><span class="meta">"365 days"</span></header>
            <dl class="details">
                {line("Orders", Some(format::count(pattern.total_transactions.into(), &locale)))}
                {line("Average", money(pattern.average_transaction_amount))}
                {line("Median", money(pattern.median_transaction_amount))}
                {line("Deviation", money(pattern.stddev_transaction_amount))}
                {line("P90", money(pattern.p90_amount))}
                {line("Between", pattern.avg_time_between_purchases_seconds.map(format::duration))}
                <div><dt>"Last"</dt><dd>{when(pattern.last_purchase_at)}</dd></div>
                {line("Categories", filled(favorites))}
                {line("Hours", filled(hours))}
                <div><dt>"As of"</dt><dd>{when(pattern.updated_at)}</dd></div>
            </dl>
        </article>
    }
}

fn cases(cases: Vec<CustomerCase>) -> impl IntoView {
    let rows = cases
        .into_iter()
        .map(|case| {
            let href = format!("/fraud/cases/{}", case.id);
            view! { <li><div><a href=href>{format!("Case of sale #{}", case.sale_number)}</a>" "<small>{case.state.label()}" · "{when(case.created_at)}</small></div></li> }
        })
        .collect_view();
    view! {
        <section class="card">
            <header><h2>"Cases"</h2></header>
            <ul class="list">{rows}</ul>
        </section>
    }
}

fn acts(screen: CustomerScreen) -> impl IntoView {
    let CustomerScreen { customer, shown, may_erase } = screen;
    let form = customer.erased_at.is_none().then(|| edit(&customer, shown.as_ref()));
    let erase = may_erase.then(|| erase(&customer));
    view! { {form} {erase} }
}

fn edit(customer: &CustomerDetail, shown: Option<&Revealed>) -> impl IntoView + use<> {
    let state = FormState::plain(EditCustomer::PATH);
    let form = CustomerForm::of(customer, shown);
    let version = state.typed("version", &customer.version.to_string());
    let known = state.typed("customer[shown]", &form.shown);
    let help = known.is_empty().then(|| view! { <p class="help">"What is left empty stays as it is."</p> });
    view! {
        <section class="card" id="form">
            <header><h2>"Change"</h2></header>
            <ErrorSummary state/>
            <form class="form" method="post" action=EditCustomer::PATH>
                <CsrfField/>
                <input type="hidden" name="id" value=customer.id.to_string()/>
                <input type="hidden" name="version" value=version/>
                <input type="hidden" name="customer[shown]" value=known/>
                {help}
                {fields(state, &form, false)}
                <div class="form-actions"><button class="btn primary" type="submit">"Save"</button></div>
            </form>
        </section>
    }
}

/// Asks once.
fn erase(customer: &CustomerDetail) -> impl IntoView + use<> {
    let state = FormState::plain(EraseCustomer::PATH);
    view! {
        <section class="card">
            <ErrorSummary state/>
            <details>
                <summary class="btn">"Erase personal data…"</summary>
                <p>"Name, e-mail, phone, address and date of birth go for good; the sales stay. This cannot be undone."</p>
                <form method="post" action=EraseCustomer::PATH>
                    <CsrfField/>
                    <input type="hidden" name="id" value=customer.id.to_string()/>
                    <input type="hidden" name="version" value=customer.version.to_string()/>
                    <button class="btn danger" type="submit">"Erase for good"</button>
                </form>
            </details>
        </section>
    }
}
