//! What is in the sale so far, what the searches found, and who buys.

use super::PATH;
use crate::{components::states::Empty, context::session};
use domain::{
    format,
    transactions::{CustomerChoice, DraftLine, ProductChoice, SaleDraft},
};
use leptos::prelude::*;
use rust_decimal::Decimal;

/// Everything between the searches and the payment.
pub fn filled(draft: SaleDraft) -> AnyView {
    let key = draft.idempotency_key.clone();
    let customer_id = draft.form.customer_id.clone();
    view! {
        <input type="hidden" name="idempotency_key" value=key/>
        <input type="hidden" name="customer_id" value=customer_id/>
        {buyer(&draft)}
        {chosen(&draft)}
        {found(&draft)}
    }
    .into_any()
}

fn customer_button(customer: CustomerChoice) -> impl IntoView {
    view! {
        <li>
            <button type="submit" name="pick_customer" value=customer.id.to_string() formmethod="get" formaction=PATH>{customer.label}</button>
        </li>
    }
}

fn buyer(draft: &SaleDraft) -> impl IntoView + use<> {
    let now = match &draft.customer {
        Some(customer) => {
            let label = customer.label.clone();
            view! {
                <p>
                    <strong>{label}</strong>" "
                    <button class="btn quiet" type="submit" name="pick_customer" value="nobody" formmethod="get" formaction=PATH>"Sell to a guest"</button>
                </p>
            }
            .into_any()
        }
        None => view! { <p>"Guest"</p> }.into_any(),
    };
    let offered = draft.customers_found.clone();
    let none = offered.is_empty() && !draft.form.find_customer.is_empty();
    view! {
        <section class="card">
            <header><h2>"Customer"</h2></header>
            {now}
            <ul class="chips">{offered.into_iter().map(customer_button).collect_view()}</ul>
            {none.then(|| view! { <p class="help">"No customer has this number or reference."</p> })}
        </section>
    }
}

/// `12 left`, or nothing for a service.
fn left(product: &ProductChoice, locale: &str) -> String {
    product.stock_left.map_or_else(|| "service".to_owned(), |left| format!("{} left", format::number(left, locale)))
}

fn chosen(draft: &SaleDraft) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let error = draft.quote.as_ref().and_then(|q| q.as_ref().err()).cloned();
    let row = |(i, line): (usize, &DraftLine)| {
        let product = &line.product;
        let wanted: Option<Decimal> = line.quantity.parse().ok();
        let fault = error
            .as_ref()
            .and_then(|e| {
                e.of_field(&format!("lines[{i}].quantity"))
                    .or_else(|| e.of_field(&format!("lines[{i}].product_id")))
                    .map(str::to_owned)
            })
            .or_else(|| {
                let short = product.stock_left.zip(wanted).is_some_and(|(left, wanted)| wanted > left);
                short.then(|| format!("Only {}.", left(product, &locale)))
            });
        let invalid = fault.is_some().then_some("true");
        let id = format!("quantity-{i}");
        let label = format!("Quantity of {}", product.name);
        view! {
            <tr>
                <td>
                    {product.name.clone()}
                    <input type="hidden" name=format!("lines[{i}][product_id]") value=product.id.to_string()/>
                </td>
                <td>{product.sku.clone()}" · "{left(product, &locale)}</td>
                <td class="r num">{format::money(product.price, product.currency, &locale)}</td>
                <td class="r">
                    <div class="field" data-invalid=invalid>
                        <label class="visually-hidden" for=id.clone()>{label}</label>
                        <input id=id.clone() class="num" name=format!("lines[{i}][quantity]") type="text" inputmode="decimal" maxlength="10"
                            size="6" value=line.quantity.clone() prop:value=line.quantity.clone()/>
                        {fault.map(|fault| view! { <p class="error">{fault}</p> })}
                    </div>
                </td>
                <td class="r">
                    <button class="btn quiet" type="submit" name="remove" value=product.id.to_string() formmethod="get" formaction=PATH>"Remove"</button>
                </td>
            </tr>
        }
    };
    let rows = draft.chosen.iter().enumerate().map(row).collect_view();
    let empty = draft
        .chosen
        .is_empty()
        .then(|| view! { <Empty message="Nothing chosen yet. Search for a product and add it."/> });
    let table = (!draft.chosen.is_empty()).then(|| {
        view! {
            <div class="table-wrap">
                <table class="stack">
                    <thead><tr><th>"Product"</th><th>"SKU"</th><th class="r">"Price"</th><th class="r">"Quantity"</th><th></th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
    });
    view! {
        <section class="card">
            <header><h2>"In this sale"</h2></header>
            {empty}
            {table}
        </section>
    }
}

fn found(draft: &SaleDraft) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let row = |product: &ProductChoice| {
        let add = format!("Add {}", product.name);
        view! {
            <tr>
                <td>{product.name.clone()}</td>
                <td>{product.sku.clone()}" · "{left(product, &locale)}</td>
                <td class="r num">{format::money(product.price, product.currency, &locale)}</td>
                <td class="r">
                    <button class="btn" type="submit" name="add" value=product.id.to_string() formmethod="get" formaction=PATH aria-label=add>"Add"</button>
                </td>
            </tr>
        }
    };
    let rows = draft.found.iter().map(row).collect_view();
    let body = if draft.found.is_empty() {
        let message = if draft.chosen.is_empty() {
            "No product has this SKU or name."
        } else {
            "Nothing more to add: search for another product."
        };
        view! { <Empty message/> }.into_any()
    } else {
        view! {
            <div class="table-wrap">
                <table class="stack">
                    <thead><tr><th>"Product"</th><th>"SKU"</th><th class="r">"Price"</th><th></th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="card">
            <header><h2>"Products"</h2></header>
            {body}
        </section>
    }
}
