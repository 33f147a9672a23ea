//! One row after the other: text to values, values to a verdict.

mod canon;
mod row;
mod sale;
mod visit;

use super::{
    Meter, Unreadable, bounds,
    cleaning::{Cleaner, KnownWords, Observer},
    table::{Opening, each_row},
};
use crate::calendar::BusinessZone;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    ingest::{
        DateOrder, DecimalMark, Field, FileShape, Issue, Mapping, Proposal, RuleCount, Severity, Target, Verdict,
    },
};
use rust_decimal::Decimal;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::{ControlFlow, Range},
};

/// No customer: a guest.
pub const NOBODY: u32 = u32::MAX;

/// An order as its rows tell of it; good rows only, except that every row counts for positions.
#[derive(Debug)]
pub struct OrderSeen {
    pub reference: Box<str>,
    /// A cancel document: its rows are refund lines.
    pub cancels: bool,
    /// Index into [`Judged::customers`], or [`NOBODY`].
    pub customer: u32,
    pub status: Option<&'static str>,
    pub payment_method: Option<&'static str>,
    /// Earliest time of its good rows.
    pub at: Option<DateTime<Utc>>,
    rows: i32,
}

#[derive(Debug)]
pub struct ProductSeen {
    pub sku: Box<str>,
    pub name: Option<Box<str>>,
    /// Its latest unit price, and when that was.
    pub price: Decimal,
    pub price_at: DateTime<Utc>,
}

#[derive(Debug)]
pub struct CustomerSeen {
    pub reference: Box<str>,
    pub country: Option<Box<str>>,
    pub first_at: DateTime<Utc>,
}

/// A row that can be recorded.
#[derive(Debug, Clone)]
pub struct GoodRow {
    pub row_no: u32,
    pub order: u32,
    pub line_no: i32,
    pub product: u32,
    pub customer: u32,
    /// Always positive; [`OrderSeen::cancels`] tells the direction.
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub at: DateTime<Utc>,
    /// First 8 bytes of the SHA-256 of the canonical row.
    pub hash: i64,
}

/// A visit that can be recorded.
#[derive(Debug, Clone)]
pub struct VisitRow {
    pub row_no: u32,
    pub at: DateTime<Utc>,
    pub visitor: Box<str>,
    pub session: Option<Box<str>>,
    /// Index into [`Judged::customers`], or [`NOBODY`].
    pub customer: u32,
    pub path: Option<Box<str>>,
    pub source: Option<Box<str>>,
    /// First 8 bytes of the SHA-256 of the canonical row.
    pub hash: i64,
}

/// A row that cannot be recorded as it stands.
#[derive(Debug, Clone)]
pub struct BadRow {
    pub row_no: u32,
    /// Order reference of a sale, browser of a visit; empty where the row names none.
    pub business_key: String,
    pub line_no: i32,
    pub verdict: Verdict,
    pub raw: Vec<String>,
    pub mapped: BTreeMap<Field, String>,
    pub hash: i64,
    pub issues: Vec<Issue>,
}

/// The whole file, judged without knowing what is recorded already. Lists that the target does not fill stay empty.
#[derive(Debug, Default)]
pub struct Judged {
    pub lines: u32,
    pub filtered: u32,
    pub orders: Vec<OrderSeen>,
    pub products: Vec<ProductSeen>,
    pub customers: Vec<CustomerSeen>,
    pub rows: Vec<GoodRow>,
    pub visits: Vec<VisitRow>,
    pub bad: Vec<BadRow>,
    /// Warnings about good rows.
    pub warnings: Vec<RuleCount>,
    /// What could be cleaned; only from [`judge_and_propose`].
    pub proposals: Vec<Proposal>,
}

/// Reads the whole file by its mapping.
///
/// # Errors
/// When the file cannot be read, has more rejected rows than rows can be bad, or the meter says stop.
pub fn judge(
    bytes: &[u8],
    shape: &FileShape,
    target: Target,
    mapping: &Mapping,
    meter: &Meter,
) -> Result<Judged, AppError> {
    run(bytes, shape, target, mapping, meter, None)
}

/// As [`judge`], and says what could be cleaned, given the words that are recorded already.
///
/// # Errors
/// As [`judge`].
pub fn judge_and_propose(
    bytes: &[u8],
    shape: &FileShape,
    target: Target,
    mapping: &Mapping,
    meter: &Meter,
    known: KnownWords,
) -> Result<Judged, AppError> {
    run(bytes, shape, target, mapping, meter, Some(Observer::new(known)))
}

