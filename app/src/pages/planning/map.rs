//! `/planning/map`: a plan on the map, with the same in a table.

use super::amounts::Words;
use crate::{
    components::{
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
        table::table_card,
    },
    context::session,
    features::plans::{MapScreen, load_plan_map},
    live::use_topic,
    page_data::{PageData, own_search},
    pages::LazyPage,
};
use domain::{
    live::Topic,
    planning::{MapLane, MapNode, PlanItem, PlanMap, Spot, spots},
    query,
};
use leptos::prelude::*;
use leptos_router::components::Form;
use std::collections::HashMap;

const PATH: &str = "/planning/map";
/// The sheet, in its own units.
const SHEET: (f64, f64, f64) = (900.0, 900.0, 40.0);
/// Width of the largest flow, and of the least that is seen.
const WIDTHS: (f64, f64) = (9.0, 0.8);
/// Lanes in the table.
const MOST_LANES: usize = 200;
/// Means of transport with their line: colour of the palette, dashes.
const LINES: &[(&str, u8, &str)] = &[
    ("road", 1, ""),
    ("rail", 2, "10 4"),
    ("sea", 3, "2 4"),
    ("barge", 4, "6 3 2 3"),
    ("air", 5, "14 6"),
    ("pipeline", 6, "1 2"),
];

#[derive(Debug)]
pub struct MapRoute {
    search: Memo<String>,
    screen: PageData<MapScreen>,
}

impl LazyPage for MapRoute {
    fn data() -> Self {
        let search = own_search(PATH);
        let changed = use_topic(Topic::Planning);
        Self {
            search,
            screen: PageData::load(move || (search.get(), changed.get()), |(search, _)| load_plan_map(search)),
        }
    }

