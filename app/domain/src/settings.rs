//! Settings that live in the database and change while the program runs (`platform.md` 3.11).

use crate::{
    access::Principal,
    error::{AppError, FieldError},
    ingest::is_interval,
    money::Currency,
};
use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

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

/// One setting as it is declared: its default, and what may be written.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    pub key: &'static str,
    pub default: &'static str,
    /// In the words of the page.
    pub title: &'static str,
    /// What a value must be, as the fault says it.
    pub allowed: &'static str,
    check: fn(&str) -> bool,
}

/// Every setting there is. Another key is refused.
pub const DECLARED: &[Declared] = &[
    Declared {
        key: "business.base_currency",
        default: "USD",
        title: "Base currency",
        allowed: "A currency code of three capital letters, e.g. EUR.",
        check: |text| text.parse::<Currency>().is_ok(),
    },
    Declared {
        key: "business.zone",
        default: "UTC",
        title: "Business time zone",
        allowed: "A time zone by its IANA name, e.g. Europe/London.",
        // Whether the zone exists is known where its rules are: in the service.
        check: |text| {
            !text.is_empty()
                && text.len() <= 64
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b))
        },
    },
    Declared {
        key: "business.locale",
        default: "en-US",
        title: "Language and number format",
        allowed: "A locale such as en-US or de-DE.",
        check: is_locale,
    },
    Declared {
        key: "business.week_start",
        default: "monday",
        title: "First day of the week",
        allowed: "A day of the week in small letters, e.g. monday.",
        check: |text| ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].contains(&text),
    },
    Declared {
        key: "business.fiscal_year_start",
        default: "01-01",
        title: "First day of the fiscal year",
        allowed: "Month and day as MM-DD, e.g. 04-01.",
        check: is_month_and_day,
    },
    Declared {
        key: "sales.tax_rate",
        default: "0.08",
        title: "Tax on recorded sales",
        allowed: "A share from 0 to 1, e.g. 0.08 for 8 %.",
        check: |text| text.parse::<Decimal>().is_ok_and(|rate| (Decimal::ZERO..=Decimal::ONE).contains(&rate)),
    },
    Declared {
        key: "sales.max_transaction_amount",
        default: "100000",
        title: "Largest total of a sale",
        allowed: "An amount above 0, e.g. 100000. Administrators may exceed it.",
        check: |text| text.parse::<Decimal>().is_ok_and(|most| most > Decimal::ZERO),
    },
    Declared {
        key: "fraud.amount_limit",
        default: "",
        title: "Screening: company limit of a sale",
        allowed: "An amount above 0 in base currency. Empty: no limit.",
        check: |text| text.is_empty() || text.parse::<Decimal>().is_ok_and(|most| most > Decimal::ZERO),
    },
    Declared {
        key: "fraud.label_delay_days",
        default: "7",
        title: "Screening: days until a fraud is known",
        allowed: "A whole number of days from 0 to 90.",
        check: |text| text.parse::<u32>().is_ok_and(|days| days <= 90),
    },
    Declared {
        key: "stock.reorder_threshold",
        default: "10",
        title: "Reorder threshold",
        allowed: "A quantity of 0 or more, e.g. 10. A product of which no more is available counts as low on stock.",
        check: |text| text.parse::<Decimal>().is_ok_and(|least| least >= Decimal::ZERO),
    },
    Declared {
        key: "ingest.sales_expected_hours",
        default: "",
        title: "Imports: hours from one file of sales to the next",
        allowed: "Whole hours from 1 to 8,760. Empty: no file is expected.",
        check: is_interval,
    },
    Declared {
        key: "ingest.visits_expected_hours",
        default: "",
        title: "Imports: hours from one file of visits to the next",
        allowed: "Whole hours from 1 to 8,760. Empty: no file is expected.",
        check: is_interval,
    },
    Declared {
        key: "customers.tier_silver",
        default: "500",
        title: "Tier silver from",
        allowed: "Revenue of 365 days in base currency, 0 or more.",
        check: is_amount,
    },
    Declared {
        key: "customers.tier_gold",
        default: "2000",
        title: "Tier gold from",
        allowed: "Revenue of 365 days in base currency, 0 or more.",
        check: is_amount,
    },
    Declared {
        key: "customers.tier_platinum",
        default: "10000",
        title: "Tier platinum from",
        allowed: "Revenue of 365 days in base currency, 0 or more.",
        check: is_amount,
    },
    Declared {
        key: "customers.rfm_percentiles",
        default: "20 40 60 80",
        title: "Segments: cut points",
        allowed: "Four rising percentages from 1 to 99, e.g. 20 40 60 80.",
        check: |text| percentiles(text).is_some(),
    },
    Declared {
        key: "sales.currencies",
        default: "",
        title: "Currencies of sales",
        allowed: "Currency codes with commas between, e.g. USD, EUR. Empty: the base currency and those of the products sold.",
        check: |text| currency_list(text).is_some(),
    },
];

fn is_amount(text: &str) -> bool {
    text.parse::<Decimal>().is_ok_and(|amount| amount >= Decimal::ZERO)
}

