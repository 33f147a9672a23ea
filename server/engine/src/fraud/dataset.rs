//! Files of past sales with labels: their mapped columns, row by row. One bad row refuses the file, so that nothing is
//! tried on a part of it.

use crate::{
    calendar::BusinessZone,
    ingest::{
        number, survey,
        table::{Opening, each_row},
        time::{self, Written},
    },
};
use chrono::{DateTime, Utc};
use domain::{
    FieldError,
    fraud::backtest::DatasetField,
    ingest::{Column, DateOrder, DecimalMark},
};
use rust_decimal::Decimal;
use std::{
    collections::{BTreeMap, HashSet},
    ops::ControlFlow,
};

/// Faults told of one file.
const FAULTS: usize = 5;
/// Longest reference, customer or terminal.
const REF_CHARS: usize = 100;
const MOST_AMOUNT: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// One sale of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub reference: String,
    pub occurred_at: DateTime<Utc>,
    pub customer: Option<String>,
    pub terminal: Option<String>,
    pub amount: Decimal,
    pub label: Option<bool>,
    pub label_known_at: Option<DateTime<Utc>>,
}

/// A file that was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Field and column, of those that are mapped.
    pub columns: Vec<(DatasetField, String)>,
    pub rows: Vec<Row>,
}

/// Reads a file. `named` says which column holds a field; a field it does not name is found by the column's name.
///
/// # Errors
/// What is wrong with the file, the columns, or the first rows that cannot be read.
pub fn read(
    bytes: &[u8],
    named: &BTreeMap<DatasetField, String>,
    zone: BusinessZone,
) -> Result<Table, Vec<FieldError>> {
    let file = |told: String| vec![FieldError::new("file", told)];
    let shape = survey(bytes).map_err(|fault| file(fault.to_string()))?;
    let found = columns(&shape.columns, named)?;
    let at = |field: DatasetField| found.iter().find(|(f, _)| *f == field).map(|(_, at)| *at);
    let order = match at(DatasetField::OccurredAt).map(|at| shape.columns[at].dates) {
        Some(seen) if seen.day_first == 0 && seen.month_first > 0 => DateOrder::MonthFirst,
        Some(seen) if seen.day_first == 0 && seen.unclear > 0 => {
            let told = "Day and month cannot be told apart; write times as 2018-04-30 23:59:00.";
            return Err(vec![FieldError::new("occurred_at", told)]);
        }
        _ => DateOrder::DayFirst,
    };
    let mark = match at(DatasetField::Amount).map(|at| shape.columns[at].numbers) {
        Some(seen) if seen.point == 0 && seen.comma > 0 => DecimalMark::Comma,
        _ => DecimalMark::Point,
    };
    let reading = Reading { at: DatasetField::ALL.map(at), order, mark, zone };
    let mut rows = Vec::with_capacity(usize::try_from(shape.rows).unwrap_or(0));
    let (mut faults, mut seen) = (Vec::new(), HashSet::new());
    each_row(bytes, &Opening::from(&shape), |row_no, record| {
        if row_no == 1 || rows.is_empty() && faults.is_empty() && reading.is_header(record, &found, &shape.columns) {
            return Ok(ControlFlow::Continue(()));
        }
        match reading.row(|at| record.get(at).unwrap_or_default().trim()) {
            Ok(row) if !seen.insert(row.reference.clone()) => {
                faults.push(format!("Row {row_no}: the reference \"{}\" stands twice.", row.reference));
            }
            Ok(row) => rows.push(row),
            Err(told) => faults.push(format!("Row {row_no}: {told}")),
        }
        Ok(if faults.len() < FAULTS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })
    .map_err(|fault| file(fault.to_string()))?;
    if faults.is_empty() {
        let columns = found.into_iter().map(|(field, at)| (field, shape.columns[at].name.clone())).collect();
        Ok(Table { columns, rows })
    } else {
        Err(file(format!("Nothing was kept. {}", faults.join(" "))))
    }
}

/// Where each field stands.
fn columns(
    columns: &[Column],
    named: &BTreeMap<DatasetField, String>,
) -> Result<Vec<(DatasetField, usize)>, Vec<FieldError>> {
    let plain =
        |name: &str| -> String { name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let list = || columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for field in DatasetField::ALL {
        let at = match named.get(&field) {
            Some(name) => {
                let at = columns.iter().position(|column| column.name == name.trim());
                if at.is_none() {
                    faults.push(FieldError::new(
                        field.as_str(),
                        format!("The file has no column \"{name}\"; it has {}.", list()),
                    ));
                }
                at
            }
            None => {
                field.names().iter().find_map(|name| columns.iter().position(|column| plain(&column.name) == *name))
            }
        };
        match at {
            Some(at) => found.push((field, at)),
            None if field.required() && !named.contains_key(&field) => {
                let told = format!("Say which column holds it; the file has {}.", list());
                faults.push(FieldError::new(field.as_str(), told));
            }
            None => {}
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

struct Reading {
    /// Columns of [`DatasetField::ALL`].
    at: [Option<usize>; DatasetField::ALL.len()],
    order: DateOrder,
    mark: DecimalMark,
    zone: BusinessZone,
}

impl Reading {
    /// A workbook's header may stand below row 1.
    fn is_header(&self, record: &csv::StringRecord, found: &[(DatasetField, usize)], columns: &[Column]) -> bool {
        found.iter().all(|(_, at)| record.get(*at).is_some_and(|cell| cell.trim() == columns[*at].name))
    }

    fn row<'a>(&self, cell: impl Fn(usize) -> &'a str) -> Result<Row, String> {
        let text = |n: usize| self.at[n].map(&cell).filter(|text| !text.is_empty());
        let name = |n: usize, what: &str| match text(n) {
            Some(long) if long.chars().count() > REF_CHARS => {
                Err(format!("the {what} is longer than {REF_CHARS} characters."))
            }
            other => Ok(other.map(str::to_owned)),
        };
        let time = |n: usize| {
            text(n)
                .map(|text| match time::parse(text, self.order) {
                    Some(Written::Fixed(at)) => Ok(at),
                    Some(Written::Local(local)) => Ok(time::instant(self.zone, local).0),
                    None => Err(format!("\"{text}\" is no time.")),
                })
                .transpose()
        };
        let amount = match text(4) {
            None => return Err("it has no amount.".to_owned()),
            Some(text) => match number::parse(text, self.mark) {
                Some(amount) if amount >= Decimal::ZERO && amount <= MOST_AMOUNT => amount.round_dp(4),
                _ => return Err(format!("\"{text}\" is no amount from 0 to {MOST_AMOUNT}.")),
            },
        };
        let label = match text(5).map(str::to_lowercase).as_deref() {
            None => None,
            Some("1" | "true" | "yes" | "fraud" | "confirmed_fraud") => Some(true),
            Some("0" | "false" | "no" | "legitimate") => Some(false),
            Some(other) => return Err(format!("\"{other}\" does not say whether it was fraud; write 1 or 0.")),
        };
        Ok(Row {
            reference: name(0, "reference")?.ok_or("it has no reference.")?,
            occurred_at: time(1)?.ok_or("it has no time.")?,
            customer: name(2, "customer")?,
            terminal: name(3, "terminal")?,
            amount,
            label,
            label_known_at: time(6)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, String)> {
        let faults = read(text.as_bytes(), &BTreeMap::new(), BusinessZone::UTC).unwrap_err();
        faults.into_iter().map(|fault| (fault.path, fault.message)).collect()
    }

    #[test]
    fn columns_are_found_by_name_and_the_others_are_dropped() {
        let text = "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD,TX_FRAUD_SCENARIO\n\
                    0,2018-04-01 00:00:31,596,3156,57.16,0,0\n7,2018-04-01 01:00:00,,3156,10,1,2\n";
        let zone = BusinessZone::parse("Asia/Kolkata").unwrap();
        let table = read(text.as_bytes(), &BTreeMap::new(), zone).unwrap();
        let columns: Vec<_> = table.columns.iter().map(|(field, column)| (field.as_str(), column.as_str())).collect();
        assert_eq!(
            columns,
            [
                ("ref", "TRANSACTION_ID"),
                ("occurred_at", "TX_DATETIME"),
                ("customer", "CUSTOMER_ID"),
                ("terminal", "TERMINAL_ID"),
                ("amount", "TX_AMOUNT"),
                ("label", "TX_FRAUD")
            ]
        );
        let first = &table.rows[0];
        assert_eq!(first.occurred_at.to_rfc3339(), "2018-03-31T18:30:31+00:00");
        assert_eq!(
            (first.amount.to_string(), first.label, first.customer.as_deref()),
            ("57.16".into(), Some(false), Some("596"))
        );
        assert_eq!((table.rows.len(), table.rows[1].label, table.rows[1].customer.clone()), (2, Some(true), None));
    }

    #[test]
    fn one_bad_row_refuses_the_file_and_says_where() {
        let head = "id,time,amount,label\n";
        for (rows, wanted) in [
            ("1,2018-04-01,5,0\n1,2018-04-02,5,0\n", "Row 3: the reference \"1\" stands twice."),
            ("1,yesterday,5,0\n", "Row 2: \"yesterday\" is no time."),
            ("1,2018-04-01,-5,0\n", "Row 2: \"-5\" is no amount from 0 to 1000000000."),
            ("1,2018-04-01,5,maybe\n", "Row 2: \"maybe\" does not say whether it was fraud; write 1 or 0."),
            (",2018-04-01,5,\n", "Row 2: it has no reference."),
        ] {
            let faults = told(&format!("{head}{rows}"));
            assert_eq!(faults, [("file".to_owned(), format!("Nothing was kept. {wanted}"))]);
        }
    }

    #[test]
    fn a_missing_column_is_asked_for_with_those_there_are() {
        assert_eq!(
            told("id,when,amount\n1,2018-04-01,5\n"),
            [("occurred_at".to_owned(), "Say which column holds it; the file has id, when, amount.".to_owned())]
        );
        let named = BTreeMap::from([(DatasetField::OccurredAt, "when".to_owned())]);
        assert!(read(b"id,when,amount\n1,2018-04-01,5\n", &named, BusinessZone::UTC).is_ok());
        let unclear = told("id,time,amount\n1,01/02/2018,5\n");
        assert_eq!(unclear[0].0, "occurred_at");
        let wrong = BTreeMap::from([(DatasetField::OccurredAt, "wen".to_owned())]);
        let faults = read(b"id,when,amount\n1,2018-04-01,5\n", &wrong, BusinessZone::UTC).unwrap_err();
        assert_eq!(faults[0].path, "occurred_at");
    }
}
