//! `/alerts/routes`: who is told of what, in order. `edit` in the address opens the form of a route; a sample alert there
//! asks who would be told.

mod form;
mod probe;

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    features::alert_routes::{MoveRoute, SaveRoute, load_routes},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    alerts::{Channel, Person, Recipients, Route, RouteMove, RoutesScreen},
    format,
    ids::ChannelId,
    live::Topic,
    query,
};
use leptos::{form::ActionForm, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_location;

/// The page of routes.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct RoutesRoute {
    search: Memo<String>,
    screen: PageData<RoutesScreen>,
    act: ServerAction<MoveRoute>,
}

impl LazyPage for RoutesRoute {
    fn data() -> Self {
        let search = use_location().search;
        let changed = use_topic(Topic::Alerts);
        let act = ServerAction::new();
        let asked = move || (search.get(), changed.get(), act.version().get());
        Self { search, screen: PageData::load(asked, |(search, ..)| load_routes(search)), act }
    }

    fn view(this: Self) -> AnyView {
        let RoutesRoute { search, screen, act } = this;
        view! {
            <PageHead title="Routes" scope="Who is told of what; the first that matches ends the search unless it continues">
                <a class="btn" href="/alerts">"All alerts"</a>
                <a class="btn" href="/alerts/channels">"Channels"</a>
                <a class="btn primary desk-only" href="/alerts/routes?edit=new">"New route"</a>
            </PageHead>
            <ErrorSummary state=FormState::of(act)/>
            <ErrorSummary state=FormState::plain(SaveRoute::PATH)/>
            <Transition fallback=|| view! { <Loading lines=6/> }>
                {move || Suspend::new(async move {
                    ready_or_failed(screen.await, move |screen| shown(&screen, &search.get_untracked(), act))
                })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(screen: &RoutesScreen, search: &str, act: ServerAction<MoveRoute>) -> impl IntoView + use<> {
    let asked = query::pairs(search);
    let edit = asked.iter().rev().find(|(name, _)| name == "edit").map(|(_, value)| value.as_str());
    let list = if screen.list.routes.is_empty() {
        view! { <Empty message="No route yet: who made a rule and the administrators are told in their inbox."/> }
            .into_any()
    } else {
        table(screen, act).into_any()
    };
    let changed = screen.list.changed_by.clone().zip(screen.list.changed_at).map(|(by, at)| {
        view! { <p class="help">"Changed by "{by}", "{when(at)}</p> }
    });
    view! {
        {edit.map(|edit| form::form(screen, edit))}
        {list}
        {changed}
        {probe::probe(screen.probe.as_ref(), &asked)}
    }
}

/// "Type low_stock or no_data, Severity at least high".
fn conditions(route: &Route) -> String {
    let one = |m: &domain::alerts::Matcher| format!("{} {}", m.field.label(), m.values.join(" or "));
    let all = route.matchers.iter().map(one).collect::<Vec<_>>().join(", ");
    if all.is_empty() { "Every alert".to_owned() } else { all }
}

fn whom(ids: &[ChannelId], to: &Recipients, channels: &[Channel], people: &[Person]) -> String {
    let mut told: Vec<String> =
        channels.iter().filter(|channel| ids.contains(&channel.id)).map(|channel| channel.name.clone()).collect();
    told.extend(to.words());
    told.extend(people.iter().filter(|one| to.user_ids.contains(&one.id)).map(|one| one.email.clone()));
    told.join(", ")
}

fn span(seconds: u32) -> String {
    format::duration(i64::from(seconds))
}

/// What comes after the first message.
fn later(route: &Route, screen: &RoutesScreen) -> Vec<String> {
    let step = |step: &domain::alerts::RouteStep| {
        let told = whom(&step.channel_ids, &step.recipients, &screen.channels, &screen.people);
        format!("After {}: {told}", span(step.after_seconds))
    };
    let mut words: Vec<String> = route.steps.iter().map(step).collect();
    words.extend(route.repeat_seconds.map(|every| format!("Again every {}", span(every))));
    words.extend(route.continues.then(|| "Then the next routes".to_owned()));
    words
}

fn table(screen: &RoutesScreen, act: ServerAction<MoveRoute>) -> impl IntoView + use<> {
    let count = screen.list.routes.len();
    let version = screen.list.version;
    let rows = screen
        .list
        .routes
        .iter()
        .enumerate()
        .map(|(i, route)| {
            let id = route.id.map(|id| id.to_string()).unwrap_or_default();
            let (tone, state) = if route.enabled { ("good", "On") } else { ("neutral", "Off") };
            let switch = if route.enabled { RouteMove::Disable } else { RouteMove::Enable };
            let moves = [(i > 0).then_some(RouteMove::Up), (i + 1 < count).then_some(RouteMove::Down)];
            let moves = moves.into_iter().flatten().chain([switch, RouteMove::Delete]);
            let buttons = moves
                .map(|how| {
                    let label = format!("{} route {}", how.label(), i + 1);
                    view! { <button class="btn" type="submit" name="how" value=how.as_str() aria-label=label>{how.label()}</button> }
                })
                .collect_view();
            let later = later(route, screen).into_iter().map(|words| view! { <div class="sub">{words}</div> }).collect_view();
            view! {
                <tr>
                    <td>{i + 1}". "<strong>{conditions(route)}</strong></td>
                    <td>{whom(&route.channel_ids, &route.recipients, &screen.channels, &screen.people)}{later}</td>
                    <td><span class=format!("badge {tone}")>{state}</span></td>
                    <td class="desk-only">
                        <ActionForm action=act>
                            <CsrfField/>
                            <input type="hidden" name="id" value=id.clone()/>
                            <input type="hidden" name="version" value=version/>
                            <div class="form-actions">
                                <a class="btn" href=format!("/alerts/routes?edit={id}") aria-label=format!("Edit route {}", i + 1)>"Edit"</a>
                                {buttons}
                            </div>
                        </ActionForm>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Of"</th><th scope="col">"Told"</th><th scope="col">"State"</th>
                    <th scope="col" class="desk-only"><span class="visually-hidden">"Act"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