/// Four rising percentages with spaces between; `None` when they are not that.
#[must_use]
pub fn percentiles(text: &str) -> Option<[u8; 4]> {
    let numbers: Vec<u8> = text.split_ascii_whitespace().map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let four: [u8; 4] = numbers.try_into().ok()?;
    (four.windows(2).all(|pair| pair.first() < pair.last()) && four.iter().all(|n| (1..100).contains(n)))
        .then_some(four)
}

/// Codes with commas or spaces between; `None` when one of them is no currency.
#[must_use]
pub fn currency_list(text: &str) -> Option<Vec<Currency>> {
    text.split([',', ' ']).filter(|code| !code.is_empty()).map(|code| code.parse().ok()).collect()
}

/// `en`, `en-US`, `zh-Hans-CN` (BCP 47: language, script, region).
fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-').peekable();
    let language =
        parts.next().is_some_and(|l| (2..=3).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_lowercase()));
    if parts.peek().is_some_and(|script| script.len() == 4 && script.bytes().all(|b| b.is_ascii_alphabetic())) {
        parts.next();
    }
    let region = parts.next().is_none_or(|r| {
        (r.len() == 2 && r.bytes().all(|b| b.is_ascii_uppercase()))
            || (r.len() == 3 && r.bytes().all(|b| b.is_ascii_digit()))
    });
    language && region && parts.next().is_none()
}

/// A day that every year has, so not 02-29.
fn is_month_and_day(text: &str) -> bool {
    let exact = text.len() == 5 && text.as_bytes().get(2) == Some(&b'-');
    exact && chrono::NaiveDate::parse_from_str(&format!("2023-{text}"), "%Y-%m-%d").is_ok()
}

/// One setting with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Setting {
    pub key: String,
    pub title: String,
    pub value: String,
    pub default: String,
    pub allowed: String,
    /// Who changed it last; `None`: nobody ever did.
    pub updated_by: Option<String>,
    /// In the zone of the business.
    pub updated_at: Option<DateTime<FixedOffset>>,
}

/// All settings. `version` counts changes; send it back to change only what you saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingsView {
    pub version: i64,
    pub items: Vec<Setting>,
}

/// `{"business.zone": "Europe/London", "version": 3}`: new values by key, and the version they were
/// chosen from. Without a version the last writer wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeSettings {
    #[serde(default)]
    pub version: Option<i64>,
    #[serde(flatten)]
    pub values: BTreeMap<String, Value>,
}

impl ChangeSettings {
    /// # Errors
    /// Every fault, each with its key as path.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults: Vec<_> = self
            .values
            .iter()
            .filter_map(|(key, value)| {
                let Some(declared) = DECLARED.iter().find(|d| d.key == key) else {
                    return Some(FieldError::new(key, format!("There is no setting \"{key}\".")));
                };
                let right = value.as_str().is_some_and(declared.check);
                (!right).then(|| FieldError::new(key, declared.allowed))
            })
            .collect();
        if self.values.is_empty() {
            faults.push(FieldError::new("body", "Name at least one setting to change."));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

#[async_trait::async_trait]
pub trait SettingsPort: Send + Sync + 'static {
    /// Whose day and whose money; at most a second old. While the database is away, the last known.
    async fn business(&self) -> Result<Business, AppError>;

    /// Needs `access.settings_view`.
    async fn view(&self, who: &Principal) -> Result<SettingsView, AppError>;

    /// Needs `access.settings_edit`. `conflict` when the version is not the current one.
    async fn change(&self, who: &Principal, command: ChangeSettings) -> Result<SettingsView, AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(value: Value) -> ChangeSettings {
        serde_json::from_value(value).expect("shape")
    }

    #[test]
    fn defaults_are_allowed_values() {
        assert!(DECLARED.iter().all(|d| (d.check)(d.default)));
        let business = Business::default();
        let of = |key: &str| DECLARED.iter().find(|d| d.key == key).map(|d| d.default.to_owned());
        assert_eq!(of("business.base_currency"), Some(business.base_currency.to_string()));
        assert_eq!((of("business.zone"), of("business.locale")), (Some(business.zone), Some(business.locale)));
    }

    #[test]
    fn all_faults_come_at_once_with_their_keys() {
        let faults = change(json!({
            "business.base_currency": "euro", "business.zone": "", "business.locale": "english", "business.week_start": 1,
            "business.fiscal_year_start": "02-29", "business.colour": "red", "version": 1
        }))
        .validate()
        .expect_err("six");
        let paths: Vec<_> = faults.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths.len(), 6, "{paths:?}");
        assert!(paths.contains(&"business.colour"));
    }

    #[test]
    fn right_values_pass() {
        let command = change(
            json!({"business.zone": "Asia/Kolkata", "business.locale": "zh-Hans-CN", "business.fiscal_year_start": "04-01"}),
        );
        assert_eq!(change(json!({"sales.currencies": "USD, EUR"})).validate(), Ok(()));
        assert_eq!(currency_list(""), Some(vec![]));
        assert_eq!(currency_list("USD euro"), None);
        assert_eq!(command.version, None);
        assert_eq!(command.validate(), Ok(()));
        assert!(change(json!({"version": 2})).validate().is_err());
    }
}
