//! `/fraud/rules/{number}`: one rule set, how it differs from the live one, and what its rules are worth.

mod editor;

use super::rules::thresholds;
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::fraud::rules::{CopyRuleSet, MoveRuleSet, SaveRuleSet, load_rule_set},
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    format,
    fraud::{
        model::LearnedModel,
        precision::RulePrecision,
        set::{RuleSetScreen, SetState, ShownRule, Swaps},
        set_diff::{Difference, SetDiff},
    },
    query,
};
use leptos::{form::ActionForm, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::{use_location, use_params_map};
use rust_decimal::{Decimal, prelude::FromPrimitive};

/// The page of a rule set. It follows no topic: what is typed would be lost with the next case.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct RuleSetRoute {
    set: PageData<Option<RuleSetScreen>>,
    saved: Memo<bool>,
    acts: Acts,
}

#[derive(Clone, Copy)]
struct Acts {
    copy: ServerAction<CopyRuleSet>,
    step: ServerAction<MoveRuleSet>,
}

impl LazyPage for RuleSetRoute {
    fn data() -> Self {
        let params = use_params_map();
        let acts = Acts { copy: ServerAction::new(), step: ServerAction::new() };
        let search = use_location().search;
        let saved = Memo::new(move |_| query::pairs(&search.get()).iter().any(|(name, _)| name == "saved"));
        let asked = move || {
            let done = (acts.copy.version().get(), acts.step.version().get());
            (params.read().get("number").unwrap_or_default(), done)
        };
        Self { set: PageData::load(asked, |(number, _)| load_rule_set(number)), saved, acts }
    }

