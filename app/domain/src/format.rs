//! The one place where numbers, money and times become words. Every page, export heading and
//! message uses it, so that a figure looks the same wherever it stands.
//!
//! Negative values carry a real minus (U+2212). Values and their units are joined by a
//! no-break space, so that a phone never breaks `8.2 %` in two.

use crate::money::Currency;
use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};

/// What an unknown value looks like; never 0.
pub const UNKNOWN: &str = "–";

const MINUS: char = '\u{2212}';
const NBSP: char = '\u{a0}';

/// How a locale writes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Style {
    group: char,
    point: char,
    /// Indian grouping: the last three digits, then pairs (12,34,567).
    lakh: bool,
    /// The currency symbol stands behind the number.
    symbol_last: bool,
}

impl Style {
    /// `locale` is a BCP 47 tag ("en-IN"); an unknown one reads like en-US.
    fn of(locale: &str) -> Self {
        let mut parts = locale.split(['-', '_']);
        let language = parts.next().unwrap_or_default();
        let region = parts.next_back().unwrap_or_default();
        let (group, point) = match language {
            "de" | "es" | "it" | "nl" | "pt" | "id" | "tr" | "da" | "el" | "ro" => ('.', ','),
            "fr" | "sv" | "nb" | "nn" | "no" | "fi" | "pl" | "cs" | "sk" | "hu" | "bg" | "uk" | "ru" => (NBSP, ','),
            _ => (',', '.'),
        };
        let lakh = region == "IN" || matches!(language, "hi" | "bn" | "mr" | "gu" | "ta" | "te" | "kn" | "ml" | "pa");
        Self { group, point, lakh, symbol_last: point == ',' }
    }

    /// `value` half-up to `digits` places, grouped, without a sign.
    fn digits(self, value: Decimal, digits: u32) -> String {
        let text = format!("{:.*}", digits as usize, value.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let mut out = String::with_capacity(text.len() + 8);
        for (at, digit) in whole.chars().enumerate() {
            let left = whole.len() - at;
            let boundary = if self.lakh { left == 3 || (left > 3 && left % 2 == 1) } else { left.is_multiple_of(3) };
            if at > 0 && boundary {
                out.push(self.group);
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push(self.point);
            out.push_str(fraction);
        }
        out
    }
}

fn half_up(value: Decimal, digits: u32) -> Decimal {
    value.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}

fn minus(value: Decimal) -> &'static str {
    if value.is_sign_negative() && !value.is_zero() { "\u{2212}" } else { "" }
}

/// Symbol of a currency as it stands beside a number. A code stands for currencies without a
/// symbol of their own, so that two dollars are never mistaken for each other.
#[must_use]
pub fn symbol(currency: Currency) -> String {
    match currency.as_str() {
        "USD" => "$".into(),
        "GBP" => "£".into(),
        "EUR" => "€".into(),
        "INR" => "₹".into(),
        "JPY" => "¥".into(),
        "AUD" => "A$".into(),
        "CAD" => "CA$".into(),
        "NZD" => "NZ$".into(),
        "BRL" => "R$".into(),
        "KRW" => "₩".into(),
        code => format!("{code}{NBSP}"),
    }
}

fn with_symbol(amount: Decimal, digits: u32, currency: Currency, locale: &str, sign: &str) -> String {
    let style = Style::of(locale);
    let figures = style.digits(amount, digits);
    let symbol = symbol(currency);
    if style.symbol_last {
        format!("{sign}{figures}{NBSP}{}", symbol.trim_end())
    } else {
        format!("{sign}{symbol}{figures}")
    }
}

/// `−₹4,82,310.50`: half-up to the currency's minor unit, grouped as the locale does.
#[must_use]
pub fn money(amount: Decimal, currency: Currency, locale: &str) -> String {
    let amount = half_up(amount, currency.minor_digits());
    with_symbol(amount, currency.minor_digits(), currency, locale, minus(amount))
}

/// Like [`money`] without the minor unit, for axes and narrow tiles: `₹4,82,311`.
#[must_use]
pub fn money_whole(amount: Decimal, currency: Currency, locale: &str) -> String {
    let amount = half_up(amount, 0);
    with_symbol(amount, 0, currency, locale, minus(amount))
}

/// A change of an amount with its sign: `+£12.00`, `−£3.50`, `£0.00`.
#[must_use]
pub fn money_change(amount: Decimal, currency: Currency, locale: &str) -> String {
    let amount = half_up(amount, currency.minor_digits());
    with_symbol(amount, currency.minor_digits(), currency, locale, sign(amount))
}

fn sign(value: Decimal) -> &'static str {
    if value.is_zero() {
        ""
    } else if value.is_sign_negative() {
        "\u{2212}"
    } else {
        "+"
    }
}

/// A quantity or any exact number: as many decimals as it has, no trailing zeros. `1,204`, `0.5`, `−5`.
#[must_use]
pub fn number(value: impl Into<Decimal>, locale: &str) -> String {
    let value = value.into().normalize();
    format!("{}{}", minus(value), Style::of(locale).digits(value, value.scale()))
}

