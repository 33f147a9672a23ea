//! Items in rows: what it is, what happens when nobody acts, and what one can do.

use super::{NeedsAttention, put_off};
use crate::{components::form::CsrfField, context::session};
use domain::{
    AppError, format,
    overview::attention::{AttentionAct, AttentionAction, AttentionItem, SnoozeFor},
};
use leptos::{form::ActionForm, prelude::*};

/// The list, in the order given.
pub fn items(items: Vec<AttentionItem>, of: NeedsAttention) -> impl IntoView {
    let refused = put_off::refused(of);
    let rows = items.into_iter().map(|item| row(item, of, refused)).collect_view();
    view! { <ul class="attention">{rows}</ul> }
}

fn row(item: AttentionItem, of: NeedsAttention, refused: Signal<Option<(String, AppError)>>) -> impl IntoView {
    let locale = session().business.locale;
    let AttentionItem { severity, title, consequence, since, age_seconds, link, stale, .. } = item;
    let money = item.money_at_risk.zip(item.currency);
    let money = money.map(|(amount, currency)| {
        view! { <span class="attention-money num">{format::money(amount, currency, &locale)}</span> }
    });
    let old = stale.then(|| view! { <span class="badge warn">"Last known"</span> });
    let (label, key) = (title.clone(), item.key.clone());
    let tried = key.clone();
    let fault = move || refused.get().filter(|(key, _)| *key == tried).map(|(_, error)| error);
    let actions = item.actions.into_iter().filter_map(|action| acting(action, &label, of)).collect_view();
    view! {
        <li data-item=key data-severity=severity.as_str()>
            <span class=format!("badge {}", severity.tone())>{severity.label()}</span>
            <div class="attention-what">
                <a href=link>{title}</a>
                <p class="sub">{consequence}</p>
            </div>
            <div class="attention-facts">
                {money}
                <time datetime=format::date_time_machine(since) title=format::date_time_full(since)>{format::age(age_seconds)}</time>
                {old}
            </div>
            <div class="attention-acts">
                {actions}
                {snooze(item.key, severity, label, of)}
                {put_off::fault_line(fault)}
            </div>
        </li>
    }
}

/// A button for what changes something; the title leads to the page already.
fn acting(action: AttentionAction, title: &str, of: NeedsAttention) -> Option<AnyView> {
    let AttentionAction { act, label, target } = action;
    let named = format!("{label}: {title}");
    match act {
        AttentionAct::Open => Some(view! { <a class="btn" href=target aria-label=named>{label}</a> }.into_any()),
        AttentionAct::RetryJob => Some(
            view! {
                <ActionForm action=of.retry>
                    <CsrfField/>
                    <input type="hidden" name="id" value=target/>
                    <button class="btn" type="submit" aria-label=named>{label}</button>
                </ActionForm>
            }
            .into_any(),
        ),
        AttentionAct::RunSchedule => Some(
            view! {
                <ActionForm action=of.run>
                    <CsrfField/>
                    <input type="hidden" name="id" value=target/>
                    <button class="btn" type="submit" aria-label=named>{label}</button>
                </ActionForm>
            }
            .into_any(),
        ),
    }
}

/// Puts the item off; one button a length of time, so that it takes no script.
fn snooze(
    key: String,
    severity: domain::overview::attention::Severity,
    title: String,
    of: NeedsAttention,
) -> impl IntoView {
    let choices = SnoozeFor::ALL
        .into_iter()
        .filter(|choice| choice.suits(severity))
        .map(|choice| view! { <button class="btn" type="submit" name="until" value=choice.as_str()>{choice.label()}</button> })
        .collect_view();
    view! {
        <details class="attention-snooze">
            <summary class="btn quiet" aria-label=format!("Put off: {title}")>"Put off"</summary>
            <ActionForm action=of.snooze>
                <CsrfField/>
                <input type="hidden" name="key" value=key/>
                <input type="hidden" name="back" value=of.back.get_untracked() prop:value=of.back/>
                {choices}
            </ActionForm>
        </details>
    }
}
