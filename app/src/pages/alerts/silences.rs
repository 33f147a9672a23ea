//! `/alerts/silences`: what is held back, by whom and until when.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::alerts::{EndSilence, load_silences},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{access::Permission, alerts::Silence, format, live::Topic};
use leptos::{form::ActionForm, prelude::*};

/// The list of silences.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct SilencesRoute {
    silences: PageData<Vec<Silence>>,
    end: ServerAction<EndSilence>,
}

impl LazyPage for SilencesRoute {
    fn data() -> Self {
        let changed = use_topic(Topic::Alerts);
        let end = ServerAction::new();
        let asked = move || (changed.get(), end.version().get());
        Self { silences: PageData::load(asked, |_| load_silences()), end }
    }

    fn view(this: Self) -> AnyView {
        let SilencesRoute { silences, end } = this;
        view! {
            <PageHead title="Silences" scope="Alerts open and count as ever; nobody is told">
                <a class="btn" href="/alerts">"All alerts"</a>
            </PageHead>
            <ErrorSummary state=FormState::of(end)/>
            <Transition fallback=|| view! { <Loading lines=4/> }>
                {move || Suspend::new(async move { ready_or_failed(silences.await, move |silences| table(silences, end)) })}
            </Transition>
        }
        .into_any()
    }
}

fn table(silences: Vec<Silence>, end: ServerAction<EndSilence>) -> impl IntoView {
    let locale = session().business.locale;
    let may_end = session().may(Permission::AlertsAck);
    if silences.is_empty() {
        return view! { <Empty message="Nothing is silenced. An alert's own page offers it."/> }.into_any();
    }
    let rows = silences
        .into_iter()
        .map(|silence| {
            let what = silence.matchers.iter().map(|m| format!("{} {}", m.field.label(), m.values.join(" or ")));
            let what = what.collect::<Vec<_>>().join(", ");
            let (tone, state) = match silence.state.as_str() {
                "running" => ("warn", "Running"),
                "planned" => ("info", "Planned"),
                _ => ("neutral", "Ended"),
            };
            let button = (may_end && silence.state != "ended").then(|| {
                view! {
                    <ActionForm action=end>
                        <CsrfField/>
                        <input type="hidden" name="id" value=silence.id.to_string()/>
                        <button class="btn" type="submit">"End it"</button>
                    </ActionForm>
                }
            });
            view! {
                <tr>
                    <td>{what}<div class="sub">{silence.reason}" · "{silence.created_by}</div></td>
                    <td>{when(silence.ended_at.unwrap_or(silence.ends_at))}</td>
                    <td class="r num hide">{format::count(silence.held_back, &locale)}</td>
                    <td><span class=format!("badge {tone}")>{state}</span></td>
                    <td>{button}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"What"</th><th scope="col">"Until"</th><th scope="col" class="r">"Alerts held back"</th>
                    <th scope="col">"State"</th><th scope="col"><span class="visually-hidden">"Act"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
