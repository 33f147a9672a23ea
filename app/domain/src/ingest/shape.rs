//! What was found in a file before anything was mapped: container, encoding, columns and their samples.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Kind of file by its content, whatever its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    Text,
    GzipText,
    Xlsx,
    Xls,
    Ods,
}

impl Media {
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/csv",
            Self::GzipText => "application/gzip",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Xls => "application/vnd.ms-excel",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Text => "text table",
            Self::GzipText => "gzip-compressed text table",
            Self::Xlsx => "Excel workbook (XLSX)",
            Self::Xls => "Excel workbook (XLS)",
            Self::Ods => "OpenDocument spreadsheet",
        }
    }
}

/// Encoding of a text table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum TextEncoding {
    #[serde(rename = "UTF-8")]
    Utf8,
    #[serde(rename = "UTF-16LE")]
    Utf16Le,
    #[serde(rename = "UTF-16BE")]
    Utf16Be,
    #[serde(rename = "Windows-1252")]
    Windows1252,
}

impl TextEncoding {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Windows1252 => "Windows-1252",
        }
    }
}

/// How many values of a column prove one reading of its numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NumberEvidence {
    /// Values that can only have a decimal point (`2.55`, `1,234.5`).
    pub point: u32,
    /// Values that can only have a decimal comma (`2,55`, `1.234,5`).
    pub comma: u32,
    /// Values such as `1.234` or `1,234`, which mean different amounts either way.
    pub unclear: u32,
}

/// How many values of a column prove one order of day and month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DateEvidence {
    pub day_first: u32,
    pub month_first: u32,
    /// Values such as `03/04/2025`.
    pub unclear: u32,
}

/// One column of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Column {
    pub name: String,
    /// The first different values, at most five.
    pub samples: Vec<String>,
    /// Rows with a value in the column.
    pub filled: u32,
    pub numbers: NumberEvidence,
    pub dates: DateEvidence,
}

/// What the file is. Stored with the batch, so that a later read opens it the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileShape {
    pub media: Media,
    /// Text tables only.
    pub encoding: Option<TextEncoding>,
    /// Text tables only.
    pub delimiter: Option<char>,
    /// Name of the sheet read; workbooks only.
    pub sheet: Option<String>,
    /// All sheets of the workbook.
    #[serde(default)]
    pub sheets: Vec<String>,
    pub unpacked_bytes: u64,
    /// Data rows, the header apart.
    pub rows: u32,
    pub columns: Vec<Column>,
}

impl FileShape {
    /// A file known by its header alone.
    #[must_use]
    pub fn of_header(names: &[String]) -> Self {
        let column = |name: &String| Column {
            name: name.clone(),
            samples: Vec::new(),
            filled: 0,
            numbers: NumberEvidence::default(),
            dates: DateEvidence::default(),
        };
        Self {
            media: Media::Text,
            encoding: None,
            delimiter: None,
            sheet: None,
            sheets: Vec::new(),
            unpacked_bytes: 0,
            rows: 0,
            columns: names.iter().map(column).collect(),
        }
    }

    /// The same columns in the same order give the same signature; case and punctuation do not matter.
    #[must_use]
    pub fn header_signature(&self) -> String {
        self.columns.iter().map(|c| plain(&c.name)).collect::<Vec<_>>().join("|")
    }

    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }
}

/// Lower case, letters and digits only.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
