//! Server functions of imports. The upload itself is a plain form (`POST /data/import`).
#![allow(
    clippy::too_many_arguments,
    reason = "one argument a form field; the macro drops the attribute on the function"
)]

use crate::{fault::Fault, page_data::Packed};
use domain::ingest::{DataScreen, ExpectedFiles, ImportScreen};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use std::collections::BTreeMap;

/// All imports, newest first, and the open quarantine.
#[server(prefix = "/fn", endpoint = "ingest/imports", input = GetUrl)]
pub async fn load_imports(#[server(default)] cursor: Option<String>) -> Result<Packed<DataScreen>, Fault> {
    use crate::context::{port, principal};
    use domain::{ingest::IngestPort, paging::DEFAULT_LIMIT};
    let (port, who) = (port::<dyn IngestPort>()?, principal()?);
    let cursor = cursor.filter(|c| !c.is_empty());
    Packed::of(&DataScreen {
        imports: port.imports(&who, cursor, DEFAULT_LIMIT).await?,
        quarantine: port.quarantine(&who).await?,
    })
}

/// How often a file of each target is expected.
#[server(prefix = "/fn", endpoint = "ingest/expected", input = GetUrl)]
pub async fn load_expected() -> Result<Packed<Vec<ExpectedFiles>>, Fault> {
    use crate::context::{port, principal};
    use domain::ingest::IngestPort;
    Packed::of(&port::<dyn IngestPort>()?.expected(&principal()?).await?)
}

/// Says how often: hours by target, empty for never.
#[server(prefix = "/fn", endpoint = "ingest/expect")]
pub async fn expect_files(#[server(default)] expected: BTreeMap<String, String>) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        ingest::{ExpectFiles, IngestPort},
    };
    let command = ExpectFiles::typed(expected).map_err(AppError::validation)?;
    port::<dyn IngestPort>()?.expect(&principal()?, command).await?;
    redirect("/data/import");
    Ok(())
}

/// One import with its open rows; `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "ingest/import", input = GetUrl)]
pub async fn load_import(
    id: String,
    #[server(default)] cursor: Option<String>,
) -> Result<Packed<Option<ImportScreen>>, Fault> {
    use crate::context::{port, principal};
    use domain::{ErrorCode, ingest::IngestPort, paging::DEFAULT_LIMIT};
    let Ok(id) = id.parse() else { return Packed::of(&None) };
    let (port, who) = (port::<dyn IngestPort>()?, principal()?);
    let import = match port.import(&who, id).await {
        Err(error) if error.code == ErrorCode::NotFound => return Packed::of(&None),
        other => other?,
    };
    let rows = port.rows(&who, id, true, cursor.filter(|c| !c.is_empty()), DEFAULT_LIMIT).await?;
    Packed::of(&Some(ImportScreen { import, rows }))
}

/// Keeps what the columns mean and starts the check.
#[server(prefix = "/fn", endpoint = "ingest/map")]
pub async fn map_columns(
    id: String,
    #[server(default)] columns: BTreeMap<String, String>,
    zone: String,
    #[server(default)] currency: String,
    #[server(default)] date_order: String,
    #[server(default)] decimal_mark: String,
    #[server(default)] policy: String,
    #[server(default)] mode: String,
    #[server(default)] replace_from: String,
    #[server(default)] replace_to: String,
    #[server(default)] move_stock: bool,
    #[server(default)] screen: bool,
    #[server(default)] save_as: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        ingest::{DateOrder, DecimalMark, Field, IngestPort, Policy, Scope, Target},
    };
    let (port, who) = (port::<dyn IngestPort>()?, principal()?);
    let id = id.parse().map_err(|_| AppError::not_found("Import"))?;
    let import = port.import(&who, id).await?;
    let (target, mut mapping) = (import.summary.target, import.mapping);
    mapping.columns = columns
        .into_iter()
        .filter(|(_, column)| !column.is_empty())
        .filter_map(|(key, column)| Some((Field::parse(&key)?, column)))
        .collect();
    mapping.constants.retain(|field, _| !mapping.columns.contains_key(field));
    zone.trim().clone_into(&mut mapping.options.zone);
    if target == Target::SalesTransactions {
        mapping.options.currency =
            currency.trim().parse().map_err(|message: String| AppError::field("currency", message))?;
    }
    mapping.options.date_order = match date_order.as_str() {
        "day_first" => Some(DateOrder::DayFirst),
        "month_first" => Some(DateOrder::MonthFirst),
        _ => None,
    };
    mapping.options.decimal_mark = match decimal_mark.as_str() {
        "point" => Some(DecimalMark::Point),
        "comma" => Some(DecimalMark::Comma),
        _ => None,
    };
    mapping.options.policy = if policy == "all_or_nothing" { Policy::AllOrNothing } else { Policy::ValidRows };
    let day =
        |name: &str, text: &str| text.trim().parse().map_err(|_| AppError::field(name, "Write the day as 2011-05-31."));
    mapping.options.replace = match mode.as_str() {
        "replace_scope" => {
            Some(Scope { from: day("replace_from", &replace_from)?, to: day("replace_to", &replace_to)? })
        }
        _ => None,
    };
    mapping.options.move_stock = move_stock;
    mapping.options.screen = screen;
    port.set_mapping(&who, id, mapping, Some(save_as)).await?;
    port.preview(&who, id).await?;
    Ok(())
}

