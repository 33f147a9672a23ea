//! The fields of a customer.

use crate::components::form::{self, FormState, fault};
use domain::{customers::CustomerForm, transactions::PaymentMethod};
use leptos::prelude::*;

/// All fields; the reference only of a `new` customer.
pub fn fields(state: FormState, given: &CustomerForm, new: bool) -> impl IntoView + use<> {
    let payment = typed(state, "preferred_payment", &given.preferred_payment);
    let address = typed(state, "address", &given.address);
    let methods = PaymentMethod::ALL
        .map(|m| view! { <option value=m.as_str() selected=m.as_str() == payment>{m.words()}</option> })
        .collect_view();
    let reference = new.then(|| entry(state, "external_ref", "Reference", "text", &given.external_ref));
    view! {
        <div class="form-grid">
            {entry(state, "first_name", "First name", "text", &given.first_name)}
            {entry(state, "last_name", "Last name", "text", &given.last_name)}
            {entry(state, "email", "E-mail", "email", &given.email)}
            {entry(state, "phone", "Phone, with country code", "tel", &given.phone)}
            {entry(state, "date_of_birth", "Date of birth", "date", &given.date_of_birth)}
            {entry(state, "country", "Country", "text", &given.country)}
            <div class="field">
                <label for="preferred_payment">"Pays by"</label>
                <select id="preferred_payment" name="customer[preferred_payment]"><option value="">"Unknown"</option>{methods}</select>
            </div>
            {reference}
            <div class="field wide">
                <label for="address">"Address"</label>
                <textarea id="address" name="customer[address]" rows="3" maxlength="500">{address}</textarea>
                {fault(state, "address")}
            </div>
        </div>
    }
}

fn typed(state: FormState, name: &str, otherwise: &str) -> String {
    state.typed(&format!("customer[{name}]"), otherwise)
}

fn entry(
    state: FormState,
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    value: &str,
) -> impl IntoView + use<> {
    form::entry(state, "customer", (name, label), (kind, None), value)
}
