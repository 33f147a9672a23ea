//! `millrace import DATASET FILE`: the same service as the page, in one go.

use super::{Global, start};
use crate::{
    access::actors,
    failure::Failure,
    logs::Steps,
    services::ingest::{IngestService, Upload},
};
use clap::Args;
use domain::{
    AppError, ErrorCode,
    access::Principal,
    ingest::{Counts, ImportDetail, Mapping, Target},
};
use engine::ingest::{Meter, bounds};
use std::{path::PathBuf, sync::Arc, time::Instant};

#[derive(Debug, Args)]
pub struct Options {
    /// What is in the file: transactions (or sales_transactions), visits
    #[arg(value_name = "DATASET")]
    dataset: String,
    /// CSV, TSV, XLSX, XLS or ODS; CSV and TSV may be gzip-compressed
    file: PathBuf,
    /// A saved mapping of columns
    #[arg(long, value_name = "NAME")]
    map: Option<String>,
    /// The sheet of a workbook (default: the first that holds rows)
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Time zone of times without an offset (default: the business zone)
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Currency of the prices (default: the base currency)
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// Only check the rows and say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(global: &Global, options: Options) -> Result<(), Failure> {
    let target = Target::parse(&options.dataset).ok_or_else(|| {
        let known: Vec<_> = Target::ALL.iter().map(|t| t.as_str()).collect();
        Failure::usage(format!(
            "There is no dataset \"{}\" to import into; there are: {}.",
            options.dataset,
            known.join(", ")
        ))
    })?;
    let size = std::fs::metadata(&options.file).map(|m| m.len());
    let size = size.map_err(|e| Failure::usage(format!("{} cannot be read: {e}.", options.file.display())))?;
    if size > bounds::FILE_BYTES {
        return Err(Failure::usage("The file is larger than 64 MiB. Compress it with gzip or split it."));
    }
    let bytes = std::fs::read(&options.file)
        .map_err(|e| Failure::usage(format!("{} cannot be read: {e}.", options.file.display())))?;
    let started = start::open(global.load([])?, Steps::silent()).await?;
    let ingest = IngestService::new(started.backend.clone());
    let who = actors::cli(
        &std::env::var("USER").unwrap_or_else(|_| "command line".to_owned()),
        started.backend.clock.new_id(),
    );
    let result = import(&ingest, &who, target, bytes, &options).await;
    started.close().await;
    let (detail, seconds) = result.map_err(|error| failure(&error))?;
    report(&detail, options.dry_run, seconds)
}

/// The import, and the seconds its commit (or check) took.
async fn import(
    ingest: &IngestService,
    who: &Principal,
    target: Target,
    bytes: Vec<u8>,
    options: &Options,
) -> Result<(ImportDetail, f64), AppError> {
    let name = options.file.file_name().map_or_else(|| "file".to_owned(), |n| n.to_string_lossy().into_owned());
    let uploaded = ingest.receive(who, Upload::of(target, &name, bytes).with_sheet(options.sheet.clone())).await?;
    let id = uploaded.summary.id;
    if let Some(first) = uploaded.imported_as.first() {
        eprintln!("This very file was imported as #{first}.");
    }
    let mapping = mapping(ingest, who, target, &uploaded, options).await?;
    if mapping != uploaded.mapping {
        ingest.map(who, id, mapping, None).await?;
    }
    let begun = Instant::now();
    let previewed = ingest.preview_now(who, id, Arc::new(Meter::default())).await?;
    if options.dry_run {
        ingest.give_up(who, id).await?;
        return Ok((previewed, begun.elapsed().as_secs_f64()));
    }
    let begun = Instant::now();
    let committed = ingest.commit_now(who, id, Arc::new(Meter::default())).await?;
    Ok((committed, begun.elapsed().as_secs_f64()))
}

async fn mapping(
    ingest: &IngestService,
    who: &Principal,
    target: Target,
    uploaded: &ImportDetail,
    options: &Options,
) -> Result<Mapping, AppError> {
    let mut mapping = match &options.map {
        Some(name) => ingest.saved_mapping(who, target, name).await?,
        None => uploaded.mapping.clone(),
    };
    if let Some(zone) = &options.zone {
        zone.clone_into(&mut mapping.options.zone);
    }
    if let Some(currency) = &options.currency {
        mapping.options.currency = currency.parse().map_err(|message: String| AppError::field("currency", message))?;
    }
    Ok(mapping)
}

fn failure(error: &AppError) -> Failure {
    let lines: Vec<_> = error.fields.iter().map(|f| format!("\n  {}: {}", f.path, f.message)).collect();
    let text =
        if error.fields.len() > 1 { format!("{}{}", error.message, lines.concat()) } else { error.message.clone() };
    match error.code {
        ErrorCode::Unavailable => Failure::unavailable(text),
        ErrorCode::Internal => Failure::internal(text),
        // A script that goes on after 2, rejected rows, must not take nothing at all for that.
        _ if error.of_field("sheet").is_some() => Failure::usage(text),
        _ => Failure::found(text),
    }
}

fn report(detail: &ImportDetail, dry_run: bool, seconds: f64) -> Result<(), Failure> {
    let counts = detail.summary.counts.clone().unwrap_or_default();
    println!("{}", account(detail.summary.target, &counts));
    for rule in &detail.issues {
        println!("  {:>9}  {}  {}", rule.rows, rule.code, rule.message);
    }
    let rate = f64::from(counts.lines) / seconds.max(0.001);
    let done = if dry_run { "checked, nothing written" } else { "imported" };
    println!("{done}: import #{}, {} rows in {seconds:.2} s ({rate:.0} rows/s)", detail.summary.number, counts.lines);
    let open = if dry_run { counts.quarantined() } else { detail.summary.open_rows };
    if open > 0 {
        return Err(Failure::found(format!(
            "{open} rows were rejected; see /data/import/{} or its rejected.csv",
            detail.summary.id
        )));
    }
    Ok(())
}

fn account(target: Target, counts: &Counts) -> String {
    if target == Target::Visits {
        return format!(
            "{} rows = {} visits + {} of the same visits + {} recorded already + {} rejected + {} filtered",
            counts.lines, counts.visits, counts.merged, counts.same, counts.rejected, counts.filtered,
        );
    }
    format!(
        "{} rows = {} sale lines + {} refund lines + {} rejected + {} repeated + {} recorded already + {} filtered\n\
         {} sales, {} refunds ({} refund lines without a known sale), {} new customers, {} new products, gross {}, refunded {}",
        counts.lines,
        counts.sale_lines,
        counts.refund_lines,
        counts.rejected,
        counts.duplicate_in_source,
        counts.same,
        counts.filtered,
        counts.sales,
        counts.refunds,
        counts.unmatched_refund_lines,
        counts.new_customers,
        counts.new_products,
        counts.gross.normalize(),
        counts.refunded.normalize(),
    )
}
