//! `/products/new`.

use super::form::fields;
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    features::inventory::{CreateProduct, load_blank},
    page_data::PageData,
    pages::LazyPage,
};
use domain::inventory::{BlankProduct, ProductForm};
use leptos::{prelude::*, server_fn::ServerFn};

/// The form of a new product.
#[derive(Debug)]
pub struct NewProductRoute {
    blank: PageData<BlankProduct>,
}

impl LazyPage for NewProductRoute {
    fn data() -> Self {
        Self { blank: PageData::load(|| (), |()| load_blank()) }
    }

    fn view(this: Self) -> AnyView {
        let blank = this.blank;
        view! {
            <PageHead title="New product">
                <a class="btn" href="/products">"All products"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(blank.await, shown) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(blank: BlankProduct) -> AnyView {
    let state = FormState::plain(CreateProduct::PATH);
    let form = ProductForm {
        unit: "each".to_owned(),
        currency: blank.currency.to_string(),
        is_active: "1".to_owned(),
        ..ProductForm::default()
    };
    // A new one after a refusal: the old key keeps its answer.
    let key = blank.idempotency_key;
    view! {
        <section class="card">
            <ErrorSummary state/>
            <form class="form" method="post" action=CreateProduct::PATH>
                <CsrfField/>
                <input type="hidden" name="idempotency_key" value=key/>
                {fields(state, &form, blank.categories, true)}
                <div class="form-actions"><button class="btn primary" type="submit">"Add the product"</button></div>
            </form>
        </section>
    }
    .into_any()
}
