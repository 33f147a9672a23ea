//! Server functions of imports. The upload itself is a plain form (`POST /data/import`).
#![allow(
    clippy::too_many_arguments,
    reason = "one argument a form field; the macro drops the attribute on the function"
)]

use crate::{fault::Fault, page_data::Packed};
use domain::ingest::{DataScreen, ImportScreen};
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
    currency: String,
    #[server(default)] date_order: String,
    #[server(default)] decimal_mark: String,
    #[server(default)] policy: String,
    #[server(default)] move_stock: bool,
    #[server(default)] save_as: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        ingest::{DateOrder, DecimalMark, Field, IngestPort, Policy},
    };
    let (port, who) = (port::<dyn IngestPort>()?, principal()?);
    let id = id.parse().map_err(|_| AppError::not_found("Import"))?;
    let mut mapping = port.import(&who, id).await?.mapping;
    mapping.columns = columns
        .into_iter()
        .filter(|(_, column)| !column.is_empty())
        .filter_map(|(key, column)| Some((Field::parse(&key)?, column)))
        .collect();
    mapping.constants.retain(|field, _| !mapping.columns.contains_key(field));
    zone.trim().clone_into(&mut mapping.options.zone);
    mapping.options.currency =
        currency.trim().parse().map_err(|message: String| AppError::field("currency", message))?;
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
    mapping.options.move_stock = move_stock;
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

/// Commits what the check said.
#[server(prefix = "/fn", endpoint = "ingest/commit")]
pub async fn commit_import(id: String) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{AppError, ingest::IngestPort};
    let id = id.parse().map_err(|_| AppError::not_found("Import"))?;
    port::<dyn IngestPort>()?.commit(&principal()?, id).await?;
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

/// Gives up one open row, or all of them when none is named.
#[server(prefix = "/fn", endpoint = "ingest/discard")]
pub async fn discard_rows(
    id: String,
    #[server(default)] row_no: Option<u32>,
    #[server(default)] reason: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        ingest::{Discard, IngestPort},
    };
    let id = id.parse().map_err(|_| AppError::not_found("Import"))?;
    let discard = Discard { rows: row_no.into_iter().collect(), reason };
    port::<dyn IngestPort>()?.discard(&principal()?, id, discard).await?;
    Ok(())
}
