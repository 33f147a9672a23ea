//! The choice of an input: the sample, or what a run of late solved.

use domain::planning::RunItem;
use leptos::prelude::*;

/// A list to choose from; `chosen` is `sample` or a run's id.
pub fn choice(runs: &[RunItem], id: &'static str, name: &'static str, chosen: &str) -> impl IntoView + use<> {
    let options = runs.iter().map(|run| (run.run_id.to_string(), format!("Input of {}: {}", run.label, run.name)));
    let known = chosen.is_empty() || chosen == "sample" || runs.iter().any(|run| run.run_id.to_string() == chosen);
    let other = (!known).then(|| (chosen.to_owned(), "Input of another run".to_owned()));
    let options = std::iter::once(("sample".to_owned(), "The sample".to_owned())).chain(other).chain(options);
    let options = options
        .map(|(value, words)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=id>"Input"</label>
            <select id=id name=name>{options}</select>
        </div>
    }
}
