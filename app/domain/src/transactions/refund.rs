//! Taking a sale back, wholly or in part (`commerce.md` 3.2).

use super::{
    exact,
    record::{MAX_LINES, MAX_SCALE},
    status::SaleStatus,
};
use crate::error::{AppError, FieldError};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Why money goes back by hand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundKind {
    /// The goods came back.
    #[default]
    Return,
    /// The customer keeps them.
    Goodwill,
}

impl RefundKind {
    pub const ALL: [Self; 2] = [Self::Return, Self::Goodwill];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::Goodwill => "goodwill",
        }
    }

    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Return => "The goods came back",
            Self::Goodwill => "Goodwill",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What of a line goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundLine {
    /// Of the sale.
    pub line_no: i32,
    /// All that is left of the line unless given.
    #[serde(default, deserialize_with = "exact::optional", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = exact::maybe_schema)]
    pub quantity: Option<Decimal>,
}

/// Refund a sale: the lines named, or all that is left of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RefundSale {
    pub lines: Vec<RefundLine>,
    pub kind: RefundKind,
    /// The goods can be sold again.
    pub restock: bool,
    pub reason: Option<String>,
}

impl RefundSale {
    /// Everything that can be judged without the database.
    ///
    /// # Errors
    /// All faults, each with the path of its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        if self.lines.len() > MAX_LINES {
            faults.push(FieldError::new("lines", format!("A sale has at most {MAX_LINES} lines.")));
        }
        let mut named = BTreeSet::new();
        for (i, line) in self.lines.iter().enumerate() {
            if !named.insert(line.line_no) {
                faults.push(FieldError::new(format!("lines[{i}].line_no"), "This line is named twice."));
            }
            match line.quantity {
                Some(quantity) if quantity <= Decimal::ZERO => {
                    faults.push(FieldError::new(format!("lines[{i}].quantity"), "Give a quantity of more than 0."));
                }
                Some(quantity) if quantity.normalize().scale() > MAX_SCALE => {
                    let message = "A quantity has at most four decimals.";
                    faults.push(FieldError::new(format!("lines[{i}].quantity"), message));
                }
                _ => {}
            }
        }
        if self.reason.as_deref().is_some_and(|reason| !(1..=300).contains(&reason.trim().chars().count())) {
            faults.push(FieldError::new("reason", "Give 1 to 300 characters, or leave it out."));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// A line of a sale, and what of it has gone back so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineLeft {
    sold: (Decimal, Decimal, Decimal),
    pub quantity: Decimal,
    pub net: Decimal,
    pub tax: Decimal,
}

impl LineLeft {
    /// `sold`: quantity, net and tax of the line; `refunded`: its quantity that went back, of which `told` is what refunds
    /// that name the line say. What others took back, imported ones, counts pro rata.
    #[must_use]
    pub fn of(sold: (Decimal, Decimal, Decimal), refunded: Decimal, told: (Decimal, Decimal, Decimal)) -> Self {
        let (quantity, net, tax) = sold;
        let untold = (refunded - told.0).max(Decimal::ZERO);
        let left = |whole: Decimal, told: Decimal| {
            (whole - told - share(whole, untold, quantity, MAX_SCALE)).max(Decimal::ZERO)
        };
        Self { sold, quantity: quantity - refunded, net: left(net, told.1), tax: left(tax, told.2) }
    }

    /// Net and tax that `quantity` of what is left takes back: its share of the line in steps of the minor unit of `digits`
    /// decimals; the last of the line takes the remainder.
    #[must_use]
    pub fn part(&self, quantity: Decimal, digits: u32) -> (Decimal, Decimal) {
        if quantity >= self.quantity {
            return (self.net, self.tax);
        }
        let of = |whole: Decimal, left: Decimal| share(whole, quantity, self.sold.0, digits).min(left);
        (of(self.sold.1, self.net), of(self.sold.2, self.tax))
    }
}

fn share(whole: Decimal, quantity: Decimal, of: Decimal, digits: u32) -> Decimal {
    (whole * quantity / of).round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}

impl SaleStatus {
    /// It went through, and something of it is left to go back.
    #[must_use]
    pub const fn is_refundable(self) -> bool {
        matches!(self, Self::Approved | Self::Released | Self::PartiallyRefunded)
    }
}

/// A line of the refund form: what was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RefundFormLine {
    pub line_no: String,
    pub quantity: String,
}

/// What stands in the refund form of `/transactions/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefundForm {
    pub lines: Vec<RefundFormLine>,
    pub kind: String,
    pub restock: bool,
    pub reason: String,
}

impl RefundForm {
    /// The lines with a quantity, by their place in the form.
    fn chosen(&self) -> impl Iterator<Item = (usize, &RefundFormLine)> {
        self.lines.iter().enumerate().filter(|(_, line)| !matches!(line.quantity.trim(), "" | "0"))
    }

