//! The canonical row: equal rows have equal hashes, whatever file format they came in.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use std::io::Write;

#[derive(Default)]
pub struct Canon(Sha256);

impl Canon {
    pub fn text(mut self, text: &str) -> Self {
        self.0.update(text.as_bytes());
        self.end()
    }

    pub fn number(mut self, value: Result<Decimal, &str>) -> Self {
        match value {
            // 6, 6.0 and 6.00 are one number.
            Ok(number) => {
                let mut digits = [0_u8; 40];
                let mut rest = digits.as_mut_slice();
                let fits = write!(rest, "{}", number.normalize()).is_ok();
                let left = rest.len();
                if fits {
                    self.0.update(&digits[..40 - left]);
                }
            }
            Err(text) => self.0.update(text.as_bytes()),
        }
        self.end()
    }

    pub fn time(mut self, value: Result<DateTime<Utc>, &str>) -> Self {
        match value {
            Ok(at) => self.0.update(at.timestamp_micros().to_be_bytes()),
            Err(text) => self.0.update(text.as_bytes()),
        }
        self.end()
    }

    fn end(mut self) -> Self {
        self.0.update([0x1f]);
        self
    }

    pub fn finish(self) -> i64 {
        let hash = self.0.finalize();
        i64::from_be_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]])
    }
}
