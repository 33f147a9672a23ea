//! Step "Columns": which column feeds which field, with samples, and how the file is read.

use crate::{
    components::form::{CsrfField, ErrorSummary, FormState},
    features::ingest::MapColumns,
};
use domain::ingest::{DateOrder, DecimalMark, Field, ImportDetail, Policy, Target};
use leptos::prelude::*;

#[component]
pub fn ColumnsForm(import: ImportDetail, action: ServerAction<MapColumns>) -> impl IntoView {
    let state = FormState::of(action);
    let fields = import.summary.target.fields().iter().map(|field| field_row(*field, &import, state)).collect_view();
    let shape = &import.shape;
    let encoding = shape.encoding.map(|e| format!(", {}", e.label())).unwrap_or_default();
    let delimiter = shape
        .delimiter
        .map(|d| if d == '\t' { ", tab between columns".to_owned() } else { format!(", \"{d}\" between columns") });
    let sheet = shape.sheet.as_ref().map(|s| format!(", sheet \"{s}\""));
    let read_as = format!(
        "Read as {}{encoding}{}{}",
        shape.media.label(),
        delimiter.unwrap_or_default(),
        sheet.unwrap_or_default()
    );
    let known = import.mapping_name.as_ref().map(|name| format!("Columns recognised as \"{name}\". "));
    let ignored: Vec<&str> = shape
        .columns
        .iter()
        .map(|c| c.name.as_str())
        .filter(|name| !import.mapping.columns.values().any(|c| c == name))
        .collect();
    let ignored = (!ignored.is_empty()).then(|| format!("Not used: {}.", ignored.join(", ")));
    view! {
        <section class="card">
            <h2>"Columns"</h2>
            <p class="sub">{read_as}". "{known}{ignored}</p>
            <ActionForm action=action>
                <CsrfField/>
                <input type="hidden" name="id" value=import.summary.id.to_string()/>
                <ErrorSummary state/>
                <div class="table-wrap">
                    <table class="stack">
                        <thead><tr><th>"Field"</th><th>"Column of the file"</th><th>"Samples"</th></tr></thead>
                        <tbody>{fields}</tbody>
                    </table>
                </div>
                {options(&import, state)}
                <button class="btn primary" type="submit">"Check the rows"</button>
            </ActionForm>
        </section>
    }
}

fn field_row(field: Field, import: &ImportDetail, state: FormState) -> impl IntoView + use<> {
    let name = format!("columns[{}]", field.key());
    let id = format!("column-{}", field.key());
    let chosen = state.typed(&name, import.mapping.columns.get(&field).map_or("", String::as_str));
    let path = format!("columns.{}", field.key());
    let standing = import.mapping_faults.iter().find(|f| f.path == path).map(|f| f.message.clone());
    let error = state.error();
    let fault = move || {
        error.with(|e| e.as_ref().and_then(|e| e.of_field(&path)).map(str::to_owned)).or_else(|| standing.clone())
    };
    let samples = import
        .mapping
        .columns
        .get(&field)
        .and_then(|c| import.shape.column(c))
        .and_then(|at| import.shape.columns.get(at))
        .map(|c| c.samples.join(" · "));
    let choices = import
        .shape
        .columns
        .iter()
        .map(|c| view! { <option value=c.name.clone() selected=c.name == chosen>{c.name.clone()}</option> })
        .collect_view();
    let label = if field.required() { format!("{} (required)", field.label()) } else { field.label().to_owned() };
    view! {
        <tr>
            <td data-label="Field"><label for=id.clone()>{label}</label><p class="help">{field.help()}</p></td>
            <td data-label="Column">
                <div class="field">
                    <select id=id name=name>
                        <option value="" selected=chosen.is_empty()>"–"</option>
                        {choices}
                    </select>
                    <p class="error">{fault}</p>
                </div>
            </td>
            <td data-label="Samples">{samples}</td>
        </tr>
    }
}

