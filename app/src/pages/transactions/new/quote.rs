//! What the sale comes to, and the button that records it.

use crate::context::session;
use domain::{
    format,
    transactions::{Quote, SaleDraft},
};
use leptos::prelude::*;

/// The quote of the draft, or what is in its way.
pub fn total(draft: SaleDraft) -> AnyView {
    let sums = match draft.quote {
        None => view! { <p class="help">"The total appears when a product is chosen."</p> }.into_any(),
        Some(Ok(quote)) => sums(&quote).into_any(),
        Some(Err(error)) => {
            let faults = error.fields.iter().map(|f| view! { <li>{f.message.clone()}</li> }).collect_view();
            view! { <div class="error-summary" role="status"><p>{error.message}</p><ul>{faults}</ul></div> }.into_any()
        }
    };
    view! {
        <section class="card" aria-live="polite">
            <header><h2>"Total"</h2></header>
            {sums}
            <div class="form-actions">
                <button class="btn primary" type="submit">"Record sale"</button>
            </div>
        </section>
    }
    .into_any()
}

fn sums(quote: &Quote) -> impl IntoView + use<> {
    let (currency, locale) = (quote.currency, session().business.locale);
    let money = move |amount| format::money(amount, currency, &locale);
    let tax = format!("Tax, {}", format::percent(quote.tax_rate, 0));
    view! {
        <dl class="details">
            <div><dt>"Goods"</dt><dd class="num">{money(quote.gross)}</dd></div>
            <div><dt>"Discount"</dt><dd class="num">{money(-quote.discount_applied)}</dd></div>
            <div><dt>{tax}</dt><dd class="num">{money(quote.tax_amount)}</dd></div>
            <div><dt>"Shipping"</dt><dd class="num">{money(quote.shipping_cost)}</dd></div>
            <div><dt><strong>"Total"</strong></dt><dd class="num"><strong>{money(quote.total_amount)}</strong></dd></div>
        </dl>
    }
}
