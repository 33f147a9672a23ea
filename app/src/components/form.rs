//! The one pattern of forms: labels above, help below, errors under the field, all at once; the
//! same with and without script. Without script the typed values and the errors come back through
//! [`FormNote`]; with it, from the action.

use crate::{context::session, fault::Fault};
use domain::{AppError, access::FormNote};
use leptos::{prelude::*, server_fn::ServerFn};

/// What a form shows: the error of the last try, and what was typed then.
#[derive(Debug, Clone, Copy)]
pub struct FormState {
    error: Signal<Option<AppError>>,
    note: StoredValue<Option<FormNote>>,
}

impl FormState {
    /// The state of a form that posts to server function `S` through `action`.
    #[must_use]
    pub fn of<S>(action: ServerAction<S>) -> Self
    where
        S: ServerFn<Error = Fault> + Clone + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        let note = session().note.filter(|note| note.form == S::PATH);
        let noted = note.as_ref().map(|note| note.error.clone());
        let error = Signal::derive(move || match action.value().get() {
            Some(Err(Fault(error))) => Some(error),
            Some(Ok(_)) => None,
            None => noted.clone(),
        });
        Self { error, note: StoredValue::new(note) }
    }

    /// The state of a plain form that posts to `path` (a full page load with and without script).
    #[must_use]
    pub fn plain(path: &str) -> Self {
        let note = session().note.filter(|note| note.form == path);
        let error = note.as_ref().filter(|note| note.told.is_none()).map(|note| note.error.clone());
        Self { error: Signal::stored(error), note: StoredValue::new(note) }
    }

    /// What a form that only asked was told, as JSON.
    #[must_use]
    pub fn told(self) -> Option<String> {
        self.note.with_value(|note| note.as_ref().and_then(|note| note.told.clone()))
    }

    #[must_use]
    pub fn error(self) -> Signal<Option<AppError>> {
        self.error
    }

    /// What was typed into `field`, or `otherwise`.
    #[must_use]
    pub fn typed(self, field: &str, otherwise: &str) -> String {
        self.note
            .with_value(|note| note.as_ref().and_then(|n| n.value(field)).map(str::to_owned))
            .unwrap_or_else(|| otherwise.to_owned())
    }

    /// The fault of `field`.
    #[must_use]
    pub fn fault(self, field: &'static str) -> Signal<Option<String>> {
        let error = self.error;
        Signal::derive(move || error.with(|e| e.as_ref().and_then(|e| e.of_field(field)).map(str::to_owned)))
    }
}

/// The hidden field that proves the form came from our page.
#[component]
pub fn CsrfField() -> impl IntoView {
    view! { <input type="hidden" name="csrf_token" value=session().csrf_token/> }
}

/// All faults of the form at its top, announced.
#[component]
pub fn ErrorSummary(state: FormState) -> impl IntoView {
    let error = state.error();
    view! {
        <div aria-live="assertive">
            {move || error.get().map(|error| view! {
                <div class="error-summary" role="alert">
                    <p>{error.message.clone()}</p>
                    {(error.fields.len() > 1).then(|| view! {
                        <ul>
                            {error.fields.iter().map(|f| view! { <li>{f.message.clone()}</li> }).collect_view()}
                        </ul>
                    })}
                </div>
            })}
        </div>
    }
}

/// A labelled text input with help and error. `kind` is the input type.
#[component]
pub fn Field(
    state: FormState,
    #[prop(into)] name: &'static str,
    #[prop(into)] label: String,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = "")] value: &'static str,
    #[prop(optional, into)] help: Option<String>,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(default = false)] required: bool,
) -> impl IntoView {
    let fault = state.fault(name);
    let help_id = format!("{name}-help");
    let error_id = format!("{name}-error");
    let described = format!("{help_id} {error_id}");
    let typed = if kind == "password" { String::new() } else { state.typed(name, value) };
    view! {
        <div class="field" data-invalid=move || fault.get().is_some().then_some("true")>
            <label for=name>{label}</label>
            <input id=name name=name type=kind value=typed autocomplete=autocomplete required=required
                aria-describedby=described aria-invalid=move || fault.get().is_some().then_some("true")/>
            <p class="help" id=help_id>{help}</p>
            <p class="error" id=error_id>{move || fault.get()}</p>
        </div>
    }
}

/// The fault of a field under it.
pub fn fault(state: FormState, name: &'static str) -> impl IntoView {
    let fault = state.fault(name);
    view! { <p class="error" id=format!("{name}-error")>{move || fault.get()}</p> }
}

/// A field of a form whose fields are those of `of`, as `customer[email]`; `kind` is the input type, `mode` what a phone's
/// keys are for.
pub fn entry(
    state: FormState,
    of: &'static str,
    (name, label): (&'static str, &'static str),
    (kind, mode): (&'static str, Option<&'static str>),
    value: &str,
) -> impl IntoView + use<> {
    let wrong = state.fault(name);
    let named = format!("{of}[{name}]");
    let value = state.typed(&named, value);
    view! {
        <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
            <label for=name>{label}</label>
            <input id=name name=named type=kind inputmode=mode maxlength="254" autocomplete="off" value=value
                aria-describedby=format!("{name}-error") aria-invalid=move || wrong.get().is_some().then_some("true")/>
            {fault(state, name)}
        </div>
    }
}
