//! `/planning/plans/{id}`: a plan, who proposed it, who decides on it, and all its rows.

use super::{
    amounts::{Words, horizon},
    force, plan,
};
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState, fault},
        moment::when,
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::plans::{DecidePlan, ForcePlanFigure, LetPlanLimitGo, ProposePlan, load_plan},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::Permission,
    live::Topic,
    planning::{PlanAct, PlanDetail, PlanReview, PlanScreen, PlanState},
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::{use_location, use_params_map};

#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct PlanRoute {
    plan: PageData<Option<PlanScreen>>,
    search: Memo<String>,
    acts: Acts,
}

#[derive(Clone, Copy)]
struct Acts {
    propose: ServerAction<ProposePlan>,
    decide: ServerAction<DecidePlan>,
    let_go: ServerAction<LetPlanLimitGo>,
    force: ServerAction<ForcePlanFigure>,
}

impl LazyPage for PlanRoute {
    fn data() -> Self {
        let params = use_params_map();
        let changed = use_topic(Topic::Planning);
        let search = use_location().search;
        let acts = Acts {
            propose: ServerAction::new(),
            decide: ServerAction::new(),
            let_go: ServerAction::new(),
            force: ServerAction::new(),
        };
        let done = (acts.propose.version(), acts.decide.version());
        let asked = move || (params.read().get("id").unwrap_or_default(), changed.get(), done.0.get(), done.1.get());
        Self { plan: PageData::load(asked, |(id, ..)| load_plan(id)), search, acts }
    }

