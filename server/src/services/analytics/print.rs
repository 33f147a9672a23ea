//! The report of a day on paper: what its page says of one revision, in the zone it was built for.

use crate::services::paper::{Block, Column, Paper, Table};
use domain::{
    AppError,
    analytics::{ReportScreen, UNCATEGORISED},
    format,
};
use engine::calendar::BusinessZone;

const FIGURES: &[Column] = &[
    Column { head: "Figure", share: 3.0, number: false },
    Column { head: "This day", share: 2.0, number: true },
    Column { head: "Day before", share: 3.0, number: true },
    Column { head: "Week before", share: 3.0, number: true },
];
const HOURS: &[Column] = &[
    Column { head: "Hour", share: 2.0, number: false },
    Column { head: "Revenue", share: 2.0, number: true },
    Column { head: "Orders", share: 1.0, number: true },
];
const PRODUCTS: &[Column] = &[
    Column { head: "Product", share: 5.0, number: false },
    Column { head: "SKU", share: 2.0, number: false },
    Column { head: "Revenue", share: 2.0, number: true },
    Column { head: "Units", share: 1.0, number: true },
];
const CATEGORIES: &[Column] = &[
    Column { head: "Category", share: 5.0, number: false },
    Column { head: "Revenue", share: 2.0, number: true },
    Column { head: "Orders", share: 1.0, number: true },
];

/// Only what is of this revision: a later one does not change the paper of an earlier.
///
/// # Errors
/// `internal` when the report's zone is none.
pub fn print_report(screen: &ReportScreen, locale: &str) -> Result<Paper, AppError> {
    let ReportScreen { report, shown, .. } = screen;
    let zone = BusinessZone::parse(&report.zone).map_err(|_| AppError::internal())?;
    let built_at = zone.local(shown.built_at.to_utc());
    let money = |amount| format::money(amount, report.currency, locale);
    let mut blocks = vec![
        Block::Line(format!(
            "{} \u{b7} {} \u{b7} revision {}",
            format::date_long(report.date),
            report.zone,
            shown.revision
        )),
        Block::Line(format!("Built {} \u{b7} {}", format::date_time_full(built_at), shown.reason)),
        Block::Line(format!("SHA-256 {}", shown.sha256)),
    ];
    if !report.failed.is_empty() {
        blocks.push(Block::Warning(format!("Unavailable when built: {}", report.failed.join(", "))));
    }
    let figures = report.figures.iter().map(|f| {
        vec![
            f.label.clone(),
            report.words(f, f.value, locale),
            report.against(f, f.day_before, locale),
            report.against(f, f.week_before, locale),
        ]
    });
    let hours = report
        .hours
        .iter()
        .map(|h| vec![format::time(h.hour), money(h.total_sales), format::count(h.transaction_count, locale)]);
    let products = report
        .products
        .iter()
        .map(|p| vec![p.name.clone(), p.sku.clone(), money(p.total_revenue), format::number(p.units, locale)]);
    let categories = report.categories.iter().map(|c| {
        let name = c.category.clone().unwrap_or_else(|| UNCATEGORISED.to_owned());
        vec![name, money(c.total_sales), format::count(c.transaction_count, locale)]
    });
    let table = |title: &str, columns, rows: Vec<_>| Block::Table(Table { title: title.to_owned(), columns, rows });
    blocks.extend([
        table("The day", FIGURES, figures.collect()),
        table("Hours", HOURS, hours.collect()),
        table("Top products", PRODUCTS, products.collect()),
        table("Categories", CATEGORIES, categories.collect()),
    ]);
    let short: String = shown.sha256.chars().take(16).collect();
    Ok(Paper {
        title: report.title(),
        id: shown.sha256.clone(),
        made_at: built_at,
        foot: format!("{} \u{b7} revision {} \u{b7} {short}", report.title(), shown.revision),
        blocks,
    })
}
