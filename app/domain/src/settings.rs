//! Settings that live in the database and change while the program runs (`platform.md` 3.11).

use crate::money::Currency;
use serde::{Deserialize, Serialize};

/// Group `business`: whose day, whose money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Business {
    pub base_currency: Currency,
    /// IANA name; decides where a day begins.
    pub zone: String,
    pub locale: String,
}

impl Default for Business {
    fn default() -> Self {
        Self { base_currency: Currency::USD, zone: "UTC".to_owned(), locale: "en-US".to_owned() }
    }
}