/// A number of things: `2,09,029` in en-IN.
#[must_use]
pub fn count(value: i64, locale: &str) -> String {
    number(value, locale)
}

/// A change of a number with its sign: `+14`, `−3`, `0`.
#[must_use]
pub fn change(value: impl Into<Decimal>, locale: &str) -> String {
    let value = value.into().normalize();
    format!("{}{}", sign(value), Style::of(locale).digits(value, value.scale()))
}

/// What [`percent`] takes: a share, 1 being the whole. Statistics are floats, shares of money are exact.
pub trait Share {
    /// Percent points, or `None` when the share is not a number.
    fn points(self) -> Option<Decimal>;
}

impl Share for Decimal {
    fn points(self) -> Option<Decimal> {
        self.checked_mul(Decimal::ONE_HUNDRED)
    }
}

impl Share for f64 {
    fn points(self) -> Option<Decimal> {
        Decimal::from_f64_retain(self).and_then(Share::points)
    }
}

/// `percent(0.0342, 2)` is `3.42 %`. Not a number is [`UNKNOWN`].
#[must_use]
pub fn percent(share: impl Share, decimals: u32) -> String {
    points(share, decimals, minus)
}

/// `percent_change(0.082, 1)` is `+8.2 %`; `percent_change(-0.003, 1)` is `−0.3 %`.
#[must_use]
pub fn percent_change(share: impl Share, decimals: u32) -> String {
    points(share, decimals, sign)
}

fn points(share: impl Share, decimals: u32, sign: fn(Decimal) -> &'static str) -> String {
    share.points().map_or_else(
        || UNKNOWN.to_owned(),
        |points| {
            let points = half_up(points, decimals);
            format!("{}{}{NBSP}%", sign(points), Style::of("en").digits(points, decimals))
        },
    )
}

/// `6 Oct 2026`.
#[must_use]
pub fn date(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// `Tue 6 Oct 2026`, for headings.
#[must_use]
pub fn date_long(day: NaiveDate) -> String {
    day.format("%a %-d %b %Y").to_string()
}

/// `6 Oct 2026, 14:05`, in the zone the time came with.
#[must_use]
pub fn date_time(at: DateTime<FixedOffset>) -> String {
    at.format("%-d %b %Y, %H:%M").to_string()
}

/// `14:05`.
#[must_use]
pub fn time(at: DateTime<FixedOffset>) -> String {
    at.format("%H:%M").to_string()
}

/// With seconds, where moments are told apart: `14:05:09`.
#[must_use]
pub fn time_full(at: DateTime<FixedOffset>) -> String {
    at.format("%H:%M:%S").to_string()
}

/// What stands in `title` of a time, so that hovering tells the zone: `6 Oct 2026, 14:05:09 UTC+05:30`.
#[must_use]
pub fn date_time_full(at: DateTime<FixedOffset>) -> String {
    at.format("%-d %b %Y, %H:%M:%S UTC%:z").to_string()
}

/// What stands in `datetime` of a `<time>`.
#[must_use]
pub fn date_time_machine(at: DateTime<FixedOffset>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

/// A length of time in its largest whole unit: `12 s`, `18 min`, `5 h`, `3 days`.
#[must_use]
pub fn age(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        0..60 => format!("{seconds}{NBSP}s"),
        60..3_600 => format!("{}{NBSP}min", seconds / 60),
        3_600..86_400 => format!("{}{NBSP}h", seconds / 3_600),
        86_400..172_800 => format!("1{NBSP}day"),
        _ => format!("{}{NBSP}days", seconds / 86_400),
    }
}

/// `18 min ago`; `just now` under two seconds.
#[must_use]
pub fn ago(seconds: i64) -> String {
    if seconds < 2 { "just now".to_owned() } else { format!("{} ago", age(seconds)) }
}

/// Relative for the last day, absolute otherwise. `age_seconds` comes from the server: a view has no clock.
#[must_use]
pub fn when(at: DateTime<FixedOffset>, age_seconds: i64) -> String {
    if (0..86_400).contains(&age_seconds) { ago(age_seconds) } else { date_time(at) }
}

/// `12.3 KiB`; whole bytes below one KiB.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn bytes(n: i64) -> String {
    let (mut size, mut unit) = (n as f64, "B");
    for larger in ["KiB", "MiB", "GiB"] {
        if size >= 1_024.0 {
            (size, unit) = (size / 1_024.0, larger);
        }
    }
    if unit == "B" { format!("{n}{NBSP}B") } else { format!("{size:.1}{NBSP}{unit}") }
}

