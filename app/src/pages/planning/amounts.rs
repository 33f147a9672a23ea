//! Figures of plans in words. They are doubles: the solver leaves them so.

use chrono::NaiveDate;
use domain::{format, money::Currency};
use rust_decimal::Decimal;

/// The currency of a plan, with the locale of the business.
#[derive(Debug, Clone)]
pub struct Words {
    pub currency: String,
    pub locale: String,
}

fn decimal(value: f64, digits: u32) -> Option<Decimal> {
    Decimal::from_f64_retain(value).map(|value| value.round_dp(digits).normalize())
}

impl Words {
    /// Money; what is not known, or has no place in a decimal, is not known.
    #[must_use]
    pub fn money(&self, value: Option<f64>) -> String {
        let Some(value) = value.and_then(|value| decimal(value, 2)) else { return format::UNKNOWN.to_owned() };
        match self.currency.parse::<Currency>() {
            Ok(currency) => format::money(value, currency, &self.locale),
            Err(_) => format!("{} {}", format::number(value, &self.locale), self.currency),
        }
    }

    #[must_use]
    pub fn tonnes(&self, value: f64) -> String {
        self.number(Some(value), 3)
    }

    /// With its unit.
    #[must_use]
    pub fn weight(&self, tonnes: Option<f64>) -> String {
        tonnes.map_or_else(|| format::UNKNOWN.to_owned(), |tonnes| format!("{} t", self.tonnes(tonnes)))
    }

    #[must_use]
    pub fn number(&self, value: Option<f64>, digits: u32) -> String {
        let value = value.and_then(|value| decimal(value, digits));
        value.map_or_else(|| format::UNKNOWN.to_owned(), |value| format::number(value, &self.locale))
    }

    /// Of a key figure; money is in the plan's currency.
    #[must_use]
    pub fn unit(&self, unit: &str) -> String {
        unit.replace("money", &self.currency)
    }

    #[must_use]
    pub fn share(&self, value: Option<f64>) -> String {
        value.map_or_else(|| format::UNKNOWN.to_owned(), |share| format::percent(share, 2))
    }
}

/// The days of a plan, the last one among them.
#[must_use]
pub fn horizon(from: Option<NaiveDate>, until: Option<NaiveDate>) -> String {
    let last = until.and_then(|until| until.pred_opt());
    match from.zip(last) {
        Some((from, last)) => format!("{} to {}", format::date(from), format::date(last)),
        None => "no dates".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_their_unit_and_what_is_not_known_is_not_nought() {
        let words = Words { currency: "INR".to_owned(), locale: "en-GB".to_owned() };
        assert_eq!((words.money(Some(3_379.0)), words.money(None)), ("₹3,379.00".to_owned(), "–".to_owned()));
        assert_eq!((words.tonnes(47.5), words.tonnes(0.1 + 0.2)), ("47.5".to_owned(), "0.3".to_owned()));
        assert_eq!((words.unit("money/t"), words.unit("%")), ("INR/t".to_owned(), "%".to_owned()));
        assert_eq!(words.share(Some(0.8758)), "87.58\u{a0}%");
        assert_eq!((words.weight(Some(12_500.0)), words.weight(None)), ("12,500 t".to_owned(), "–".to_owned()));
        let odd = Words { currency: "R$".to_owned(), locale: "en-GB".to_owned() };
        assert_eq!(odd.money(Some(1.5)), "1.5 R$");
    }

    #[test]
    fn the_last_day_of_a_plan_is_one_of_its_days() {
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        let of = horizon(day("2026-01-01"), day("2026-03-01"));
        assert!(of.starts_with(&format::date(day("2026-01-01").unwrap())), "{of}");
        assert!(of.ends_with(&format::date(day("2026-02-28").unwrap())), "{of}");
        assert_eq!(horizon(None, None), "no dates");
    }
}
