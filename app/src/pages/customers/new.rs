//! `/customers/new`.

use super::form::fields;
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    features::customers::{CreateCustomer, load_blank},
    page_data::PageData,
    pages::LazyPage,
};
use domain::customers::CustomerForm;
use leptos::{prelude::*, server_fn::ServerFn};

/// The form of a new customer.
#[derive(Debug)]
pub struct NewCustomerRoute {
    key: PageData<String>,
}

impl LazyPage for NewCustomerRoute {
    fn data() -> Self {
        Self { key: PageData::load(|| (), |()| load_blank()) }
    }

    fn view(this: Self) -> AnyView {
        let key = this.key;
        view! {
            <PageHead title="New customer">
                <a class="btn" href="/customers">"All customers"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(key.await, shown) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(key: String) -> AnyView {
    let state = FormState::plain(CreateCustomer::PATH);
    view! {
        <section class="card">
            <ErrorSummary state/>
            <form class="form" method="post" action=CreateCustomer::PATH>
                <CsrfField/>
                <input type="hidden" name="idempotency_key" value=key/>
                {fields(state, &CustomerForm::default(), true)}
                <div class="form-actions"><button class="btn primary" type="submit">"Add the customer"</button></div>
            </form>
        </section>
    }
    .into_any()
}