fn options(import: &ImportDetail, state: FormState) -> impl IntoView + use<> {
    let options = &import.mapping.options;
    let day = options.date_order == Some(DateOrder::DayFirst);
    let month = options.date_order == Some(DateOrder::MonthFirst);
    let all = options.policy == Policy::AllOrNothing;
    let ask_dates = import.questions.iter().any(|q| q == "date_order");
    let zone_fault = state.fault("options.zone");
    let of_target = match import.summary.target {
        Target::SalesTransactions => Some(sales_options(import, state)),
        Target::Visits => None,
    };
    view! {
        <div class="filters">
            <div class="field">
                <label for="zone">"Time zone of the file"</label>
                <input id="zone" name="zone" value=state.typed("zone", &options.zone) autocomplete="off"/>
                <p class="error">{move || zone_fault.get()}</p>
            </div>
            <div class="field">
                <label for="date_order">"Dates such as 03/04/2025"</label>
                <select id="date_order" name="date_order">
                    <option value="" selected=!day && !month>{if ask_dates { "Choose" } else { "As the file shows" }}</option>
                    <option value="day_first" selected=day>"Day first (3 April)"</option>
                    <option value="month_first" selected=month>"Month first (4 March)"</option>
                </select>
                <p class="error">{ask_dates.then_some("The file does not tell. Choose.")}</p>
            </div>
            <div class="field">
                <label for="policy">"When rows are rejected"</label>
                <select id="policy" name="policy">
                    <option value="valid_rows" selected=!all>"Import the good rows"</option>
                    <option value="all_or_nothing" selected=all>"Import nothing"</option>
                </select>
            </div>
            {of_target}
            <div class="field">
                <label for="save_as">"Remember these columns as"</label>
                <input id="save_as" name="save_as" maxlength="100" value=state.typed("save_as", "") autocomplete="off"/>
            </div>
        </div>
    }
}

/// Prices, recorded sales the file lacks, and stock.
fn sales_options(import: &ImportDetail, state: FormState) -> impl IntoView + use<> {
    let options = &import.mapping.options;
    let point = options.decimal_mark == Some(DecimalMark::Point);
    let comma = options.decimal_mark == Some(DecimalMark::Comma);
    let ask_marks = import.questions.iter().any(|q| q == "decimal_mark");
    let replaces = options.replace.is_some();
    let (from, to) = options.replace.map(|days| (days.from.to_string(), days.to.to_string())).unwrap_or_default();
    let (scope_fault, from_fault) = (state.fault("options.replace"), state.fault("replace_from"));
    let to_fault = state.fault("replace_to");
    let currency_fault = state.fault("currency");
    view! {
        <div class="field">
            <label for="currency">"Currency"</label>
            <input id="currency" name="currency" maxlength="3" value=state.typed("currency", options.currency.as_str()) autocomplete="off"/>
            <p class="error">{move || currency_fault.get()}</p>
        </div>
        <div class="field">
            <label for="decimal_mark">"Numbers such as 1.234"</label>
            <select id="decimal_mark" name="decimal_mark">
                <option value="" selected=!point && !comma>{if ask_marks { "Choose" } else { "As the file shows" }}</option>
                <option value="point" selected=point>"Decimal point (1.234 is about one)"</option>
                <option value="comma" selected=comma>"Decimal comma (1.234 is over a thousand)"</option>
            </select>
            <p class="error">{ask_marks.then_some("The file does not tell. Choose.")}</p>
        </div>
        <div class="field">
            <label for="mode">"Recorded sales the file lacks"</label>
            <select id="mode" name="mode">
                <option value="upsert" selected=!replaces>"Leave them"</option>
                <option value="replace_scope" selected=replaces>"Close those of the days below"</option>
            </select>
            <p class="help">"Choose closing only for a file that holds every sale of its days. Closed sales count no more; stock is not moved."</p>
            <p class="error">{move || scope_fault.get()}</p>
        </div>
        <div class="field">
            <label for="replace_from">"From day"</label>
            <input id="replace_from" name="replace_from" type="date" value=state.typed("replace_from", &from)/>
            <p class="error">{move || from_fault.get()}</p>
        </div>
        <div class="field">
            <label for="replace_to">"To day"</label>
            <input id="replace_to" name="replace_to" type="date" value=state.typed("replace_to", &to)/>
            <p class="error">{move || to_fault.get()}</p>
        </div>
        <label><input type="checkbox" name="move_stock" value="true" checked=options.move_stock/>" Take the quantities from stock"</label>
        <label><input type="checkbox" name="screen" value="true" checked=options.screen/>" Judge the new sales for fraud; they keep their status"</label>
    }
}
