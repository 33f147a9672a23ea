//! `/fraud/rules`: what sales are judged by, and by whom it was written.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::session,
    features::fraud::rules::{CopyRuleSet, load_rule_sets},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    fraud::{
        Thresholds,
        set::{RuleSetRow, RuleSetsScreen, SetState},
    },
    live::Topic,
};
use leptos::{form::ActionForm, prelude::*};
use rust_decimal::Decimal;

/// The list of rule sets.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct FraudRulesRoute {
    sets: PageData<RuleSetsScreen>,
    copy: ServerAction<CopyRuleSet>,
}

impl LazyPage for FraudRulesRoute {
    fn data() -> Self {
        let (changed, copy) = (use_topic(Topic::Fraud), ServerAction::new());
        let asked = move || (changed.get(), copy.version().get());
        Self { sets: PageData::load(asked, |_| load_rule_sets()), copy }
    }

    fn view(this: Self) -> AnyView {
        let FraudRulesRoute { sets, copy } = this;
        view! {
            <PageHead title="Fraud rules" scope="What sales are judged by: one set is live, the others are drafts, in shadow or retired">
                <a class="btn" href="/fraud">"All cases"</a>
                <a class="btn" href="/fraud/lists">"Lists"</a>
                {session().may(Permission::FraudReview).then(|| view! { <a class="btn" href="/fraud/backtests">"Backtests"</a> })}
                {(session().may(Permission::FraudReview) && session().may(Permission::AccessExport)).then(|| view! {
                    <a class="btn" rel="external" href="/api/v1/exports/fraud-scores.csv">"All decisions, CSV"</a>
                })}
            </PageHead>
            <ErrorSummary state=FormState::of(copy)/>
            <Transition fallback=|| view! { <Loading lines=4/> }>
                {move || Suspend::new(async move { ready_or_failed(sets.await, move |screen| shown(screen, copy)) })}
            </Transition>
        }
        .into_any()
    }
}

/// "review from 30, hold from 60, decline from 85".
pub(super) fn thresholds(at: Thresholds, locale: &str) -> String {
    let part = |words: &str, points: Option<Decimal>| {
        points.map(|points| format!("{words} from {}", format::number(points.normalize(), locale)))
    };
    let parts = [part("review", at.review_at), part("hold", at.hold_at), part("decline", at.decline_at)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "never anything but approved".to_owned() } else { parts.join(", ") }
}

fn shown(screen: RuleSetsScreen, copy: ServerAction<CopyRuleSet>) -> impl IntoView {
    let draft = screen.may_edit.then(|| draft(&screen, copy));
    view! {
        {draft}
        {table(screen.sets)}
    }
}

fn draft(screen: &RuleSetsScreen, copy: ServerAction<CopyRuleSet>) -> impl IntoView + use<> {
    let options = screen
        .sets
        .iter()
        .map(|set| {
            let live = set.state == SetState::Live;
            view! { <option value=set.number selected=live>{format!("{} {}", set.number, set.name)}</option> }
        })
        .collect_view();
    let key = screen.idempotency_key.clone();
    view! {
        <section class="card desk-only">
            <ActionForm action=copy>
                <CsrfField/>
                <input type="hidden" name="idempotency_key" prop:value=key.clone() value=key/>
                <div class="field">
                    <label for="copy_of">"A draft begins as a copy of"</label>
                    <select id="copy_of" name="copy_of">{options}</select>
                </div>
                <div class="form-actions"><button class="btn primary" type="submit">"New draft"</button></div>
            </ActionForm>
        </section>
    }
}

fn table(sets: Vec<RuleSetRow>) -> impl IntoView {
    let locale = session().business.locale;
    let rows = sets
        .into_iter()
        .map(|set| {
            let rules =
                format!("{} of {}", format::count(set.enabled_count, &locale), format::count(set.rule_count, &locale));
            let learned = set.learned_model.map(|number| format!("; with learned score {number}"));
            let published = set.published_by.clone().zip(set.published_at).map(|(by, at)| view! { {by}" "{when(at)} });
            view! {
                <tr>
                    <td><a href=format!("/fraud/rules/{}", set.number)>{format!("{} {}", set.number, set.name)}</a></td>
                    <td><span class=format!("badge {}", set.state.tone())>{set.state.label()}</span></td>
                    <td>{thresholds(set.thresholds, &locale)}{learned}</td>
                    <td class="r num hide">{rules}</td>
                    <td class="hide">{set.edited_by.clone()}" "{when(set.edited_at)}</td>
                    <td class="hide">{published}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Set"</th><th scope="col">"State"</th><th scope="col">"Thresholds"</th>
                    <th scope="col" class="r">"Rules on"</th><th scope="col">"Edited"</th><th scope="col">"Published"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