    fn view(this: Self) -> AnyView {
        let PlanRoute { plan, search, acts } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(plan.await, move |plan| found(plan, search, acts)) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(screen: Option<PlanScreen>, search: Memo<String>, acts: Acts) -> AnyView {
    let Some(PlanScreen { detail, page, promoted }) = screen else {
        set_status(404);
        return view! {
            <PageHead title="Plan not found" scope="There is no plan with this address."/>
            <p><a class="btn" href="/planning">"Planning"</a></p>
        }
        .into_any();
    };
    let plan = detail.plan.clone();
    let words = Words { currency: plan.currency.clone(), locale: session().business.locale };
    let scope = format!("{}, scenario {}, {}", plan.network, plan.scenario_name, horizon(plan.from, plan.until));
    let compare = promoted.map(|other| {
        let href = format!("/planning/compare?a={other}&b={}", plan.plan_id);
        view! { <a class="btn" href=href>"Compare with the promoted plan"</a> }
    });
    let may = session().may(Permission::PlanEditScenario) && session().may(Permission::PlanRun);
    let (open, said, force) = (page.clone(), words.clone(), acts.force);
    // The address may change while the page stands.
    let forced = may.then_some(move || force::form(&search.get(), &open, &said, force));
    view! {
        <PageHead title=format!("Plan {}", plan.label) scope=scope>
            <span class=format!("badge {}", plan.state.tone())>{plan.state.label()}</span>
            {compare}
            <a class="btn" href=format!("/planning/runs/{}", plan.run_id)>"Its run"</a>
        </PageHead>
        <ErrorSummary state=FormState::of(acts.propose)/>
        <ErrorSummary state=FormState::of(acts.decide)/>
        <ErrorSummary state=FormState::of(acts.let_go)/>
        {what_to_do(&detail, acts)}
        {history(detail.reviews)}
        {forced}
        {plan::shown(page, words, acts.let_go)}
    }
    .into_any()
}

/// What the reader can do, or why nothing.
fn what_to_do(detail: &PlanDetail, acts: Acts) -> AnyView {
    let id = detail.plan.plan_id.to_string();
    let has = |act: PlanAct| detail.acts.contains(&act);
    if has(PlanAct::Propose) {
        return form(ProposeOrDecide::Propose(acts.propose), id, "Propose this plan", &[PlanAct::Propose], None);
    }
    if has(PlanAct::Approve) {
        let said = detail.alone.then_some(
            "You have proposed this plan, and nobody else may decide on it. You may, with a reason; the history says that one \
             person did both.",
        );
        let can: Vec<_> = detail.acts.iter().copied().filter(|act| *act != PlanAct::Withdraw).collect();
        let decide = form(ProposeOrDecide::Decide(acts.decide), id.clone(), "Decide", &can, said);
        return view! { {decide}{has(PlanAct::Withdraw).then(|| withdrawal(id, acts))} }.into_any();
    }
    if has(PlanAct::Withdraw) {
        return withdrawal(id, acts);
    }
    let said = match detail.plan.state {
        PlanState::Proposed => "Waits for the decision of a second person.",
        PlanState::Draft if detail.plan.is_relaxed => {
            "This plan lets hard limits go: it shows the cheapest way out and cannot be proposed."
        }
        PlanState::Draft | PlanState::Withdrawn => "Nobody has proposed this plan.",
        PlanState::Promoted => "This plan holds.",
        PlanState::Rejected => "This plan was rejected.",
        PlanState::Superseded => "Another plan took its place.",
    };
    view! { <p class="banner" data-standing>{said}</p> }.into_any()
}

fn withdrawal(id: String, acts: Acts) -> AnyView {
    let said = Some("You have proposed this plan; a second person decides on it.");
    form(ProposeOrDecide::Propose(acts.propose), id, "Your proposal", &[PlanAct::Withdraw], said)
}

enum ProposeOrDecide {
    Propose(ServerAction<ProposePlan>),
    Decide(ServerAction<DecidePlan>),
}

fn form(by: ProposeOrDecide, id: String, title: &'static str, can: &[PlanAct], said: Option<&'static str>) -> AnyView {
    let state = match &by {
        ProposeOrDecide::Propose(action) => FormState::of(*action),
        ProposeOrDecide::Decide(action) => FormState::of(*action),
    };
    let field = format!("reason-{}", can.first().map_or("none", |act| act.as_str()));
    let typed = state.typed("reason", "");
    let buttons = can
        .iter()
        .map(|act| {
            let class = match act {
                PlanAct::Propose | PlanAct::Approve => "btn primary",
                PlanAct::Reject => "btn danger",
                PlanAct::Withdraw => "btn",
            };
            view! { <button class=class type="submit" name="act" value=act.as_str()>{act.label()}</button> }
        })
        .collect_view();
    let fields = view! {
        <CsrfField/>
        <input type="hidden" name="id" value=id/>
        <div class="field">
            <label for=field.clone()>"Why"</label>
            <textarea id=field.clone() name="reason" rows="2" maxlength="2000">{typed}</textarea>
            {fault(state, "reason")}
        </div>
        <div class="form-actions">{buttons}</div>
    };
    let form = match by {
        ProposeOrDecide::Propose(action) => view! { <ActionForm action=action>{fields}</ActionForm> }.into_any(),
        ProposeOrDecide::Decide(action) => view! { <ActionForm action=action>{fields}</ActionForm> }.into_any(),
    };
    view! {
        <section class="card" data-decision>
            <header><h2>{title}</h2></header>
            {said.map(|said| view! { <p>{said}</p> })}
            {form}
        </section>
    }
    .into_any()
}

fn history(reviews: Vec<PlanReview>) -> Option<impl IntoView> {
    (!reviews.is_empty()).then(|| {
        let items = reviews
            .into_iter()
            .map(|review| {
                let alone = review.single_person.then(|| view! { " "<span class="badge warn">"One person"</span> });
                let reason = review.reason.map(|reason| view! { <p>{reason}</p> });
                view! { <li><strong>{review.decision.label()}</strong>" by "{review.person}", "{when(review.at)}{alone}{reason}</li> }
            })
            .collect_view();
        view! {
            <section class="card" data-history>
                <header><h2>"History"</h2></header>
                <ol class="timeline">{items}</ol>
            </section>
        }
    })
}