/// Checks again what is recorded by now.
#[server(prefix = "/fn", endpoint = "ingest/preview")]
pub async fn check_again(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{AppError, ingest::IngestPort};
    let id = id.parse().map_err(|_| AppError::not_found("Import"))?;
    port::<dyn IngestPort>()?.preview(&principal()?, id).await?;
    Ok(())
}

/// Accepts the chosen cleaning proposals, refuses the others, and starts the check anew.
#[server(prefix = "/fn", endpoint = "ingest/clean")]
pub async fn clean_rows(id: String, #[server(default)] keys: Vec<String>) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{AppError, ingest::IngestPort};
    let (port, who) = (port::<dyn IngestPort>()?, principal()?);
    let id = id.parse().map_err(|_| AppError::not_found("Import"))?;
    port.clean(&who, id, keys).await?;
    port.preview(&who, id).await?;
    Ok(())
}

/// Commits what the check said. `confirm_closed` repeats how many recorded sales are closed, where it is asked.
#[server(prefix = "/fn", endpoint = "ingest/commit")]
pub async fn commit_import(id: String, #[server(default)] confirm_closed: String) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{AppError, ingest::IngestPort};
    let id = id.parse().map_err(|_| AppError::not_found("Import"))?;
    port::<dyn IngestPort>()?.commit(&principal()?, id, confirm_closed.trim().parse().ok()).await?;
    Ok(())
}

/// Takes a committed import back.
#[server(prefix = "/fn", endpoint = "ingest/undo")]
pub async fn undo_import(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{AppError, ingest::IngestPort};
    let id = id.parse().map_err(|_| AppError::not_found("Import"))?;
    port::<dyn IngestPort>()?.undo(&principal()?, id).await?;
    Ok(())
}

/// Stops the running check, commit or undo; nothing of it is kept.
#[server(prefix = "/fn", endpoint = "ingest/stop")]
pub async fn stop_work(job_id: String) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{AppError, jobs::JobsPort};
    let id = job_id.parse().map_err(|_| AppError::not_found("Job"))?;
    port::<dyn JobsPort>()?.cancel(&principal()?, id).await?;
    Ok(())
}

/// Gives an import up that is not committed.
#[server(prefix = "/fn", endpoint = "ingest/cancel")]
pub async fn cancel_import(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{AppError, ingest::IngestPort};
    let id = id.parse().map_err(|_| AppError::not_found("Import"))?;
    port::<dyn IngestPort>()?.cancel(&principal()?, id).await?;
    Ok(())
}

/// Edits one rejected row.
#[server(prefix = "/fn", endpoint = "ingest/edit_row")]
pub async fn edit_row(
    id: String,
    row_no: u32,
    #[server(default)] values: BTreeMap<String, String>,
) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        ingest::{Field, IngestPort, RowEdit},
    };
    let id = id.parse().map_err(|_| AppError::not_found("Import"))?;
    let values = values.into_iter().filter_map(|(key, value)| Some((Field::parse(&key)?, value))).collect();
    port::<dyn IngestPort>()?.edit_row(&principal()?, id, row_no, RowEdit { values }).await?;
    Ok(())
}

/// Applies the rows that are good by now.
#[server(prefix = "/fn", endpoint = "ingest/rerun")]
pub async fn run_again(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{AppError, ingest::IngestPort};
    let id = id.parse().map_err(|_| AppError::not_found("Import"))?;
    port::<dyn IngestPort>()?.rerun(&principal()?, id).await?;
    Ok(())
}

/// Gives up the chosen open rows, or all of them.
#[server(prefix = "/fn", endpoint = "ingest/discard")]
pub async fn discard_rows(
    id: String,
    #[server(default)] rows: Vec<u32>,
    #[server(default)] all: bool,
    #[server(default)] reason: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        ingest::{Discard, IngestPort},
    };
    let id = id.parse().map_err(|_| AppError::not_found("Import"))?;
    if rows.is_empty() && !all {
        return Err(AppError::field("rows", "Tick the rows to give up, or give up all of them.").into());
    }
    let discard = Discard { rows: if all { Vec::new() } else { rows }, reason };
    port::<dyn IngestPort>()?.discard(&principal()?, id, discard).await?;
    Ok(())
}
