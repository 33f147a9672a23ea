//! `/fraud/cases/{id}`: what speaks for and against a sale, and the verdict.

use super::learned;
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::fraud::{ClaimCase, DecideCase, NoteCase, PassCase, load_case, rules::load_replay},
    live::use_topic,
    page_data::{Packed, PageData},
    pages::LazyPage,
};
use domain::{
    access::Permission,
    format,
    fraud::{
        ShownHit,
        case::{CaseDetail, CaseEvent, CaseState, Verdict},
        set::{Replay, Replayed},
    },
    live::Topic,
    query,
    transactions::SaleStatus,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::{use_location, use_params_map};

/// The page of a case.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct CaseRoute {
    case: PageData<Option<CaseDetail>>,
    /// Asked for in the address.
    replay: PageData<Option<Replay>>,
    acts: Acts,
}

#[derive(Clone, Copy)]
struct Acts {
    claim: ServerAction<ClaimCase>,
    note: ServerAction<NoteCase>,
    decide: ServerAction<DecideCase>,
    pass: ServerAction<PassCase>,
}

impl LazyPage for CaseRoute {
    fn data() -> Self {
        let params = use_params_map();
        let changed = use_topic(Topic::Fraud);
        let acts = Acts {
            claim: ServerAction::new(),
            note: ServerAction::new(),
            decide: ServerAction::new(),
            pass: ServerAction::new(),
        };
        let asked = move || {
            let mine = (acts.claim.version().get(), acts.pass.version().get());
            let done = (mine, acts.note.version().get(), acts.decide.version().get());
            (params.read().get("id").unwrap_or_default(), changed.get(), done)
        };
        let search = use_location().search;
        let again = move || {
            let wanted = query::pairs(&search.get()).iter().any(|(name, _)| name == "replay");
            wanted.then(|| params.read().get("id").unwrap_or_default())
        };
        let replay = PageData::load(again, |id| async move {
            match id {
                Some(id) => load_replay(id).await,
                None => Packed::of(&None),
            }
        });
        Self { case: PageData::load(asked, |(id, _, _)| load_case(id)), replay, acts }
    }

