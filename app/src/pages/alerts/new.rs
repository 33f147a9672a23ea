//! `/alerts/new`: an alert opened by a person.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, Field, FormState},
        page::PageHead,
    },
    features::alerts::CreateAlert,
    pages::LazyPage,
};
use domain::alerts::Severity;
use leptos::{form::ActionForm, prelude::*};

/// The form.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct NewAlertRoute {
    create: ServerAction<CreateAlert>,
}

impl LazyPage for NewAlertRoute {
    fn data() -> Self {
        Self { create: ServerAction::new() }
    }

    fn view(this: Self) -> AnyView {
        let create = this.create;
        let state = FormState::of(create);
        let chosen = state.typed("severity", "medium");
        let option = |severity: &Severity| {
            let value = severity.as_str();
            view! { <option value=value selected=chosen == value>{severity.label()}</option> }
        };
        let options = Severity::ALL.iter().rev().map(option).collect_view();
        let message = state.typed("message", "");
        let fault = state.fault("message");
        view! {
            <PageHead title="New alert" scope="A problem that no rule sees">
                <a class="btn" href="/alerts">"All alerts"</a>
            </PageHead>
            <ErrorSummary state/>
            <section class="card">
                <ActionForm action=create>
                    <CsrfField/>
                    <Field state name="title" label="Title" required=true/>
                    <Field state name="alert_type" label="Type" required=true help="Small letters, digits and _: power_cut"/>
                    <div class="field">
                        <label for="severity">"Severity"</label>
                        <select id="severity" name="severity">{options}</select>
                    </div>
                    <div class="field" data-invalid=move || fault.get().is_some().then_some("true")>
                        <label for="message">"What is wrong"</label>
                        <textarea id="message" name="message" rows="4" maxlength="4000" required aria-describedby="message-error">{message}</textarea>
                        <p class="error" id="message-error">{move || fault.get()}</p>
                    </div>
                    <Field state name="entity_type" label="About: kind" help="hall, machine, supplier"/>
                    <Field state name="entity_id" label="About: which" help="The same type and thing are one alert."/>
                    <div class="form-actions"><button class="btn primary" type="submit">"Open the alert"</button></div>
                </ActionForm>
            </section>
        }
        .into_any()
    }
}
