//! Fields of forms that post a whole page, whose names and faults are known when they are made.

use leptos::prelude::*;

/// A field with what was typed and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Plain {
    pub name: String,
    pub label: &'static str,
    pub value: String,
    /// Empty: none.
    pub help: &'static str,
    pub fault: Option<String>,
}

impl Plain {
    pub fn input(self, mode: Option<&'static str>, class: &'static str) -> AnyView {
        let Self { name, label, value, help, fault } = self;
        let (described, wrong) = (format!("{name}-error"), fault.is_some().then_some("true"));
        view! {
            <div class=class data-invalid=wrong>
                <label for=name.clone()>{label}</label>
                <input id=name.clone() name=name value=value inputmode=mode maxlength="2000" autocomplete="off"
                    aria-describedby=described.clone() aria-invalid=wrong/>
                {(!help.is_empty()).then(|| view! { <p class="help">{help}</p> })}
                <p class="error" id=described>{fault}</p>
            </div>
        }
        .into_any()
    }

    pub fn area(self, class: &'static str) -> AnyView {
        let Self { name, label, value, fault, .. } = self;
        let (described, wrong) = (format!("{name}-error"), fault.is_some().then_some("true"));
        view! {
            <div class="field wide" data-invalid=wrong>
                <label for=name.clone()>{label}</label>
                <textarea id=name.clone() name=name rows="2" maxlength="2000" spellcheck="false" class=class
                    aria-describedby=described.clone() aria-invalid=wrong>{value}</textarea>
                <p class="error" id=described>{fault}</p>
            </div>
        }
        .into_any()
    }
}

/// A box and its words.
pub fn tick(name: String, value: &str, label: String, on: bool) -> AnyView {
    let value = value.to_owned();
    view! { <label class="choice"><input type="checkbox" name=name value=value checked=on/>" "{label}</label> }
        .into_any()
}