fn run(
    bytes: &[u8],
    shape: &FileShape,
    target: Target,
    mapping: &Mapping,
    meter: &Meter,
    observer: Option<Observer>,
) -> Result<Judged, AppError> {
    let mut judge = Judge::new(shape, target, mapping)?;
    judge.observer = observer;
    let columns: Vec<Option<usize>> =
        Field::ALL.iter().map(|f| mapping.columns.get(f).and_then(|c| shape.column(c))).collect();
    let filters: Vec<(usize, &str)> =
        mapping.filters.iter().filter_map(|f| Some((shape.column(&f.column)?, f.value.trim()))).collect();
    meter.set_total(u64::from(shape.rows));
    each_row(bytes, &Opening::from(shape), |row_no, record| {
        if row_no == 1 || (judge.judged.lines == 0 && is_header(record, shape)) {
            return Ok(ControlFlow::Continue(()));
        }
        judge.judged.lines += 1;
        if judge.judged.lines.is_multiple_of(1024) {
            meter.set_done(u64::from(judge.judged.lines));
            if meter.is_stopped() {
                return Err(Unreadable::Stopped);
            }
        }
        if filters.iter().any(|(column, value)| record.get(*column).unwrap_or("").trim() != *value) {
            judge.judged.filtered += 1;
            return Ok(ControlFlow::Continue(()));
        }
        let too_wide = record.len() > shape.columns.len();
        let cell = |field: Field| match columns[field as usize] {
            Some(column) => record.get(column).unwrap_or(""),
            None => mapping.constants.get(&field).map_or("", String::as_str),
        };
        judge
            .row(row_no, None, too_wide, cell, || record.iter().map(|c| super::cells::shown(c).into_owned()).collect());
        if judge.judged.bad.len() > bounds::BAD_ROWS {
            let worst = judge.judged.bad.last().and_then(|b| b.issues.first()).map_or("", |i| i.message.as_str());
            return Err(Unreadable::new(
                "too_many_rejected",
                format!(
                    "More than 100,000 rows are rejected, so the columns are probably mapped wrongly. The last one: {worst}"
                ),
            ));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    meter.set_done(u64::from(judge.judged.lines));
    Ok(judge.finish())
}

/// The header of a sheet whose first filled row is not row 1.
fn is_header(record: &csv::StringRecord, shape: &FileShape) -> bool {
    shape.sheet.is_some() && record.iter().zip(&shape.columns).all(|(cell, column)| cell.trim() == column.name)
}

/// Judges rows one by one; [`judge`] drives it over a file, a repair over edited rows.
#[derive(Debug)]
pub struct Judge<'a> {
    target: Target,
    judged: Judged,
    zone: BusinessZone,
    mapping: &'a Mapping,
    cleaner: Cleaner,
    observer: Option<Observer>,
    /// Times the file may hold, where it declares its days.
    scope: Option<Range<DateTime<Utc>>>,
    date_order: DateOrder,
    quantity_mark: DecimalMark,
    price_mark: DecimalMark,
    order_of: HashMap<Box<str>, u32>,
    product_of: HashMap<Box<str>, u32>,
    customer_of: HashMap<Box<str>, u32>,
    /// Keys seen, where the file numbers its lines itself.
    keys: HashSet<(u32, i32)>,
    /// Rows of an order mostly share their time.
    last_time: Option<(String, row::Reading)>,
    warnings: BTreeMap<(&'static str, Option<Field>), RuleCount>,
}

impl<'a> Judge<'a> {
    /// # Errors
    /// When the mapping names a zone that does not exist.
    pub fn new(shape: &FileShape, target: Target, mapping: &'a Mapping) -> Result<Self, AppError> {
        let zone =
            BusinessZone::parse(&mapping.options.zone).map_err(|message| AppError::field("options.zone", message))?;
        let column = |field: Field| {
            mapping.columns.get(&field).and_then(|c| shape.column(c)).and_then(|at| shape.columns.get(at))
        };
        let mark = |field: Field| {
            let proved = column(field).and_then(domain::ingest::Column::decimal_mark);
            proved.or(mapping.options.decimal_mark).unwrap_or(DecimalMark::Point)
        };
        let proved = column(target.time_field()).and_then(domain::ingest::Column::date_order);
        let (quantity_mark, price_mark) = (mark(Field::Quantity), mark(Field::UnitPrice));
        Ok(Self {
            target,
            judged: Judged::default(),
            zone,
            mapping,
            cleaner: Cleaner::new(mapping, (quantity_mark, price_mark)),
            observer: None,
            scope: mapping.options.replace.map(|days| zone.days_range(days.from, days.to)),
            date_order: proved.or(mapping.options.date_order).unwrap_or(DateOrder::DayFirst),
            quantity_mark,
            price_mark,
            order_of: HashMap::new(),
            product_of: HashMap::new(),
            customer_of: HashMap::new(),
            keys: HashSet::new(),
            last_time: None,
            warnings: BTreeMap::new(),
        })
    }

    /// Everything seen so far. Rows with an unreadable time get the time of their order as a proposal.
    #[must_use]
    pub fn finish(mut self) -> Judged {
        for bad in &mut self.judged.bad {
            let at = self.order_of.get(bad.business_key.as_str()).and_then(|o| self.judged.orders[*o as usize].at);
            let Some(at) = at else { continue };
            for issue in &mut bad.issues {
                if issue.code == "unreadable_time" && issue.suggestion.is_none() {
                    issue.suggestion = Some(self.zone.local(at).format("%Y-%m-%d %H:%M:%S").to_string());
                }
            }
        }
        self.judged.warnings = self.warnings.into_values().collect();
        if let Some(observer) = self.observer {
            self.judged.proposals = observer.proposals(&self.mapping.cleanings);
        }
        self.judged
    }

    fn warn(&mut self, code: &'static str, field: Option<Field>, message: impl FnOnce() -> String) {
        self.warnings
            .entry((code, field))
            .or_insert_with(|| RuleCount {
                code: code.to_owned(),
                field,
                severity: Severity::Warning,
                message: message(),
                rows: 0,
            })
            .rows += 1;
    }
}
