//! A chart: the drawing for those who have script, a sentence and a table for everybody.

use crate::{browser, charts::Palette};
use charming::Chart;
use leptos::{html::Div, prelude::*};

/// What a line or bar of a chart stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegendKey {
    pub mark: Mark,
    pub words: String,
}

/// How it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// In the n-th colour of the theme.
    Series(u8),
    /// The period compared with.
    Dashed,
    /// A point that says something of its own.
    Diamond,
    /// Nothing is known there.
    Hatched,
}

/// `option` makes the chart from the theme's colours; the children are its table twin.
#[component]
pub fn ChartFigure(
    /// What the chart shows, for those who hear the page.
    #[prop(into)]
    label: String,
    /// The chart in one sentence.
    #[prop(into)]
    summary: String,
    legend: Vec<LegendKey>,
    option: impl Fn(&Palette) -> Chart + Send + Sync + 'static,
    children: Children,
) -> impl IntoView {
    let canvas = NodeRef::<Div>::new();
    let option = StoredValue::new(option);
    // Effects run in the browser only.
    Effect::new(move |_| {
        if let Some(node) = canvas.get() {
            let drawn = browser::draw_chart(&node, move |palette| option.try_with_value(|make| make(palette)));
            on_cleanup(move || browser::dispose_chart(drawn));
        }
    });
    let legend = legend
        .into_iter()
        .map(|LegendKey { mark, words }| {
            let series = if let Mark::Series(n) = mark { Some(n.to_string()) } else { None };
            let of = |wanted| (mark == wanted).then_some("");
            let (dash, diamond, hatch) = (of(Mark::Dashed), of(Mark::Diamond), of(Mark::Hatched));
            view! { <li data-series=series data-dash=dash data-diamond=diamond data-hatch=hatch>{words}</li> }
        })
        .collect_view();
    view! {
        <figure class="chart">
            <div class="chart-canvas" role="img" aria-label=label node_ref=canvas></div>
            <ul class="legend">{legend}</ul>
            <figcaption class="chart-summary">{summary}</figcaption>
            <details class="twin">
                <summary>"Show as table"</summary>
                <div class="table-wrap" tabindex="0">{children()}</div>
            </details>
        </figure>
    }
}