    fn view(this: Self) -> AnyView {
        let MapRoute { search, screen } = this;
        view! {
            <PageHead title="Map" scope="Where a plan makes, and what flows between">
                <a class="btn" href="/planning">"Planning"</a>
            </PageHead>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(screen.await, move |screen| shown(screen, &search.get_untracked())) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(screen: MapScreen, search: &str) -> AnyView {
    let Some(map) = screen.map else {
        let asked = query::last(search, "plan").is_some_and(|plan| !plan.is_empty());
        let message =
            if asked { "There is no such plan." } else { "Nothing was solved yet, so there is no plan to draw." };
        let chosen = choosing(&screen.choices, None);
        return view! { <Empty message/>{(!screen.choices.is_empty()).then_some(chosen)} }.into_any();
    };
    let words = Words { currency: map.plan.currency.clone(), locale: session().business.locale };
    let chosen = choosing(&screen.choices, Some(&map));
    let pruned = map.is_pruned.then(|| view! { <p class="banner warn">"Rows of this plan are not kept any more."</p> });
    view! {
        {chosen}
        {pruned}
        {sheet(&map, &words)}
        {lanes(&map, &words)}
    }
    .into_any()
}

fn choosing(choices: &[PlanItem], map: Option<&PlanMap>) -> impl IntoView + use<> {
    let plan = map.map(|map| map.plan.plan_id);
    let plans = choices
        .iter()
        .map(|choice| {
            let (id, selected) = (choice.plan_id.to_string(), Some(choice.plan_id) == plan);
            let label = format!("{} {}: {}", choice.label, choice.name, choice.state.label());
            view! { <option value=id selected=selected>{label}</option> }
        })
        .collect_view();
    let periods = map.map(|map| map.periods.clone()).unwrap_or_default();
    let at = map.and_then(|map| map.periods.iter().position(|period| Some(period) == map.period.as_ref()));
    let at = at.map_or(0, |at| at + 1);
    let (last, title) = (periods.len(), map.and_then(|map| map.period.clone()));
    let title = title.map_or_else(|| "all periods".to_owned(), |period| format!("period {period}"));
    view! {
        <Form method="get" action=PATH attr:class="filters">
            <div class="field">
                <label for="map-plan">"Plan"</label>
                <select id="map-plan" name="plan">{plans}</select>
            </div>
            <div class="field">
                <label for="map-period">{format!("Period: {title} (leftmost: all)")}</label>
                <input id="map-period" name="period" type="range" min="0" max=last step="1" value=at prop:value=at/>
            </div>
            <button class="btn" type="submit">"Show"</button>
        </Form>
    }
}

fn line_of(mode: &str) -> (u8, &'static str) {
    LINES.iter().find(|(known, ..)| *known == mode).map_or((6, "3 3"), |(_, colour, dash)| (*colour, *dash))
}

/// The area of a line grows with what it carries.
fn width_of(tonnes: f64, most: f64) -> f64 {
    (WIDTHS.0 * tonnes / most.max(f64::MIN_POSITIVE)).max(WIDTHS.1)
}

fn name_of(node: &MapNode) -> String {
    node.name.clone().unwrap_or_else(|| node.id.clone())
}

fn sheet(map: &PlanMap, words: &Words) -> AnyView {
    let places = spots(&map.nodes, SHEET.0, SHEET.1, SHEET.2);
    let missing = places.iter().filter(|place| place.is_none()).count();
    if missing == map.nodes.len() {
        let message = "No node of this plan has a latitude and longitude. The table below has its lanes.";
        return view! { <Empty message/> }.into_any();
    }
    let at: HashMap<&str, Spot> =
        map.nodes.iter().zip(&places).filter_map(|(node, place)| Some((node.id.as_str(), (*place)?))).collect();
    let most = map.lanes.iter().map(|lane| lane.tonnes).fold(0.0, f64::max);
    // The small ones lie above the large ones.
    let flows = map
        .lanes
        .iter()
        .filter_map(|lane| Some(flow(lane, *at.get(lane.from.as_str())?, *at.get(lane.to.as_str())?, most, words)));
    let flows = flows.collect_view();
    let nodes = map.nodes.iter().zip(&places).filter_map(|(node, place)| Some(mark(node, (*place)?)));
    let nodes = nodes.collect_view();
    let mut modes: Vec<&str> = map.lanes.iter().map(|lane| lane.mode.as_str()).collect();
    modes.sort_unstable();
    modes.dedup();
    let legend = modes
        .into_iter()
        .map(|mode| {
            let (colour, dash) = line_of(mode);
            let dashed = (!dash.is_empty()).then_some("");
            view! { <li data-series=colour data-dash=dashed>{mode.to_owned()}</li> }
        })
        .collect_view();
    let tonnes: f64 = map.lanes.iter().map(|lane| lane.tonnes).sum();
    let says = format!(
        "{} of {} go over {} lanes; the widest carries {}.",
        words.weight(Some(tonnes)),
        map.period.clone().map_or_else(|| "all periods".to_owned(), |period| format!("period {period}")),
        map.lanes.len(),
        words.weight(Some(most))
    );
    let unplaced = (missing > 0)
        .then(|| view! { <p class="sub">{format!("{missing} nodes have no place and are not drawn.")}</p> });
    view! {
        <section class="card map" data-map>
            <header><h2>{format!("{} {}", map.plan.label, map.plan.name)}</h2></header>
            <p class="chart-summary">{says}</p>
            <ul class="legend">{legend}<li data-none>"■ makes, ● grinds, ▲ other"</li></ul>
            <svg viewBox=format!("0 0 {} {}", SHEET.0, SHEET.1) aria-hidden="true">{flows}{nodes}</svg>
            {unplaced}
        </section>
    }
    .into_any()
}

fn flow(lane: &MapLane, from: Spot, to: Spot, most: f64, words: &Words) -> AnyView {
    let (colour, dash) = line_of(&lane.mode);
    // Modes of one pair lie side by side: the bow of each is its own.
    let bow = 0.06 + 0.05 * f64::from(colour);
    let (mx, my) = (f64::midpoint(from.x, to.x), f64::midpoint(from.y, to.y));
    let (cx, cy) = (mx - (to.y - from.y) * bow, my + (to.x - from.x) * bow);
    let path = format!("M{:.1} {:.1}Q{cx:.1} {cy:.1} {:.1} {:.1}", from.x, from.y, to.x, to.y);
    let title = format!("{} to {} by {}: {}", lane.from, lane.to, lane.mode, words.weight(Some(lane.tonnes)));
    let width = format!("{:.2}", width_of(lane.tonnes, most));
    view! { <path class="flow" data-series=colour d=path stroke-width=width stroke-dasharray=dash><title>{title}</title></path> }
        .into_any()
}

fn mark(node: &MapNode, at: Spot) -> AnyView {
    let (x, y) = (at.x, at.y);
    let shape = match node.kind.as_str() {
        "IU" => view! { <rect x=x - 6.0 y=y - 6.0 width="12" height="12"/> }.into_any(),
        "GU" => view! { <circle cx=x cy=y r="6"/> }.into_any(),
        _ => {
            view! { <path d=format!("M{x} {}L{} {}L{} {}Z", y - 7.0, x + 7.0, y + 6.0, x - 7.0, y + 6.0)/> }.into_any()
        }
    };
    let name = name_of(node);
    view! { <g class="place"><title>{name.clone()}</title>{shape}<text x=x + 9.0 y=y + 4.0>{name}</text></g> }
        .into_any()
}

fn lanes(map: &PlanMap, words: &Words) -> AnyView {
    let names: HashMap<&str, String> = map.nodes.iter().map(|node| (node.id.as_str(), name_of(node))).collect();
    let name = |id: &str| names.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let rows = map.lanes.iter().take(MOST_LANES).map(|lane| {
        view! {
            <tr>
                <td>{name(&lane.from)}" to "{name(&lane.to)}</td><td class="r">{lane.mode.clone()}</td>
                <td class="r num">{words.tonnes(lane.tonnes)}</td><td class="r num">{words.number(Some(lane.trips), 0)}</td>
                <td class="r num">{words.money(Some(lane.cost))}</td>
            </tr>
        }
    });
    let rows = rows.collect_view().into_any();
    let cut = (map.lanes.len() > MOST_LANES).then(|| format!("The first {MOST_LANES} of {} lanes.", map.lanes.len()));
    table_card("Lanes", &["Lane", "Mode", "Tonnes", "Trips", "Cost"], rows, cut)
}
