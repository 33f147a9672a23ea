//! Rows of a `COPY … FROM STDIN` in text format, sent in blocks.

use crate::Result;
use chrono::{DateTime, Datelike, Timelike, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use std::io::Write;
use uuid::Uuid;

/// A block is sent when it has grown to this.
const BLOCK: usize = 256 << 10;

/// One growing block of rows.
#[derive(Debug, Default)]
pub struct Rows(Vec<u8>);

impl Rows {
    fn cell(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        write(&mut self.0);
        self.0.push(b'\t');
        self
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.cell(|out| {
            for byte in text.bytes() {
                match byte {
                    b'\\' => out.extend_from_slice(b"\\\\"),
                    b'\t' => out.extend_from_slice(b"\\t"),
                    b'\n' => out.extend_from_slice(b"\\n"),
                    b'\r' => out.extend_from_slice(b"\\r"),
                    other => out.push(other),
                }
            }
        })
    }

    pub fn null(&mut self) -> &mut Self {
        self.cell(|out| out.extend_from_slice(b"\\N"))
    }

    pub fn optional_text(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    pub fn optional_id(&mut self, id: Option<Uuid>) -> &mut Self {
        match id {
            Some(id) => self.id(id),
            None => self.null(),
        }
    }

    pub fn id(&mut self, id: Uuid) -> &mut Self {
        self.cell(|out| {
            let mut text = Uuid::encode_buffer();
            out.extend_from_slice(id.hyphenated().encode_lower(&mut text).as_bytes());
        })
    }

    pub fn number(&mut self, number: Decimal) -> &mut Self {
        // Writing to a vector cannot fail.
        self.cell(|out| drop(write!(out, "{number}")))
    }

    pub fn whole(&mut self, number: i64) -> &mut Self {
        self.cell(|out| drop(write!(out, "{number}")))
    }

    pub fn time(&mut self, at: DateTime<Utc>) -> &mut Self {
        self.cell(|out| {
            drop(write!(
                out,
                "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00",
                at.year(),
                at.month(),
                at.day(),
                at.hour(),
                at.minute(),
                at.second(),
                at.timestamp_subsec_micros().min(999_999)
            ));
        })
    }

    /// Ends the row.
    pub fn end(&mut self) {
        if let Some(last) = self.0.last_mut() {
            *last = b'\n';
        }
    }
}

/// Copies `items` with `write`; `watch` hears the number of rows sent and answers whether to go on.
/// `false`: it was stopped, and the transaction is lost.
///
/// # Errors
/// When the statement fails.
pub async fn copy<T>(
    connection: &mut PgConnection,
    statement: &str,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Rows, T),
    watch: &(dyn Fn(u64) -> bool + Sync),
) -> Result<bool> {
    let mut rows = Rows::default();
    let mut sent = 0;
    let mut copy = connection.copy_in_raw(statement).await?;
    for item in items {
        write(&mut rows, item);
        sent += 1;
        if rows.0.len() >= BLOCK {
            copy.send(rows.0.as_slice()).await?;
            rows.0.clear();
            if !watch(sent) {
                copy.abort("stopped").await?;
                return Ok(false);
            }
        }
    }
    if !rows.0.is_empty() {
        copy.send(rows.0.as_slice()).await?;
    }
    copy.finish().await?;
    Ok(watch(sent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_nothing_is_not_empty() {
        let mut rows = Rows::default();
        rows.text("a\tb\\c\nd\re").null().text("").number("1.50".parse().unwrap()).whole(-3).end();
        assert_eq!(rows.0, b"a\\tb\\\\c\\nd\\re\t\\N\t\t1.50\t-3\n");
    }
}
