//! The rows of the list.

use super::list_href;
use crate::{
    components::{pager::Pager, states::Empty},
    context::session,
};
use domain::{
    access::Permission,
    format,
    jobs::{BulkAction, JobFilter, JobRow, JobState, JobsScreen},
    query,
};
use leptos::prelude::*;

/// Total, table, pager.
pub fn runs(screen: &JobsScreen) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let filter = screen.filter.clone();
    let total = format::count(screen.page.total, &locale);
    let first = filter.cursor.is_some().then(|| list_href(&JobFilter { cursor: None, ..filter.clone() }));
    let next = screen.page.next_cursor.clone().map(|cursor| list_href(&JobFilter { cursor: Some(cursor), ..filter }));
    if screen.page.items.is_empty() {
        return view! { <Empty message="No run fits this filter."><p><a class="btn" href="/jobs">"Show all runs"</a></p></Empty> }.into_any();
    }
    let manage = session().may(Permission::JobsManage);
    let rows = screen.page.items.iter().cloned().map(|row| run_row(row, &locale, manage)).collect_view();
    let head =
        manage.then(|| view! { <th scope="col" class="check"><span class="visually-hidden">"Select"</span></th> });
    let acts = manage.then(|| acts(&screen.filter, screen.page.total, &locale));
    // Selecting is a GET of the page that says what would happen.
    view! {
        <p class="total">{total} " runs"</p>
        <form method="get" action="/jobs/act">
        <div class="table-wrap">
            <table class="stack">
                <caption class="visually-hidden">"Runs, newest first"</caption>
                <thead>
                    <tr>
                        {head}
                        <th scope="col">"Job"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Progress"</th>
                        <th scope="col">"Queue"</th>
                        <th scope="col">"Asked for by"</th>
                        <th scope="col" class="r">"Asked for at"</th>
                        <th scope="col" class="r">"Took"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {acts}
        </form>
        <Pager first next/>
    }
    .into_any()
}

/// The filter of the list as hidden fields, and the buttons.
fn acts(filter: &JobFilter, total: i64, locale: &str) -> impl IntoView + use<> {
    let filter = JobFilter { cursor: None, limit: None, ..filter.clone() };
    let hidden = query::pairs(&filter.to_query())
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect_view();
    let buttons = [(BulkAction::Cancel, "Cancel…"), (BulkAction::Retry, "Run again…"), (BulkAction::Delete, "Delete…")]
        .map(|(action, words)| view! { <button class="btn" type="submit" name="action" value=action.as_str()>{words}</button> })
        .collect_view();
    let help = format!(
        "With the selected runs or, when none is selected, with all {} of this list:",
        format::count(total, locale)
    );
    view! { {hidden} <div class="form-actions"><p class="help">{help}</p>{buttons}</div> }
}

/// The state as a badge, with what is about to happen to it.
pub fn state_badge(row: &JobRow) -> impl IntoView + use<> {
    let word = match row.state {
        state if state.is_open() && row.cancel_requested => "cancelling".to_owned(),
        JobState::Queued if row.attempt > 0 => format!("waiting for attempt {}", row.attempt + 1),
        state => state.to_string(),
    };
    view! { <span class=format!("badge {}", row.state.tone())>{word}</span> }
}

/// "4,000 of 10,000 · Counting", or the error.
pub fn progress_text(row: &JobRow, locale: &str) -> String {
    if let Some(error) = row.error_message.as_ref().filter(|_| matches!(row.state, JobState::Failed | JobState::Queued))
    {
        return error.clone();
    }
    let done = match (row.progress.done, row.progress.total) {
        (done, Some(total)) => format!("{} of {}", format::count(done, locale), format::count(total, locale)),
        (0, None) => String::new(),
        (done, None) => format::count(done, locale),
    };
    match (&row.progress.step, done.is_empty()) {
        (Some(step), false) if row.state == JobState::Running => format!("{done} · {step}"),
        (Some(step), true) if row.state == JobState::Running => step.clone(),
        _ => done,
    }
}

fn run_row(row: JobRow, locale: &str, manage: bool) -> impl IntoView + use<> {
    let select = manage.then(|| {
        let label = format!("Select {} of {}", row.title, format::date_time(row.created_at));
        view! { <td class="check"><label><input type="checkbox" name="ids" value=row.id.to_string() aria-label=label/></label></td> }
    });
    let tone = (row.state == JobState::Failed).then_some("bad");
    let took = row.duration_seconds().map(format::duration);
    view! {
        <tr data-tone=tone>
            {select}
            <td><a class="row-link" href=format!("/jobs/{}", row.id)>{row.title.clone()}</a></td>
            <td>{state_badge(&row)}</td>
            <td class="hide">{progress_text(&row, locale)}</td>
            <td class="hide">{row.queue.clone()}</td>
            <td>{row.requested_by.clone()}</td>
            <td class="r num">
                <time datetime=format::date_time_machine(row.created_at) title=format::date_time_full(row.created_at)>
                    {format::date_time(row.created_at)}
                </time>
            </td>
            <td class="r num hide">{took}</td>
        </tr>
    }
}
