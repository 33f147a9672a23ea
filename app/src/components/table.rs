//! A table in a card of its own.

use leptos::prelude::*;

/// The first column is text, the others are numbers; `note` stands above.
pub fn table_card(title: &'static str, headings: &[&'static str], rows: AnyView, note: Option<String>) -> AnyView {
    let headings = headings
        .iter()
        .enumerate()
        .map(|(n, heading)| view! { <th scope="col" class=(n > 0).then_some("r")>{*heading}</th> })
        .collect_view();
    view! {
        <article class="card">
            <header><h2>{title}</h2></header>
            {note.map(|note| view! { <p class="sub">{note}</p> })}
            <div class="table-wrap" tabindex="0"><table>
                <thead><tr>{headings}</tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </article>
    }
    .into_any()
}
