//! `/transactions/new`: record a sale. The form is the page's URL: searching, adding and removing are
//! GETs of it, recording is a POST. With script the same URL follows the typing and the quote is live.

mod lines;
mod quote;

use crate::{
    browser,
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::session,
    features::transactions::{RecordSale, load_draft},
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    query,
    transactions::{PaymentMethod, SaleDraft, SaleForm},
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};

const PATH: &str = "/transactions/new";

/// The page of a new sale.
#[derive(Debug)]
pub struct NewTransactionRoute {
    /// The form as a query.
    filled: Memo<String>,
    draft: PageData<SaleDraft>,
}

impl LazyPage for NewTransactionRoute {
    fn data() -> Self {
        let search = use_location().search;
        let opened = search.get_untracked();
        // A refused form comes back whole: what was typed stands over what the address says, until the
        // address moves on.
        let typed = session().note.filter(|note| note.form == RecordSale::PATH);
        let typed = typed.map(|note| query::write(note.values.iter().map(|(n, v)| (n.as_str(), v.as_str()))));
        let filled = Memo::new(move |_| {
            let now = search.get();
            typed.clone().filter(|_| now == opened).unwrap_or(now)
        });
        Self { filled, draft: PageData::load(move || filled.get(), load_draft) }
    }

    fn view(this: Self) -> AnyView {
        let NewTransactionRoute { filled, draft } = this;
        // What the form holds when the page opens; afterwards the fields hold themselves.
        let form = SaleForm::parse(query::pairs(&filled.get_untracked()));
        let state = FormState::plain(RecordSale::PATH);
        let navigate = use_navigate();
        let follow = move |query: Option<String>| {
            if let Some(query) = query {
                let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
                navigate(&format!("{PATH}?{query}"), options);
            }
        };
        let typed = follow.clone();
        view! {
            <PageHead title="New transaction" scope="Prices, tax and stock come from the catalogue">
                <a class="btn" href="/transactions">"All transactions"</a>
            </PageHead>
            <ErrorSummary state/>
            <form
                class="form-page"
                method="post"
                action=RecordSale::PATH
                on:change=move |event| typed(browser::form_query(&event))
                on:submit=move |event| follow(browser::form_query(&event))
            >
                <CsrfField/>
                // Enter in a field presses the form's first button: that must search, not sell.
                <button class="visually-hidden" type="submit" formmethod="get" formaction=PATH tabindex="-1">"Update"</button>
                {pickers(&form)}
                <Transition fallback=|| view! { <Loading lines=6/> }>
                    {move || Suspend::new(async move { ready_or_failed(draft.await, lines::filled) })}
                </Transition>
                {amounts(&form, state)}
                <Transition fallback=|| view! { <Loading lines=3/> }>
                    {move || Suspend::new(async move { ready_or_failed(draft.await, quote::total) })}
                </Transition>
            </form>
        }
        .into_any()
    }
}

/// Searches for products and a customer.
fn pickers(form: &SaleForm) -> impl IntoView + use<> {
    view! {
        <section class="card">
            <div class="form-grid">
                <div class="field">
                    <label for="find">"Find products"</label>
                    <input id="find" name="find" type="search" maxlength="100" value=form.find.clone() placeholder="SKU or name"/>
                </div>
                <div class="field">
                    <label for="find_customer">"Find a customer " <span class="opt">"(optional)"</span></label>
                    <input id="find_customer" name="find_customer" type="search" maxlength="100" value=form.find_customer.clone()
                        placeholder="Number or reference"/>
                </div>
                <div class="form-actions">
                    <button class="btn" type="submit" formmethod="get" formaction=PATH>"Search"</button>
                </div>
            </div>
        </section>
    }
}

fn amounts(form: &SaleForm, state: FormState) -> impl IntoView + use<> {
    let chosen = state.typed("payment_method", &form.payment_method);
    let paid_fault = state.fault("payment_method");
    let options = PaymentMethod::ALL
        .map(|m| view! { <option value=m.as_str() selected=chosen == m.as_str()>{m.words()}</option> })
        .collect_view();
    let later = state.typed("capture", &form.capture) == "false";
    view! {
        <section class="card">
            <header><h2>"Payment"</h2></header>
            <div class="form-grid">
                <div class="field">
                    <label for="payment_method">"Paid by"</label>
                    <select id="payment_method" name="payment_method">
                        <option value="">"Choose"</option>
                        {options}
                    </select>
                    {move || paid_fault.get().map(|fault| view! { <p class="error">{fault}</p> })}
                </div>
                <Amount state name="discount_applied" label="Discount" value=form.discount_applied.clone()/>
                <Amount state name="shipping_cost" label="Shipping" value=form.shipping_cost.clone()/>
                <div class="field">
                    <label>
                        <input type="checkbox" name="capture" value="false" checked=later/>
                        " The payment is still open: reserve the stock for 30 minutes"
                    </label>
                </div>
            </div>
        </section>
    }
}

#[component]
fn Amount(state: FormState, name: &'static str, label: &'static str, value: String) -> impl IntoView {
    let fault = state.fault(name);
    view! {
        <div class="field" data-invalid=move || fault.get().is_some().then_some("true")>
            <label for=name>{label}" "<span class="opt">"(optional)"</span></label>
            <input id=name class="num" name=name type="text" inputmode="decimal" maxlength="20" value=state.typed(name, &value)/>
            {move || fault.get().map(|fault| view! { <p class="error">{fault}</p> })}
        </div>
    }
}
