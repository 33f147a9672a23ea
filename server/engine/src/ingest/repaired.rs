//! A repaired `rejected.csv`: the file's own columns again, and the number of the row each line repairs.

use super::{
    cells, survey,
    table::{Opening, each_row},
};
use domain::{
    AppError, FieldError,
    ingest::{Field, FileShape, Mapping},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

/// Name of the column with the row number.
pub const ROW: &str = "row";
/// Faults that are told one by one.
const TOLD: usize = 20;

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairedRow {
    pub row_no: u32,
    /// Cells by the field their column feeds.
    pub values: BTreeMap<Field, String>,
}

/// Reads the file by the columns of the import it belongs to. Other columns (`code`, `message` …) are ignored.
///
/// # Errors
/// `validation` at `file`, all faults at once: no table, no row numbers, a mapped column missing, a row
/// number that is none or comes twice.
pub fn repaired_rows(bytes: &[u8], mapping: &Mapping) -> Result<Vec<RepairedRow>, AppError> {
    let shape = survey(bytes)?;
    let row_at = row_column(&shape).ok_or_else(|| {
        AppError::field(
            "file",
            "The file has no column \"row\". Mend the downloaded rejected.csv and keep that column.",
        )
    })?;
    let mut columns = Vec::new();
    let mut faults = Vec::new();
    for (&field, name) in &mapping.columns {
        match shape.column(name) {
            Some(at) => columns.push((field, at)),
            None => faults.push(format!("The file lacks the column \"{name}\" of the import.")),
        }
    }
    let mut rows = Vec::new();
    let mut seen = BTreeSet::new();
    each_row(bytes, &Opening::from(&shape), |at, record| {
        if at == 1 {
            return Ok(ControlFlow::Continue(()));
        }
        let text = record.get(row_at).unwrap_or("").trim();
        match cells::reference(text).parse::<u32>() {
            Ok(row_no) if row_no > 0 && seen.insert(row_no) => {
                let value = |at: usize| unguarded(record.get(at).unwrap_or("").trim()).to_owned();
                rows.push(RepairedRow {
                    row_no,
                    values: columns.iter().map(|(field, at)| (*field, value(*at))).collect(),
                });
            }
            Ok(row_no) if row_no > 0 => faults.push(format!("Row {row_no} comes twice; keep one line for each row.")),
            _ => {
                let shown: String = cells::shown(text).chars().take(40).collect();
                faults.push(format!("Line {at} has no row number (\"{shown}\"); keep the numbers of column \"row\"."));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if faults.is_empty() {
        return Ok(rows);
    }
    Err(AppError::validation(faults.into_iter().take(TOLD).map(|fault| FieldError::new("file", fault)).collect()))
}

/// The last column called `row`: the download puts its own behind those of the file.
fn row_column(shape: &FileShape) -> Option<usize> {
    shape.columns.iter().rposition(|c| c.name == ROW || (c.name.starts_with("row (") && c.name.ends_with(')')))
}

/// Takes off the apostrophe that the download puts before what a spreadsheet would take for a formula.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        ingest::{MappingOptions, Target},
        settings::Business,
    };

    fn mapping(header: &str) -> Mapping {
        let names: Vec<String> = header.split(',').map(str::to_owned).collect();
        let shape = FileShape::of_header(&names);
        Mapping::propose(Target::SalesTransactions, &shape, MappingOptions::of(&Business::default()))
    }

    const HEADER: &str = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice";

    #[test]
    fn lines_come_back_by_their_row_number() {
        let file = format!("{HEADER},row,code,field,message\n1,\"'=A1\",-5,2011-01-05,2.00,17,not_a_sale,quantity,x\n");
        let rows = repaired_rows(file.as_bytes(), &mapping(HEADER)).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].row_no, rows[0].values.len()), (17, 5));
        assert_eq!((rows[0].values[&Field::Sku].as_str(), rows[0].values[&Field::Quantity].as_str()), ("=A1", "-5"));
    }

    #[test]
    fn a_column_row_of_the_file_itself_is_not_mistaken() {
        let header = "row,InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice";
        let rows = repaired_rows(format!("{header},row\n9,1,A1,5,2011-01-05,2.00,3\n").as_bytes(), &mapping(header));
        assert_eq!(rows.unwrap()[0].row_no, 3);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let file = "InvoiceNo,StockCode,Quantity,InvoiceDate,row\n1,A1,5,2011-01-05,3\n1,A1,5,2011-01-05,3\n1,A1,5,2011-01-05,?\n";
        let faults = repaired_rows(file.as_bytes(), &mapping(HEADER)).unwrap_err().fields;
        let told: Vec<_> = faults.iter().map(|f| f.message.as_str()).collect();
        assert_eq!(told.len(), 3);
        assert!(
            told[0].contains("\"UnitPrice\"") && told[1].contains("Row 3 comes twice") && told[2].contains("Line 4")
        );
        let none = repaired_rows(format!("{HEADER}\n1,A1,5,2011-01-05,2\n").as_bytes(), &mapping(HEADER)).unwrap_err();
        assert!(none.message.contains("no column \"row\"") || none.fields[0].message.contains("no column \"row\""));
    }
}