    /// # Errors
    /// Entries that cannot be read as what they must be, with the paths of the form.
    pub fn to_command(&self) -> Result<RefundSale, Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut lines = Vec::new();
        for (i, line) in self.chosen() {
            let quantity = line.quantity.trim().parse();
            if quantity.is_err() {
                faults.push(FieldError::new(format!("lines[{i}].quantity"), "Write a quantity as a number."));
            }
            match line.line_no.parse() {
                Ok(line_no) => lines.push(RefundLine { line_no, quantity: quantity.ok() }),
                Err(_) => faults.push(FieldError::new(format!("lines[{i}].line_no"), "Choose a line of the sale.")),
            }
        }
        if lines.is_empty() && faults.is_empty() {
            faults.push(FieldError::new("lines", "Say of at least one line how much goes back."));
        }
        let kind = RefundKind::parse(&self.kind).unwrap_or_else(|| {
            faults.push(FieldError::new("kind", "Choose why the money goes back."));
            RefundKind::Return
        });
        let reason = Some(self.reason.trim()).filter(|reason| !reason.is_empty()).map(str::to_owned);
        if faults.is_empty() { Ok(RefundSale { lines, kind, restock: self.restock, reason }) } else { Err(faults) }
    }

    /// An answer to the command, with the paths of the form.
    #[must_use]
    pub fn seen(&self, mut error: AppError) -> AppError {
        let places: Vec<usize> = self.chosen().map(|(i, _)| i).collect();
        for field in &mut error.fields {
            let line = field.path.strip_prefix("lines[").and_then(|rest| rest.split_once(']'));
            if let Some((place, rest)) = line.and_then(|(i, rest)| Some((*places.get(i.parse::<usize>().ok()?)?, rest)))
            {
                field.path = format!("lines[{place}]{rest}");
            }
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    const NONE: (Decimal, Decimal, Decimal) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);

    #[test]
    fn the_last_refund_of_a_line_takes_the_remainder() {
        let line = (dec("3"), dec("10.00"), dec("0.80"));
        let first = LineLeft::of(line, dec("0"), NONE);
        assert_eq!(first.part(dec("1"), 2), (dec("3.33"), dec("0.27")));
        let last = LineLeft::of(line, dec("2"), (dec("2"), dec("6.66"), dec("0.54")));
        assert_eq!(last.part(dec("1"), 2), (dec("3.34"), dec("0.26")));
        // A shared cent that is gone is not paid twice.
        let cents = LineLeft::of((dec("3"), dec("0.02"), dec("0")), dec("2"), (dec("2"), dec("0.02"), dec("0")));
        assert_eq!(cents.part(dec("1"), 2), (dec("0"), dec("0")));
    }

    #[test]
    fn what_an_import_took_back_counts_pro_rata() {
        let left = LineLeft::of((dec("10"), dec("25.0000"), dec("0")), dec("4"), NONE);
        assert_eq!((left.quantity, left.net), (dec("6"), dec("15")));
        let left = LineLeft::of((dec("10"), dec("25"), dec("2")), dec("4"), (dec("3"), dec("7.5"), dec("0.6")));
        assert_eq!((left.net, left.tax), (dec("15"), dec("1.2")));
    }

    #[test]
    fn faults_name_their_fields_and_a_form_its_own_places() {
        let bad = RefundSale {
            lines: vec![
                RefundLine { line_no: 1, quantity: Some(dec("0")) },
                RefundLine { line_no: 1, quantity: Some(dec("1.00001")) },
            ],
            reason: Some(" ".to_owned()),
            ..RefundSale::default()
        };
        let paths: Vec<_> = bad.validate().unwrap_err().into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["lines[0].quantity", "lines[1].line_no", "lines[1].quantity", "reason"]);

        let line = |quantity: &str| RefundFormLine { line_no: "2".to_owned(), quantity: quantity.to_owned() };
        let form = RefundForm { lines: vec![line("0"), line("2")], kind: "return".to_owned(), ..RefundForm::default() };
        assert_eq!(form.to_command().unwrap().lines, [RefundLine { line_no: 2, quantity: Some(dec("2")) }]);
        let seen = form.seen(AppError::conflict("").with_field("lines[0].quantity", "Only 1 is left."));
        assert_eq!(seen.fields[0].path, "lines[1].quantity");
        let form = RefundForm { lines: vec![line(""), line("two")], ..form };
        assert_eq!(form.to_command().unwrap_err()[0].path, "lines[1].quantity");
        let none = RefundForm { lines: vec![line("")], kind: "theft".to_owned(), ..RefundForm::default() };
        let paths: Vec<_> = none.to_command().unwrap_err().into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["lines", "kind"]);
    }

    proptest! {
        /// However a line is taken back, by hand and by imports' whole pieces, the parts add up to it.
        #[test]
        fn any_split_of_refunds_sums_to_exactly_the_line(
            net in 0_i64..10_000_000,
            tax in 0_i64..1_000_000,
            scale in 2_u32..=4,
            parts in proptest::collection::vec(1_i64..50, 1..12),
            digits in 0_u32..=3,
        ) {
            let sold = (Decimal::from(parts.iter().sum::<i64>()), Decimal::new(net, scale), Decimal::new(tax, scale));
            let mut told = NONE;
            for part in parts {
                let left = LineLeft::of(sold, told.0, told);
                let (net, tax) = left.part(Decimal::from(part), digits);
                prop_assert!(net >= Decimal::ZERO && tax >= Decimal::ZERO);
                told = (told.0 + Decimal::from(part), told.1 + net, told.2 + tax);
            }
            prop_assert_eq!(told, sold);
        }
    }
}