/// A plain length of time for progress: `1 min 5 s`, `2 h 10 min`.
#[must_use]
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        0..60 => format!("{seconds}{NBSP}s"),
        60..3_600 => format!("{}{NBSP}min {}{NBSP}s", seconds / 60, seconds % 60),
        _ => format!("{}{NBSP}h {}{NBSP}min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A formatted text in plain ASCII signs and spaces, for logs and `aria-label`s.
#[must_use]
pub fn ascii(text: &str) -> String {
    text.replace(MINUS, "-").replace(NBSP, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_decimal_from_a_kibibyte_on() {
        let told = [0, 1_023, 1_024, 1_536, 5 * 1_048_576, 3_000_000_000_000].map(bytes);
        assert_eq!(
            told,
            ["0\u{a0}B", "1023\u{a0}B", "1.0\u{a0}KiB", "1.5\u{a0}KiB", "5.0\u{a0}MiB", "2794.0\u{a0}GiB"]
        );
    }
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn money_groups_as_the_locale_does() {
        assert_eq!(money(d("58960.79"), Currency::GBP, "en-GB"), "£58,960.79");
        assert_eq!(money(d("4064726.591"), Currency::GBP, "en-GB"), "£4,064,726.59");
        assert_eq!(money(d("482310"), Currency::INR, "en-IN"), "₹4,82,310.00");
        assert_eq!(money(d("12345678.5"), Currency::INR, "en-IN"), "₹1,23,45,678.50");
        assert_eq!(money(d("999"), Currency::INR, "en-IN"), "₹999.00");
        assert_eq!(money(d("1234.5"), "EUR".parse().unwrap(), "de-DE"), "1.234,50\u{a0}€");
        assert_eq!(money(d("1234.5"), "CHF".parse().unwrap(), "en-US"), "CHF\u{a0}1,234.50");
        assert_eq!(money(d("1234.5"), "JPY".parse().unwrap(), "en-US"), "¥1,235");
        assert_eq!(money_whole(d("482310.5"), Currency::INR, "en-IN"), "₹4,82,311");
    }

    #[test]
    fn money_rounds_half_up_and_has_a_real_minus() {
        assert_eq!(money(d("0.005"), Currency::USD, "en-US"), "$0.01");
        assert_eq!(money(d("-3.5"), Currency::USD, "en-US"), "−$3.50");
        assert_eq!(money(d("-0.001"), Currency::USD, "en-US"), "$0.00");
        assert_eq!(money_change(d("12"), Currency::GBP, "en-GB"), "+£12.00");
        assert_eq!(money_change(d("-12"), Currency::GBP, "en-GB"), "−£12.00");
        assert_eq!(money_change(d("0"), Currency::GBP, "en-GB"), "£0.00");
    }

    #[test]
    fn numbers_keep_their_own_decimals() {
        assert_eq!(count(209_029, "en-GB"), "209,029");
        assert_eq!(count(209_029, "en-IN"), "2,09,029");
        assert_eq!(count(-5, "en-US"), "−5");
        assert_eq!(number(d("1.5000"), "en-US"), "1.5");
        assert_eq!(number(d("-1000.25"), "en-US"), "−1,000.25");
        assert_eq!(number(d("120"), "en-US"), "120");
        assert_eq!(change(14, "en-US"), "+14");
        assert_eq!(change(-3, "en-US"), "−3");
        assert_eq!(change(0, "en-US"), "0");
    }

    #[test]
    fn percent_takes_a_share() {
        assert_eq!(percent(d("0.0342"), 2), "3.42\u{a0}%");
        assert_eq!(percent(0.5_f64, 0), "50\u{a0}%");
        assert_eq!(percent(f64::NAN, 1), UNKNOWN);
        assert_eq!(percent_change(d("0.082"), 1), "+8.2\u{a0}%");
        assert_eq!(percent_change(d("-0.003"), 1), "−0.3\u{a0}%");
        assert_eq!(percent_change(d("-0.0003"), 1), "0.0\u{a0}%");
    }

    #[test]
    fn dates_and_ages() {
        let day = NaiveDate::from_ymd_opt(2026, 10, 6).unwrap();
        assert_eq!(date(day), "6 Oct 2026");
        assert_eq!(date_long(day), "Tue 6 Oct 2026");
        let at = DateTime::parse_from_rfc3339("2026-10-06T14:05:09+05:30").unwrap();
        assert_eq!(date_time(at), "6 Oct 2026, 14:05");
        assert_eq!(time(at), "14:05");
        assert_eq!(date_time_full(at), "6 Oct 2026, 14:05:09 UTC+05:30");
        assert_eq!(date_time_machine(at), "2026-10-06T14:05:09+05:30");
        assert_eq!(age(59), "59\u{a0}s");
        assert_eq!(age(60), "1\u{a0}min");
        assert_eq!(age(86_399), "23\u{a0}h");
        assert_eq!(age(86_400), "1\u{a0}day");
        assert_eq!(age(172_800), "2\u{a0}days");
        assert_eq!(age(-5), "0\u{a0}s");
        assert_eq!(ago(1), "just now");
        assert_eq!(when(at, 240), "4\u{a0}min ago");
        assert_eq!(when(at, 90_000), "6 Oct 2026, 14:05");
        assert_eq!(duration(65), "1\u{a0}min 5\u{a0}s");
        assert_eq!(duration(7_800), "2\u{a0}h 10\u{a0}min");
    }

    proptest! {
        #[test]
        fn grouping_changes_no_digit(value in any::<i64>(), indian in any::<bool>()) {
            let text = count(value, if indian { "en-IN" } else { "en-US" });
            prop_assert_eq!(ascii(&text).replace(',', ""), value.to_string());
        }
    }
}
