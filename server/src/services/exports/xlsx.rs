//! XLSX with typed cells, written row by row to temporary files: memory does not grow with the rows.

use super::{About, Export, defused};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use domain::AppError;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::fs::File;
use store::exports::Cell;

/// Excel's own limit is 1,048,576; the heading is not counted.
const ROWS_A_SHEET: u32 = 1_000_000;

/// Reads `export` to its end into a file, and answers it with the number of its rows.
///
/// # Errors
/// When the database or the disk fails.
pub async fn write(mut export: Export) -> Result<(File, i64), AppError> {
    let mut sheets = Sheets::new(export.headings.clone());
    let mut total = 0;
    loop {
        let rows = export.batch().await?;
        if rows.is_empty() {
            break;
        }
        total += i64::try_from(rows.len()).unwrap_or_default();
        sheets.add(rows).await?;
    }
    Ok((sheets.finish(export.about.clone()).await?, total))
}

/// A workbook that grows by batches of rows.
#[derive(Default)]
pub struct Sheets(Option<Box<Book>>);

impl std::fmt::Debug for Sheets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sheets").finish_non_exhaustive()
    }
}

impl Sheets {
    #[must_use]
    pub fn new(headings: Vec<&'static str>) -> Self {
        Self(Some(Box::new(Book::new(headings))))
    }

    /// # Errors
    /// When the disk fails; the workbook is lost then.
    pub async fn add(&mut self, rows: Vec<Vec<Cell>>) -> Result<(), AppError> {
        let mut book = self.0.take().ok_or_else(AppError::internal)?;
        self.0 = Some(blocking(move || book.add(&rows).map(|()| book)).await?);
        Ok(())
    }

    /// The file, from its beginning.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn finish(mut self, about: About) -> Result<File, AppError> {
        let mut book = self.0.take().ok_or_else(AppError::internal)?;
        blocking(move || book.finish(&about)).await
    }
}

/// A workbook being written.
struct Book {
    book: Workbook,
    headings: Vec<&'static str>,
    sheets: usize,
    /// Rows on the current sheet.
    rows: u32,
    time: Format,
    money: Format,
}

/// Writing goes through temporary files: off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, XlsxError> + Send + 'static,
) -> Result<T, AppError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| AppError::internal())?;
    done.map_err(|error| {
        tracing::error!(%error, "writing a workbook failed");
        AppError::internal()
    })
}

/// Days since 30 December 1899: how sheets hold a local time.
fn serial(at: NaiveDateTime) -> f64 {
    let epoch = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default().and_time(NaiveTime::MIN);
    Decimal::from((at - epoch).num_seconds()).to_f64().unwrap_or_default() / 86_400.0
}

impl Book {
    fn new(headings: Vec<&'static str>) -> Self {
        Self {
            book: Workbook::new(),
            headings,
            sheets: 0,
            rows: 0,
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            money: Format::new().set_num_format("#,##0.00##"),
        }
    }

    fn next_sheet(&mut self) -> Result<(), XlsxError> {
        self.sheets += 1;
        self.rows = 0;
        let name = if self.sheets == 1 { "Rows".to_owned() } else { format!("Rows {}", self.sheets) };
        let bold = Format::new().set_bold();
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?.set_freeze_panes(1, 0)?;
        for (i, heading) in (0..).zip(&self.headings) {
            sheet.write_string_with_format(0, i, *heading, &bold)?;
        }
        Ok(())
    }

    fn add(&mut self, rows: &[Vec<Cell>]) -> Result<(), XlsxError> {
        for row in rows {
            if self.sheets == 0 || self.rows == ROWS_A_SHEET {
                self.next_sheet()?;
            }
            self.rows += 1;
            let at = self.rows;
            let (time, money) = (&self.time, &self.money);
            let sheet = self.book.worksheet_from_index(self.sheets - 1)?;
            for (i, cell) in (0..).zip(row) {
                match cell {
                    Cell::Empty => continue,
                    Cell::Text(text) => sheet.write_string(at, i, defused(text))?,
                    Cell::Json(value) => sheet.write_string(at, i, defused(&value.to_string()))?,
                    // A sheet has floats only; the CSV has the exact number.
                    Cell::Whole(n) => sheet.write_number(at, i, n.to_f64().unwrap_or_default())?,
                    Cell::Number(n) => sheet.write_number(at, i, n.to_f64().unwrap_or_default())?,
                    Cell::Money(n) => sheet.write_number_with_format(at, i, n.to_f64().unwrap_or_default(), money)?,
                    Cell::Time(t) => sheet.write_number_with_format(at, i, serial(t.naive_local()), time)?,
                };
            }
        }
        Ok(())
    }

    fn finish(&mut self, about: &About) -> Result<File, XlsxError> {
        if self.sheets == 0 {
            self.next_sheet()?;
        }
        let sheet = self.book.add_worksheet();
        sheet.set_name("About")?.set_column_width(0, 14)?.set_column_width(1, 60)?;
        let filter = if about.filter.is_empty() { "none" } else { &about.filter };
        let as_of = about.as_of.to_rfc3339();
        let facts = [
            ("Dataset", about.dataset),
            ("Filter", filter),
            ("Time zone", about.zone),
            ("As of", &as_of),
            ("User", &about.by),
        ];
        for (i, (name, value)) in (0..).zip(facts) {
            sheet.write_string(i, 0, name)?.write_string(i, 1, defused(value))?;
        }
        sheet.write_string(5, 0, "Rows")?.write_number(5, 1, about.rows.to_f64().unwrap_or_default())?;
        let mut file = tempfile::tempfile().map_err(XlsxError::IoError)?;
        self.book.save_to_writer(&mut file)?;
        std::io::Seek::rewind(&mut file).map_err(XlsxError::IoError)?;
        Ok(file)
    }
}
