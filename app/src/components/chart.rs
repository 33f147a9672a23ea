//! A chart: the drawing for those who have script, a sentence and a table for everybody.

use crate::{browser, charts::Palette};
use charming::Chart;
use leptos::{html::Div, prelude::*};

/// `option` makes the chart from the theme's colours; the children are its table twin.
#[component]
pub fn ChartFigure(
    /// What the chart shows, for those who hear the page.
    #[prop(into)]
    label: String,
    /// The chart in one sentence.
    #[prop(into)]
    summary: String,
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
    view! {
        <figure class="chart">
            <div class="chart-canvas" role="img" aria-label=label node_ref=canvas></div>
            <figcaption class="chart-summary">{summary}</figcaption>
            <details class="twin">
                <summary>"Show as table"</summary>
                <div class="table-wrap" tabindex="0">{children()}</div>
            </details>
        </figure>
    }
}