    fn view(this: Self) -> AnyView {
        let RuleSetRoute { set, saved, acts } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(set.await, move |screen| found(screen, saved, acts)) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(screen: Option<RuleSetScreen>, saved: Memo<bool>, acts: Acts) -> AnyView {
    let Some(screen) = screen else {
        set_status(404);
        return view! {
            <PageHead title="Rule set not found" scope="There is no rule set with this number."/>
            <p><a class="btn" href="/fraud/rules">"All rule sets"</a></p>
        }
        .into_any();
    };
    let locale = session().business.locale;
    let row = &screen.set.row;
    let scope = format!("{}: {}", row.state.label(), thresholds(row.thresholds, &locale));
    let editing = screen.acts.edit;
    let saved = move || saved.get().then(|| view! { <p class="banner" role="status">"The draft is saved."</p> });
    let form = editing.then(|| editor::form(&screen));
    let rules = if editing { "card phone-only" } else { "card" };
    let diff = screen.diff.as_ref().map(|diff| differences(diff, &locale));
    let swaps = screen.swaps.as_ref().map(|swaps| swapped(swaps, &locale));
    view! {
        <PageHead title=format!("Rule set {} {}", row.number, row.name) scope>
            <a class="btn" href="/fraud/rules">"All rule sets"</a>
        </PageHead>
        <ErrorSummary state=FormState::of(acts.copy)/>
        <ErrorSummary state=FormState::of(acts.step)/>
        <ErrorSummary state=FormState::plain(SaveRuleSet::PATH)/>
        {saved}
        {steps(&screen, acts)}
        {form}
        <section class=rules>
            <header><h2>"Rules"</h2></header>
            {screen.set.note.clone().map(|note| view! { <p>{note}</p> })}
            {learned(&screen)}
            {read(&screen.set.rules, &locale)}
        </section>
        {diff}
        {precision(&screen.precision, &locale)}
        {swaps}
    }
    .into_any()
}

/// What can be done with the set, and what stands in the way of publishing it.
fn steps(screen: &RuleSetScreen, acts: Acts) -> impl IntoView + use<> {
    let row = &screen.set.row;
    let (number, key, may) = (row.number, screen.idempotency_key.clone(), screen.acts);
    let step = |how: &'static str, words: &'static str, class: &'static str| {
        let key = key.clone();
        view! {
            <ActionForm action=acts.step>
                <CsrfField/>
                <input type="hidden" name="number" value=number/>
                <input type="hidden" name="how" value=how/>
                <input type="hidden" name="idempotency_key" prop:value=key.clone() value=key/>
                <button class=class type="submit">{words}</button>
            </ActionForm>
        }
    };
    let publish = if row.state == SetState::Retired { "Roll back to this set" } else { "Publish" };
    let copy = may.copy.then(|| {
        let key = key.clone();
        view! {
            <ActionForm action=acts.copy>
                <CsrfField/>
                <input type="hidden" name="copy_of" value=number/>
                <input type="hidden" name="idempotency_key" prop:value=key.clone() value=key/>
                <button class="btn" type="submit">"Copy to a new draft"</button>
            </ActionForm>
        }
    });
    let try_it = format!("/fraud/backtests?set={number}");
    let ready = may.publish.then(|| {
        if screen.own_edit {
            return view! { <p>"You have edited this set last; somebody else has to publish it."</p> }.into_any();
        }
        match screen.backtested_at {
            Some(at) => view! { <p>"A backtest of exactly these rules ended at "{when(at)}"."</p> }.into_any(),
            None => view! {
                <p>"Publishing needs a backtest of exactly these rules that ended within 7 days: "<a href=try_it>"try it"</a>"."</p>
            }
            .into_any(),
        }
    });
    let edited = row.edited_by.clone().unwrap_or_default();
    let published = row.published_by.clone().zip(row.published_at);
    let published = published.map(|(by, at)| view! { " Published by "{by}" at "{when(at)}"." });
    view! {
        <section class="card">
            <p>"Edited by "{edited}" at "{when(row.edited_at)}"."{published}</p>
            {ready}
            <div class="form-actions desk-only">
                {may.shadow.then(|| step("shadow", "Put in shadow", "btn"))}
                {may.publish.then(|| step("publish", publish, "btn primary"))}
                {may.retire.then(|| step("retire", "Retire", "btn"))}
                {copy}
            </div>
        </section>
    }
}

/// The learned score beside the rules.
fn learned(screen: &RuleSetScreen) -> Option<AnyView> {
    let number = screen.set.row.learned_model?;
    let told = screen.models.iter().find(|model| model.number == number).map(LearnedModel::label);
    let told = told.unwrap_or_else(|| number.to_string());
    Some(view! { <p>"Learned score "{told}": a sure fraud gets 60 points of it."</p> }.into_any())
}

fn read(rules: &[ShownRule], locale: &str) -> impl IntoView + use<> {
    let rows = rules
        .iter()
        .map(|rule| {
            let (tone, state) = if rule.enabled { ("good", "On") } else { ("neutral", "Off") };
            // What a reviewer reads, where it is not the name.
            let words = (rule.text != rule.name).then(|| view! { <div class="sub">{rule.text.clone()}</div> });
            let times = rule.times.clone().map(|feature| view! { " × "<code>{feature}</code> });
            view! {
                <tr>
                    <td>{rule.name.clone()}" "<code>{rule.code.clone()}</code>{words}</td>
                    <td><code>{rule.formula.clone()}</code></td>
                    <td class="r num">{format::number(rule.points, locale)}{times}</td>
                    <td><span class=format!("badge {tone}")>{state}</span></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap" tabindex="0"><table>
            <thead><tr>
                <th scope="col">"Rule"</th><th scope="col">"Hits when"</th><th scope="col" class="r">"Points"</th><th scope="col">"State"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
}

fn differences(diff: &SetDiff, locale: &str) -> impl IntoView + use<> {
    let told = |of: &Difference| {
        view! { <li>{of.what.clone()}": "<del>{of.before.clone()}</del>" → "<ins>{of.after.clone()}</ins></li> }
    };
    let rule = |words: &'static str, rule: &ShownRule| {
        let points = format::number(rule.points, locale);
        view! { <li><strong>{words}</strong>" "<code>{rule.code.clone()}</code>": "<code>{rule.formula.clone()}</code>{format!(", {points} points")}</li> }
    };
    let changed = diff
        .changed
        .iter()
        .map(|change| {
            let fields = change.fields.iter().map(told).collect_view();
            view! { <li><strong>"Changed"</strong>" "<code>{change.code.clone()}</code><ul>{fields}</ul></li> }
        })
        .collect_view();
    let body = if diff.is_empty() {
        view! { <p>"The same rules, points and thresholds."</p> }.into_any()
    } else {
        view! {
            <ul class="hits">
                {diff.thresholds.iter().map(told).collect_view()}
                {diff.added.iter().map(|of| rule("Added", of)).collect_view()}
                {diff.removed.iter().map(|of| rule("Removed", of)).collect_view()}
                {changed}
            </ul>
        }
        .into_any()
    };
    view! {
        <section class="card">
            <header><h2>"Against the live set"</h2><span class="meta">{format!("rule set {}", diff.live)}</span></header>
            {body}
        </section>
    }
}

fn precision(rules: &[RulePrecision], locale: &str) -> impl IntoView + use<> {
    let percent = |share: Option<f64>| {
        let share =
            share.and_then(Decimal::from_f64).map(|share| (share * Decimal::ONE_HUNDRED).round_dp(1).normalize());
        share.map_or_else(|| format::UNKNOWN.to_owned(), |share| format!("{} %", format::number(share, locale)))
    };
    let rows = rules
        .iter()
        .map(|rule| {
            let between = rule.low.map(|_| format!("{} to {}", percent(rule.low), percent(rule.high)));
            view! {
                <tr>
                    <td><code>{rule.code.clone()}</code></td>
                    <td class="r num">{rule.rank}</td>
                    <td class="r num">{percent(rule.precision)}</td>
                    <td class="r num">{between}</td>
                    <td class="r num">{format::count(rule.n, locale)}</td>
                    <td class="r num">{format::count(rule.hits, locale)}</td>
                </tr>
            }
        })
        .collect_view();
    let body = if rules.is_empty() {
        view! { <p>"No rule of this set has hit a sale yet, or you may not see which."</p> }.into_any()
    } else {
        view! {
            <p>"Confirmed frauds among the decided cases a rule hit, with the interval that holds in 95 of 100 cases. Under 30 decided cases a rule has no rank."</p>
            <div class="table-wrap" tabindex="0"><table>
                <thead><tr>
                    <th scope="col">"Rule"</th><th scope="col" class="r">"Rank"</th><th scope="col" class="r">"Precision"</th>
                    <th scope="col" class="r">"Between"</th><th scope="col" class="r">"Decided"</th><th scope="col" class="r">"Hits"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        }
        .into_any()
    };
    view! { <section class="card"><header><h2>"Precision"</h2></header>{body}</section> }
}

fn swapped(swaps: &Swaps, locale: &str) -> impl IntoView + use<> {
    let told = format!(
        "In shadow it judged {} sales, {} of them otherwise.",
        format::count(swaps.judged, locale),
        format::count(swaps.differ, locale)
    );
    let rows = swaps
        .items
        .iter()
        .map(|swap| {
            let points = |points: Decimal| format!(" ({})", format::number(points, locale));
            view! {
                <tr>
                    <td><a href=format!("/transactions/{}", swap.transaction_id)>{format!("#{}", swap.number)}</a></td>
                    <td>{when(swap.occurred_at)}</td>
                    <td class="r num">{format::money(swap.total, swap.currency, locale)}</td>
                    <td>{swap.outcome.label()}{points(swap.points)}</td>
                    <td>{swap.shadow_outcome.label()}{points(swap.shadow_points)}</td>
                    <td>{swap.shadow_hits.join(", ")}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <header><h2>"What it would have changed"</h2></header>
            <p>{told}</p>
            <div class="table-wrap" tabindex="0"><table>
                <thead><tr>
                    <th scope="col">"Sale"</th><th scope="col">"Time"</th><th scope="col" class="r">"Total"</th>
                    <th scope="col">"Was (points)"</th><th scope="col">"By this set"</th><th scope="col">"Its hits"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </section>
    }
}
