//! `/alerts/{id}`: what it is, what was done about it, and what one can do.

use super::{measured, table};
use crate::{
    charts::{alert_legend, alert_summary, alert_values},
    components::{
        chart::ChartFigure,
        form::{CsrfField, ErrorSummary, FormState, fault},
        moment::when,
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::alerts::{ActOnAlert, AssignAlert, SilenceAlert, load_alert},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    alerts::{AlertDetail, AlertEvent, AlertStep, Assignee, Delivery, OneAlertScreen},
    format,
    live::Topic,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_params_map;

/// The page of an alert.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct AlertRoute {
    alert: PageData<Option<OneAlertScreen>>,
    acts: Acts,
}

#[derive(Clone, Copy)]
struct Acts {
    act: ServerAction<ActOnAlert>,
    silence: ServerAction<SilenceAlert>,
    assign: ServerAction<AssignAlert>,
}

impl LazyPage for AlertRoute {
    fn data() -> Self {
        let params = use_params_map();
        let changed = use_topic(Topic::Alerts);
        let acts = Acts { act: ServerAction::new(), silence: ServerAction::new(), assign: ServerAction::new() };
        let asked = move || {
            let done = (acts.act.version().get(), acts.silence.version().get(), acts.assign.version().get());
            (params.read().get("id").unwrap_or_default(), changed.get(), done)
        };
        Self { alert: PageData::load(asked, |(id, _, _)| load_alert(id)), acts }
    }

    fn view(this: Self) -> AnyView {
        let AlertRoute { alert, acts } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(alert.await, move |alert| found(alert, acts)) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(screen: Option<OneAlertScreen>, acts: Acts) -> AnyView {
    let Some(OneAlertScreen { alert, people }) = screen else {
        set_status(404);
        return view! {
            <PageHead title="Alert not found" scope="There is no alert with this address."/>
            <p><a class="btn" href="/alerts">"All alerts"</a></p>
        }
        .into_any();
    };
    let locale = session().business.locale;
    let row = &alert.row;
    let act =
        row.action_path.clone().map(|path| view! { <a class="btn primary" href=path>"Do something about it"</a> });
    let earlier = (!alert.before.is_empty()).then(|| {
        view! { <section class="card"><header><h2>"Before"</h2></header>{table(alert.before.clone(), &locale, false)}</section> }
    });
    view! {
        <PageHead title=format!("Alert #{}", row.number) scope=row.title.clone()>
            <a class="btn" href="/alerts">"All alerts"</a>
            {act}
        </PageHead>
        <ErrorSummary state=FormState::of(acts.act)/>
        <ErrorSummary state=FormState::of(acts.silence)/>
        <ErrorSummary state=FormState::of(acts.assign)/>
        <section class="grid2">
            {facts(&alert, &locale)}
            {events(&alert.events)}
        </section>
        {course(&alert, &locale)}
        {work(&alert, &people, acts)}
        {steps(&alert.steps)}
        {deliveries(&alert.deliveries)}
        {earlier}
    }
    .into_any()
}

fn facts(alert: &AlertDetail, locale: &str) -> impl IntoView + use<> {
    let row = &alert.row;
    let fact = |name: &'static str, value: Option<AnyView>| {
        value.map(|value| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
    };
    let money = row.money_at_risk.map(|money| {
        let currency = row.currency.clone().unwrap_or_default();
        format!("{} {currency}", format::number(money, locale)).into_any()
    });
    let seen = row.acknowledged.clone().map(|ack| {
        let note = ack.note.map(|note| format!(": {note}"));
        view! { {ack.by}", "{when(ack.at)}{note} }.into_any()
    });
    let over = row.resolved_at.map(|at| {
        let how = row.resolution.map(|how| how.label()).unwrap_or_default();
        let by = row.resolved_by.clone().unwrap_or_default();
        let note = row.resolution_note.clone().map(|note| format!(": {note}"));
        view! { {when(at)}", "{how}" ("{by}")"{note} }.into_any()
    });
    view! {
        <article class="card">
            <header><h2>"What it is"</h2></header>
            <p>{row.message.clone()}</p>
            <dl class="details">
                <div><dt>"State"</dt><dd><span class=format!("badge {}", row.state.tone())>{row.state.label()}</span></dd></div>
                <div><dt>"Severity"</dt><dd><span class=format!("badge {}", row.severity.tone())>{row.severity.label()}</span></dd></div>
                <div><dt>"Of"</dt><dd>{row.feature.label()}</dd></div>
                {fact("About", row.entity_label.clone().map(IntoAny::into_any))}
                {fact("Value", row.value.map(|_| measured(row, locale).into_any()))}
                {fact("Money at risk", money)}
                <div><dt>"Since"</dt><dd class="num">{when(row.created_at)}</dd></div>
                <div><dt>"Last seen"</dt><dd class="num">{when(row.last_seen_at)}", "{format::count(row.occurrences.into(), locale)}" times"</dd></div>
                {fact("Worked on by", row.assignee.clone().map(|person| person.name.into_any()))}
                {fact("Seen by", seen)}
                {fact("Over", over)}
                {fact("It ends when", alert.clears.clone().filter(|_| !row.is_resolved).map(IntoAny::into_any))}
            </dl>
        </article>
    }
}

/// What was measured while it was open; one measurement is no course.
fn course(alert: &AlertDetail, locale: &str) -> Option<impl IntoView + use<>> {
    if alert.values.len() < 2 {
        return None;
    }
    let unit = alert.row.unit.clone().unwrap_or_default();
    let summary = alert_summary(&alert.values, &unit, locale);
    let legend = alert_legend(&alert.limits, locale);
    let rows = alert
        .values
        .iter()
        .map(|of| {
            let value = format!("{} {unit}", format::number(of.value, locale));
            view! { <tr><td>{format::date_time(of.at)}</td><td class="r num">{value}</td></tr> }
        })
        .collect_view();
    let (values, limits, locale) = (alert.values.clone(), alert.limits.clone(), locale.to_owned());
    Some(view! {
        <article class="card" data-course>
            <header><h2>"How it went"</h2></header>
            <ChartFigure label="Value while it was open" summary legend
                option=move |palette| alert_values(&values, &limits, &unit, &locale, palette)>
                <table>
                    <thead><tr><th scope="col">"When"</th><th scope="col" class="r">"Value"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </ChartFigure>
        </article>
    })
}

/// One button that acts at once.
fn button(id: &str, how: &'static str, label: &'static str, class: &'static str, acts: Acts) -> impl IntoView + use<> {
    let id = id.to_owned();
    view! {
        <ActionForm action=acts.act>
            <CsrfField/>
            <input type="hidden" name="id" value=id/>
            <input type="hidden" name="how" value=how/>
            <button class=class type="submit">{label}</button>
        </ActionForm>
    }
}

/// To whom it is given.
fn assign(alert: &AlertDetail, people: &[Assignee], acts: Acts) -> impl IntoView + use<> {
    let id = alert.row.id.to_string();
    let present = alert.row.assignee.as_ref().map(|person| person.id.to_string()).unwrap_or_default();
    let people = choice(FormState::of(acts.assign), people, &present);
    view! {
        <ActionForm action=acts.assign>
            <CsrfField/>
            <input type="hidden" name="id" value=id/>
            {people}
            <div class="form-actions"><button class="btn" type="submit">"Assign"</button></div>
        </ActionForm>
    }
}

/// The choice of a person, or of nobody.
pub(super) fn choice(state: FormState, people: &[Assignee], present: &str) -> impl IntoView + use<> {
    let chosen = state.typed("assignee_id", present);
    let wrong = state.fault("assignee_id");
    let people = std::iter::once((String::new(), "Nobody".to_owned()))
        .chain(people.iter().map(|person| (person.id.to_string(), person.name.clone())));
    let options = people
        .map(|(value, name)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{name}</option> }
        })
        .collect_view();
    view! {
        <div class="field" data-invalid=move || wrong.get().is_some().then_some("true")>
            <label for="assignee_id">"Worked on by"</label>
            <select id="assignee_id" name="assignee_id" aria-describedby="assignee_id-error">{options}</select>
            {fault(state, "assignee_id")}
        </div>
    }
}

fn work(alert: &AlertDetail, people: &[Assignee], acts: Acts) -> impl IntoView + use<> {
    let id = alert.row.id.to_string();
    let delete = alert.may_delete.then(|| button(&id, "delete", "Delete", "btn quiet", acts));
    if !alert.may_act {
        return delete.map(|delete| view! { <div class="form-actions">{delete}</div> }.into_any()).into_any();
    }
    let (how, words) = if alert.row.acknowledged.is_some() {
        ("unacknowledge", "Take the acknowledgement back")
    } else {
        ("acknowledge", "I have seen it")
    };
    let (note_id, silence_id) = (id.clone(), id.clone());
    let hours = [("1", "1 hour"), ("8", "8 hours"), ("24", "1 day"), ("168", "1 week")]
        .map(|(value, words)| view! { <option value=value>{words}</option> });
    let reason = FormState::of(acts.silence).typed("reason", "");
    view! {
        <section class="grid2">
            <article class="card">
                <header><h2>"Work"</h2></header>
                <div class="form-actions">
                    {button(&id, how, words, "btn primary", acts)}
                    {delete}
                </div>
                {assign(alert, people, acts)}
                <ActionForm action=acts.act>
                    <CsrfField/>
                    <input type="hidden" name="id" value=note_id/>
                    <div class="field">
                        <label for="text">"Note"</label>
                        <textarea id="text" name="text" rows="2" maxlength="2000"></textarea>
                    </div>
                    <div class="form-actions">
                        <button class="btn" type="submit" name="how" value="comment">"Write it down"</button>
                        <button class="btn" type="submit" name="how" value="resolve">"It is over"</button>
                    </div>
                </ActionForm>
            </article>
            <article class="card">
                <header><h2>"Hold messages back"</h2></header>
                <ActionForm action=acts.silence>
                    <CsrfField/>
                    <input type="hidden" name="id" value=silence_id/>
                    <div class="field">
                        <label for="hours">"For"</label>
                        <select id="hours" name="hours">{hours}</select>
                    </div>
                    <div class="field">
                        <label for="reason">"Why"</label>
                        <input id="reason" name="reason" minlength="5" maxlength="500" required value=reason/>
                    </div>
                    <div class="form-actions"><button class="btn" type="submit">"Silence"</button></div>
                </ActionForm>
            </article>
        </section>
    }
    .into_any()
}

/// Who is told next while nobody takes it, and who was.
fn steps(steps: &[AlertStep]) -> impl IntoView + use<> {
    let rows = steps
        .iter()
        .map(|step| {
            let (tone, words) = match step.outcome.as_deref() {
                Some("fired") => ("warn", "Told"),
                Some("cancelled") => ("good", "Called off"),
                Some(_) => ("neutral", "Silenced"),
                None => ("info", "To come"),
            };
            view! {
                <tr>
                    <td>{format!("Step {}", step.step)}<div class="sub">{step.told.join(", ")}</div></td>
                    <td>{when(step.fired_at.unwrap_or(step.due_at))}</td>
                    <td><span class=format!("badge {tone}")>{words}</span></td>
                </tr>
            }
        })
        .collect_view();
    (!steps.is_empty()).then(|| {
        view! {
            <section class="card">
                <header><h2>"Who is told next"</h2></header>
                <div class="table-wrap" tabindex="0"><table class="stack">
                    <thead><tr><th scope="col">"Step"</th><th scope="col">"When"</th><th scope="col">"State"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            </section>
        }
    })
}

/// Whom it was told to, and what came of it.
fn deliveries(deliveries: &[Delivery]) -> impl IntoView + use<> {
    let rows = deliveries
        .iter()
        .map(|one| {
            let came = match (one.delivered_at, &one.error, one.next_attempt_at) {
                (Some(at), ..) => view! { {when(at)} }.into_any(),
                (None, Some(error), _) => error.clone().into_any(),
                (None, None, Some(at)) => view! { "At "{when(at)} }.into_any(),
                (None, None, None) => format::UNKNOWN.into_any(),
            };
            let (tone, words) = one.words();
            view! {
                <tr>
                    <td>{one.channel.clone()}<div class="sub">{one.event.replace('_', " ")}</div></td>
                    <td>{when(one.created_at)}</td>
                    <td><span class=format!("badge {tone}")>{words}</span></td>
                    <td>{came}</td>
                </tr>
            }
        })
        .collect_view();
    (!deliveries.is_empty()).then(|| {
        view! {
            <section class="card" data-deliveries>
                <header><h2>"Who was told"</h2></header>
                <div class="table-wrap" tabindex="0"><table class="stack">
                    <thead><tr>
                        <th scope="col">"To"</th><th scope="col">"Written"</th><th scope="col">"State"</th><th scope="col">"Delivered"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            </section>
        }
    })
}

fn events(events: &[AlertEvent]) -> impl IntoView + use<> {
    let words = |kind: &str| {
        match kind {
            "opened" => "Opened",
            "seen" => "Seen again",
            "severity" => "Severity",
            "recovering" => "Recovering",
            "refired" => "Fires again",
            "acked" => "Acknowledged",
            "unacked" => "Acknowledgement taken back",
            "comment" => "Note",
            "assigned" => "Given to",
            "silenced" => "Silenced",
            "notified" => "Told again",
            "escalated" => "Told the next",
            "resolved" => "Over",
            _ => "Deleted",
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
        <article class="card">
            <header><h2>"History"</h2></header>
            <ol class="timeline">{items}</ol>
        </article>
    }
}
