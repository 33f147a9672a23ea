//! The fields of a customer.

use crate::components::form::FormState;
use domain::{customers::CustomerForm, transactions::PaymentMethod};
use leptos::prelude::*;

/// All fields; the reference only of a `new` customer.
pub fn fields(state: FormState, form: &CustomerForm, new: bool) -> impl IntoView + use<> {
    let payment = typed(state, "preferred_payment", &form.preferred_payment);
    let address = typed(state, "address", &form.address);
    let methods = PaymentMethod::ALL
        .map(|m| view! { <option value=m.as_str() selected=m.as_str() == payment>{m.words()}</option> })
        .collect_view();
    let reference = new.then(|| entry(state, "external_ref", "Reference", "text", &form.external_ref));
    view! {
        <div class="form-grid">
            {entry(state, "first_name", "First name", "text", &form.first_name)}
            {entry(state, "last_name", "Last name", "text", &form.last_name)}
            {entry(state, "email", "E-mail", "email", &form.email)}
            {entry(state, "phone", "Phone, with country code", "tel", &form.phone)}
            {entry(state, "date_of_birth", "Date of birth", "date", &form.date_of_birth)}
            {entry(state, "country", "Country", "text", &form.country)}
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

fn fault(state: FormState, name: &'static str) -> impl IntoView {
    let fault = state.fault(name);
    view! { <p class="error" id=format!("{name}-error")>{move || fault.get()}</p> }
}

fn entry(
    state: FormState,
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    value: &str,
) -> impl IntoView + use<> {
    let wrong = state.fault(name);
    view! {
        <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
            <label for=name>{label}</label>
            <input id=name name=format!("customer[{name}]") type=kind maxlength="254" autocomplete="off"
                value=typed(state, name, value) aria-describedby=format!("{name}-error")
                aria-invalid=move || wrong.get().is_some().then_some("true")/>
            {fault(state, name)}
        </div>
    }
}
