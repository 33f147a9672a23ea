//! `/alerts/rules`: what is watched.

use crate::{
    components::{
        moment::when,
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::alerts::load_rules,
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    alerts::{RuleRow, RuleSpec},
    format,
    live::Topic,
};
use leptos::prelude::*;

/// The list of rules.
#[derive(Debug)]
pub struct RulesRoute {
    rules: PageData<Vec<RuleRow>>,
}

impl LazyPage for RulesRoute {
    fn data() -> Self {
        let changed = use_topic(Topic::Alerts);
        Self { rules: PageData::load(move || changed.get(), |_| load_rules()) }
    }

    fn view(this: Self) -> AnyView {
        let rules = this.rules;
        let add = session().may(Permission::AlertsEdit);
        view! {
            <PageHead title="Alert rules" scope="What is watched, and from when it is a problem">
                <a class="btn" href="/alerts">"All alerts"</a>
                {add.then(|| view! { <a class="btn primary" href="/alerts/rules/new">"New rule"</a> })}
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=6/> }>
                {move || Suspend::new(async move { ready_or_failed(rules.await, table) })}
            </Transition>
        }
        .into_any()
    }
}

/// "above 120 s (medium), 600 s (high)".
fn condition(spec: &RuleSpec, unit: &str, locale: &str) -> String {
    let level = |level: &domain::alerts::Level| {
        let upper = level.threshold_2.map(|upper| format!(" to {}", format::number(upper, locale))).unwrap_or_default();
        let severity = level.severity.label().to_lowercase();
        format!("{}{upper} {unit} ({severity})", format::number(level.threshold, locale))
    };
    let within = spec.window_seconds.map(|seconds| format!(" within {}", format::duration(seconds.into())));
    let levels = spec.levels.iter().map(level).collect::<Vec<_>>().join(", ");
    format!("{} {levels}{}", spec.op.label(), within.unwrap_or_default())
}

fn table(rules: Vec<RuleRow>) -> impl IntoView {
    let locale = session().business.locale;
    if rules.is_empty() {
        return view! { <Empty message="The built-in rules come with the first look, within half a minute."/> }
            .into_any();
    }
    let rows = rules
        .into_iter()
        .map(|rule| {
            let condition = condition(&rule.spec, &rule.unit, &locale);
            let (tone, state) = match (rule.enabled, rule.errors > 0, rule.firing > 0) {
                (false, ..) => ("neutral", "Off"),
                (_, true, _) => ("warn", "Cannot be looked at"),
                (.., true) => ("bad", "Firing"),
                _ => ("good", "Watching"),
            };
            view! {
                <tr>
                    <td><a href=format!("/alerts/rules/{}", rule.id)>{rule.name}</a></td>
                    <td>{rule.metric}" "{condition}</td>
                    <td class="r num hide">{format::count(rule.firing, &locale)}" of "{format::count(rule.instances, &locale)}</td>
                    <td class="hide">{rule.last_eval_at.map(when)}</td>
                    <td><span class=format!("badge {tone}")>{state}</span></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Rule"</th><th scope="col">"A problem when"</th><th scope="col" class="r">"Firing"</th>
                    <th scope="col">"Last look"</th><th scope="col">"State"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