    fn view(this: Self) -> AnyView {
        let CaseRoute { case, replay, acts } = this;
        view! {
            <Transition fallback=|| ()>
                {move || Suspend::new(async move { ready_or_failed(replay.await, replayed) })}
            </Transition>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(case.await, move |case| found(case, acts)) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(case: Option<CaseDetail>, acts: Acts) -> AnyView {
    let Some(case) = case else {
        set_status(404);
        return view! {
            <PageHead title="Case not found" scope="There is no case with this address."/>
            <p><a class="btn" href="/fraud">"All cases"</a></p>
        }
        .into_any();
    };
    let row = &case.row;
    let sale = format!("/transactions/{}", row.transaction_id);
    let scope = case.outcome.map(|outcome| outcome.label()).unwrap_or("Flagged by a person");
    let work = (case.may_review && row.state != CaseState::Closed).then(|| work(&case, acts));
    let refund = refund(&case, &sale);
    view! {
        <PageHead title=format!("Case of sale #{}", row.number) scope>
            <a class="btn" href="/fraud">"All cases"</a>
            <a class="btn" href=sale>"The sale"</a>
        </PageHead>
        <ErrorSummary state=FormState::of(acts.claim)/>
        <ErrorSummary state=FormState::of(acts.note)/>
        <ErrorSummary state=FormState::of(acts.decide)/>
        <ErrorSummary state=FormState::of(acts.pass)/>
        <section class="grid2">
            {facts(&case)}
            {evidence(&case)}
        </section>
        {refund}
        {work}
        {events(&case.events)}
    }
    .into_any()
}

/// Fraud that went through is refunded: by who may, on the page of the sale.
fn refund(case: &CaseDetail, sale: &str) -> Option<impl IntoView + use<>> {
    let fraud = case.verdict == Some(Verdict::ConfirmedFraud) && case.row.status.is_refundable();
    let href = format!("{sale}?refund=1#refund");
    (fraud && session().may(Permission::TransactionsRefund)).then(|| {
        view! {
            <section class="card">
                <header><h2>"Money back"</h2></header>
                <p>"The sale went through before it was known to be fraud."</p>
                <p><a class="btn primary" href=href>"Refund the sale"</a></p>
            </section>
        }
    })
}

fn facts(case: &CaseDetail) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let row = &case.row;
    let customer = if row.customer.is_empty() { "Guest".to_owned() } else { row.customer.clone() };
    let customer = match row.customer_id {
        Some(id) => view! { <a href=format!("/customers/{id}")>{customer}</a> }.into_any(),
        None => customer.into_any(),
    };
    let hold = row.hold_expires_at.map(|at| {
        view! { <div><dt>"Cancelled by itself"</dt><dd class="num">{when(at)}</dd></div> }
    });
    let claim = row.claimed_by.clone().zip(row.claim_expires_at).map(|(name, until)| {
        view! { <div><dt>"Worked on by"</dt><dd>{name}" until "{when(until)}</dd></div> }
    });
    let verdict = case.verdict.map(|verdict| {
        let reason = case.verdict_reason.clone().unwrap_or_default();
        view! { <div><dt>"Verdict"</dt><dd><strong>{verdict.label()}</strong>": "{reason}</dd></div> }
    });
    let due = if row.overdue { "Overdue since" } else { "Due" };
    view! {
        <article class="card">
            <header><h2>"Case"</h2></header>
            <dl class="details">
                <div><dt>"Sale"</dt><dd><span class=format!("badge {}", row.status.tone())>{row.status.words()}</span></dd></div>
                <div><dt>"Total"</dt><dd class="num">{format::money(row.total, row.currency, &locale)}</dd></div>
                <div><dt>"Customer"</dt><dd>{customer}</dd></div>
                <div><dt>"Expected loss"</dt><dd class="num">{format::money(row.expected_loss.amount, row.expected_loss.currency, &locale)}</dd></div>
                <div><dt>"State"</dt><dd>{row.state.label()}</dd></div>
                <div><dt>{due}</dt><dd class="num">{when(row.due_at)}</dd></div>
                {hold}
                {claim}
                {verdict}
            </dl>
        </article>
    }
}

fn evidence(case: &CaseDetail) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let hit = |hit: &ShownHit| {
        let inputs = hit.inputs.iter().map(|input| view! { <li>{input.words.clone()}": "{input.value.clone()}</li> });
        view! {
            <li>
                <strong>{hit.text.clone()}</strong>" "<span class="num">{format!("+{}", format::number(hit.points, &locale))}</span>
                <ul>{inputs.collect_view()}</ul>
            </li>
        }
    };
    let body = if !case.may_review {
        view! { <p>"Which rules hit is shown to reviewers."</p> }.into_any()
    } else if case.row.reason == "screening_unavailable" {
        view! { <p>"Screening could not judge this sale: no rule was asked."</p> }.into_any()
    } else if case.hits.is_empty() && case.learned.is_none() {
        view! { <p>"No rule hit."</p> }.into_any()
    } else {
        let learned = case.learned.map(|probability| {
            let (told, points) = learned(probability, &locale);
            view! { <li><strong>{told}</strong>" "<span class="num">{points}</span></li> }
        });
        view! { <ul class="hits">{case.hits.iter().map(hit).collect_view()}{learned}</ul> }.into_any()
    };
    // A page of its own address, so that it works without script.
    let again = case.decision_id.map(|_| {
        view! {
            <form method="get">
                <input type="hidden" name="replay" value="1"/>
                <button class="btn" type="submit">"Judge it again"</button>
            </form>
        }
    });
    let points = case.row.points.map(|points| format!("{} of 100 points", format::number(points, &locale)));
    let set = case.rule_set.map(|number| format!(" by rule set {number}"));
    view! {
        <article class="card">
            <header><h2>"What screening saw"</h2><span class="meta num">{points}{set}</span></header>
            {body}
            {again}
        </article>
    }
}

/// What came of judging it again, in words.
fn replayed(replay: Option<Replay>) -> Option<AnyView> {
    let locale = session().business.locale;
    let replay = replay?;
    let told = |of: &Replayed| {
        let codes: Vec<&str> = of.hits.iter().map(|hit| hit.code.as_str()).collect();
        let codes = if codes.is_empty() { "no rule".to_owned() } else { codes.join(", ") };
        let learned = of.learned.map(|probability| format!(", {}", learned(probability, &locale).0.to_lowercase()));
        let points = format::number(of.points, &locale);
        format!("{}, {points} points, {codes}{}", of.outcome.label(), learned.unwrap_or_default())
    };
    Some(if replay.identical {
        view! {
            <p class="banner" role="status">
                {format!("Judged again by rule set {} from what was known then: the same, byte for byte.", replay.rule_set)}
            </p>
        }
        .into_any()
    } else {
        view! {
            <p class="banner bad" role="status">
                {format!("Judged again by rule set {} it is not the same ({}). Then: {}. Now: {}.", replay.rule_set, replay.differs.join(" and "), told(&replay.stored), told(&replay.replayed))}
            </p>
        }
        .into_any()
    })
}

/// Claim, note and verdict, for reviewers.
fn work(case: &CaseDetail, acts: Acts) -> impl IntoView + use<> {
    let id = case.row.id.to_string();
    let held = case.row.status == SaleStatus::Held;
    let (how, words) = if case.row.mine { ("unclaim", "Give it back") } else { ("claim", "Work on this case") };
    let choices: Vec<(String, String)> = Verdict::ALL
        .into_iter()
        .flat_map(|verdict| match (verdict, held) {
            (Verdict::Legitimate, true) => {
                vec![(verdict.as_str().to_owned(), "Legitimate: release the sale".to_owned())]
            }
            (Verdict::ConfirmedFraud, true) => {
                vec![(verdict.as_str().to_owned(), "Confirmed fraud: decline the sale".to_owned())]
            }
            (Verdict::Inconclusive, true) => ["release", "decline"]
                .map(|action| (format!("{} {action}", verdict.as_str()), format!("Inconclusive: {action} the sale")))
                .to_vec(),
            (verdict, false) => vec![(verdict.as_str().to_owned(), verdict.label().to_owned())],
        })
        .collect();
    let choices = choices
        .into_iter()
        .map(|(value, label)| {
            view! { <label class="choice"><input type="radio" name="choice" value=value required/>" "{label}</label> }
        })
        .collect_view();
    let typed = FormState::of(acts.decide).typed("comment", "");
    let note = FormState::of(acts.note).typed("text", "");
    let (claim_id, note_id, pass_id) = (id.clone(), id.clone(), id.clone());
    let reason = FormState::of(acts.pass).typed("reason", "");
    let hours = [("4", "4 hours"), ("24", "1 day"), ("72", "3 days"), ("168", "1 week")]
        .map(|(value, words)| view! { <option value=value>{words}</option> });
    view! {
        <section class="grid2">
            <article class="card">
                <header><h2>"Verdict"</h2></header>
                <ActionForm action=acts.decide>
                    <CsrfField/>
                    <input type="hidden" name="id" value=id/>
                    <fieldset class="choices"><legend>"What is it?"</legend>{choices}</fieldset>
                    <div class="field">
                        <label for="comment">"Why"</label>
                        <textarea id="comment" name="comment" rows="3" maxlength="2000" required aria-describedby="comment-help">{typed}</textarea>
                        <p class="help" id="comment-help">"At least 5 characters; it stays with the case."</p>
                    </div>
                    <div class="form-actions"><button class="btn primary" type="submit">"Decide"</button></div>
                </ActionForm>
            </article>
            <article class="card">
                <header><h2>"Work"</h2></header>
                <ActionForm action=acts.claim>
                    <CsrfField/>
                    <input type="hidden" name="id" value=claim_id/>
                    <input type="hidden" name="how" value=how/>
                    <div class="form-actions"><button class="btn" type="submit">{words}</button></div>
                </ActionForm>
                <ActionForm action=acts.note>
                    <CsrfField/>
                    <input type="hidden" name="id" value=note_id/>
                    <div class="field">
                        <label for="note-text">"Note"</label>
                        <textarea id="note-text" name="text" rows="3" maxlength="2000" required>{note}</textarea>
                    </div>
                    <div class="form-actions"><button class="btn" type="submit">"Write it down"</button></div>
                </ActionForm>
                <ActionForm action=acts.pass>
                    <CsrfField/>
                    <input type="hidden" name="id" value=pass_id/>
                    <div class="field">
                        <label for="reason">"Why somebody else should look"</label>
                        <input id="reason" name="reason" maxlength="2000" value=reason/>
                    </div>
                    <div class="field">
                        <label for="hours">"Put it off for"</label>
                        <select id="hours" name="hours">{hours}</select>
                    </div>
                    <div class="form-actions">
                        <button class="btn" type="submit" name="how" value="escalate">"Escalate"</button>
                        <button class="btn" type="submit" name="how" value="snooze">"Put it off"</button>
                    </div>
                </ActionForm>
            </article>
        </section>
    }
}

fn events(events: &[CaseEvent]) -> impl IntoView + use<> {
    let words = |kind: &str| {
        match kind {
            "opened" => "Case opened",
            "claim" => "Taken on",
            "unclaim" => "Given back",
            "note" => "Note",
            "escalate" => "Escalated",
            "snooze" => "Put off",
            _ => "Decided",
        }
        .to_owned()
    };
    let items = events
        .iter()
        .map(|event| {
            let text = event.text.clone().map(|text| view! { <div>{text}</div> });
            view! { <li><strong>{words(&event.kind)}</strong>{text}<small>{when(event.at)}" · "{event.actor.clone()}</small></li> }
        })
        .collect_view();
    view! {
        <section class="card">
            <header><h2>"History"</h2></header>
            <ol class="timeline">{items}</ol>
        </section>
    }
}
