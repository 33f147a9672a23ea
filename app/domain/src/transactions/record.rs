//! The command that records a sale, as REST receives it, and the form of the page that makes one.

use super::{exact, status::PaymentMethod};
use crate::{
    error::FieldError,
    ids::{CustomerId, ProductId, SiteId},
    money::Currency,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, net::IpAddr};
use utoipa::ToSchema;

pub const MAX_LINES: usize = 200;
pub const MAX_QUANTITY: Decimal = Decimal::ONE_THOUSAND;
/// Bound of prices, discounts and shipping, far above any real one and far below what a column holds.
const MAX_AMOUNT: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
/// Decimals a quantity or price may have; the columns keep no more.
pub(super) const MAX_SCALE: u32 = 4;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordLine {
    pub product_id: ProductId,
    #[serde(deserialize_with = "exact::required")]
    #[schema(schema_with = exact::schema)]
    pub quantity: Decimal,
    /// Catalogue price unless given.
    #[serde(default, deserialize_with = "exact::optional", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = exact::maybe_schema)]
    pub unit_price: Option<Decimal>,
    #[serde(default, deserialize_with = "exact::required")]
    #[schema(schema_with = exact::schema)]
    pub discount: Decimal,
}

/// Record a sale. Give either `lines`, or one `product_id` with its `quantity`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RecordSale {
    /// Nobody: a guest.
    pub customer_id: Option<CustomerId>,
    pub product_id: Option<ProductId>,
    #[serde(deserialize_with = "exact::optional")]
    #[schema(schema_with = exact::maybe_schema)]
    pub quantity: Option<Decimal>,
    pub lines: Vec<RecordLine>,
    pub payment_method: Option<PaymentMethod>,
    pub terminal_id: Option<String>,
    pub device_id: Option<String>,
    /// Of the buyer; default: the caller's own address.
    #[schema(value_type = Option<String>)]
    pub ip_address: Option<IpAddr>,
    /// Off the whole sale, spread over the lines.
    #[serde(deserialize_with = "exact::required")]
    #[schema(schema_with = exact::schema)]
    pub discount_applied: Decimal,
    #[serde(deserialize_with = "exact::required")]
    #[schema(schema_with = exact::schema)]
    pub shipping_cost: Decimal,
    /// That of the products unless given.
    pub currency: Option<Currency>,
    /// The default site unless given.
    pub site_id: Option<SiteId>,
    /// `false`: the payment is still open. The stock is reserved until the sale is captured, fails, is
    /// cancelled, or half an hour has passed. Else the sale is captured at once.
    pub capture: Option<bool>,
    /// The payment provider's name for the means of payment; kept as a keyed hash only.
    pub payment_token: Option<PaymentToken>,
}

/// A secret of the payment provider: never shown, never kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct PaymentToken(String);

impl fmt::Debug for PaymentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentToken(…)")
    }
}

impl PaymentToken {
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn fault(&self) -> Option<&'static str> {
        let digits: Vec<u32> = self.0.chars().filter_map(|c| c.to_digit(10)).collect();
        let only_digits = self.0.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.'));
        // ISO/IEC 7812: up to 19 digits, the last one a Luhn check.
        let luhn = digits.iter().rev().enumerate().map(|(i, d)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { *d });
        if only_digits && (12..=19).contains(&digits.len()) && luhn.sum::<u32>() % 10 == 0 {
            Some("This is a card number. Send the payment provider's token, never the card's number.")
        } else if self.0.trim().is_empty() || self.0.chars().count() > 255 {
            Some("Give 1 to 255 characters, or leave it out.")
        } else {
            None
        }
    }
}

impl RecordSale {
    /// The lines, whichever way they were given.
    #[must_use]
    pub fn all_lines(&self) -> Vec<RecordLine> {
        match (self.product_id, self.lines.is_empty()) {
            (Some(product_id), true) => vec![RecordLine {
                product_id,
                quantity: self.quantity.unwrap_or_default(),
                unit_price: None,
                discount: Decimal::ZERO,
            }],
            _ => self.lines.clone(),
        }
    }

    /// Path of a field of line `index` as the caller wrote it.
    #[must_use]
    pub fn line_path(&self, index: usize, field: &str) -> String {
        if self.lines.is_empty() { field.to_owned() } else { format!("lines[{index}].{field}") }
    }

    /// Everything that can be judged without the database.
    ///
    /// # Errors
    /// All faults, each with the path of its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = self.line_faults();
        if self.payment_method.is_none() {
            faults.push(FieldError::new("payment_method", "Choose how the sale was paid."));
        }
        if let Some(fault) = self.payment_token.as_ref().and_then(PaymentToken::fault) {
            faults.push(FieldError::new("payment_token", fault));
        }
        for (path, value) in [("terminal_id", &self.terminal_id), ("device_id", &self.device_id)] {
            if value.as_ref().is_some_and(|v| v.is_empty() || v.chars().count() > 64) {
                faults.push(FieldError::new(path, "Give 1 to 64 characters, or leave it out."));
            }
        }
        for (path, value) in [("discount_applied", self.discount_applied), ("shipping_cost", self.shipping_cost)] {
            faults.extend(amount_fault(path, value));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn line_faults(&self) -> Vec<FieldError> {
        let single = self.product_id.is_some() || self.quantity.is_some();
        if single && !self.lines.is_empty() {
            return vec![FieldError::new("lines", "Give either lines, or one product_id with its quantity, not both.")];
        }
        if !single && self.lines.is_empty() {
            return vec![FieldError::new("lines", "A sale needs at least one product.")];
        }
        if self.lines.len() > MAX_LINES {
            return vec![FieldError::new("lines", format!("A sale has at most {MAX_LINES} lines; split it."))];
        }
        if single && self.product_id.is_none() {
            return vec![FieldError::new("product_id", "Say which product was sold.")];
        }
        let mut faults = Vec::new();
        for (i, line) in self.all_lines().iter().enumerate() {
            if line.quantity < Decimal::ONE || line.quantity > MAX_QUANTITY {
                faults.push(FieldError::new(self.line_path(i, "quantity"), "Give a quantity from 1 to 1,000."));
            } else if line.quantity.normalize().scale() > MAX_SCALE {
                faults.push(FieldError::new(self.line_path(i, "quantity"), "A quantity has at most four decimals."));
            }
            if let Some(price) = line.unit_price {
                faults.extend(amount_fault(&self.line_path(i, "unit_price"), price));
            }
            faults.extend(amount_fault(&self.line_path(i, "discount"), line.discount));
        }
        faults
    }
}

pub(super) fn amount_fault(path: &str, amount: Decimal) -> Option<FieldError> {
    if amount.is_sign_negative() && !amount.is_zero() {
        Some(FieldError::new(path, "Give an amount of 0 or more."))
    } else if amount > MAX_AMOUNT {
        Some(FieldError::new(path, "This amount is too large."))
    } else if amount.normalize().scale() > MAX_SCALE {
        Some(FieldError::new(path, "An amount has at most four decimals."))
    } else {
        None
    }
}

/// One product in the form: what was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SaleFormLine {
    pub product_id: String,
    pub quantity: String,
}

/// What stands in the form of `/transactions/new`. The form is also the page's URL, so that it works
/// without script: searching is a GET with everything chosen so far, recording a POST of the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SaleForm {
    /// Text of the product search.
    pub find: String,
    /// Text of the customer search.
    pub find_customer: String,
    pub customer_id: String,
    pub lines: Vec<SaleFormLine>,
    pub payment_method: String,
    pub discount_applied: String,
    pub shipping_cost: String,
    /// `false`: the payment is still open.
    pub capture: String,
}

impl SaleForm {
    /// Reads the pairs of a query or a posted body; `lines[2][quantity]` and the like make up the lines,
    /// `add`, `remove` and `pick_customer` (or `nobody`) are the form's buttons.
    pub fn parse<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut form = Self::default();
        let mut lines: BTreeMap<u16, SaleFormLine> = BTreeMap::new();
        let (mut added, mut removed, mut picked) = (None, None, None);
        for (name, value) in pairs {
            let value = value.as_ref().trim().to_owned();
            match name.as_ref() {
                "find" => form.find = value,
                "find_customer" => form.find_customer = value,
                "customer_id" => form.customer_id = value,
                "payment_method" => form.payment_method = value,
                "discount_applied" => form.discount_applied = value,
                "shipping_cost" => form.shipping_cost = value,
                "capture" => form.capture = value,
                // Buttons of the form: what they do is done on the way in.
                "add" => added = Some(value),
                "remove" => removed = Some(value),
                "pick_customer" => picked = Some(value),
                other => {
                    let part = other.strip_prefix("lines[").and_then(|rest| rest.split_once("]["));
                    let Some((index, field)) = part.and_then(|(i, f)| Some((i.parse().ok()?, f.strip_suffix(']')?)))
                    else {
                        continue;
                    };
                    match field {
                        "product_id" => lines.entry(index).or_default().product_id = value,
                        "quantity" => lines.entry(index).or_default().quantity = value,
                        _ => {}
                    }
                }
            }
        }
        form.lines = lines.into_values().filter(|l| Some(&l.product_id) != removed.as_ref()).collect();
        if let Some(product_id) = added.filter(|id| form.lines.iter().all(|l| l.product_id != *id)) {
            form.lines.push(SaleFormLine { product_id, quantity: "1".to_owned() });
        }
        form.lines.truncate(MAX_LINES);
        match picked.as_deref() {
            Some("nobody") => form.customer_id.clear(),
            Some(id) => id.clone_into(&mut form.customer_id),
            None => {}
        }
        form
    }

    /// The lines with a quantity, as they become those of the command.
    pub fn chosen(&self) -> impl Iterator<Item = &SaleFormLine> {
        self.lines.iter().filter(|l| !l.quantity.is_empty() && l.quantity != "0")
    }

    /// # Errors
    /// Entries that cannot be read as what they must be, with the paths of the command; what can be
    /// read is then not judged yet, [`RecordSale::validate`] does that.
    pub fn to_command(&self) -> Result<RecordSale, Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut command = RecordSale::default();
        for (i, line) in self.chosen().enumerate() {
            let quantity = line.quantity.parse();
            if quantity.is_err() {
                faults.push(FieldError::new(format!("lines[{i}].quantity"), "Write a quantity as a number."));
            }
            match line.product_id.parse() {
                Ok(product_id) => command.lines.push(RecordLine {
                    product_id,
                    quantity: quantity.unwrap_or_default(),
                    unit_price: None,
                    discount: Decimal::ZERO,
                }),
                Err(_) => {
                    faults.push(FieldError::new(format!("lines[{i}].product_id"), "Choose a product from the list."))
                }
            }
        }
        if !self.customer_id.is_empty() {
            match self.customer_id.parse() {
                Ok(id) => command.customer_id = Some(id),
                Err(_) => faults.push(FieldError::new("customer_id", "Choose a customer from the list.")),
            }
        }
        command.capture = (self.capture == "false").then_some(false);
        if !self.payment_method.is_empty() {
            command.payment_method = PaymentMethod::parse(&self.payment_method);
        }
        for (path, text, target) in [
            ("discount_applied", &self.discount_applied, &mut command.discount_applied),
            ("shipping_cost", &self.shipping_cost, &mut command.shipping_cost),
        ] {
            if !text.is_empty() {
                match text.parse() {
                    Ok(amount) => *target = amount,
                    Err(_) => faults.push(FieldError::new(path, "Write an amount such as 4.50.")),
                }
            }
        }
        if faults.is_empty() { Ok(command) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query;

    const MUG: &str = "01890000-0000-7000-8000-000000000001";

    fn read(json: &str) -> RecordSale {
        serde_json::from_str(json).unwrap()
    }

    fn paths(sale: &RecordSale) -> Vec<String> {
        sale.validate().unwrap_err().into_iter().map(|f| f.path).collect()
    }

    #[test]
    fn numbers_are_read_exactly_from_json() {
        let sale = read(&format!(
            r#"{{"lines":[{{"product_id":"{MUG}","quantity":3,"unit_price":19.99}}],"discount_applied":"5.00",
                "shipping_cost":4.5,"payment_method":"cash","currency":"GBP"}}"#
        ));
        assert_eq!(sale.lines[0].unit_price, Some("19.99".parse().unwrap()));
        assert_eq!(sale.discount_applied, "5.00".parse().unwrap());
        assert_eq!(sale.validate(), Ok(()));
        assert_eq!(sale.line_path(0, "quantity"), "lines[0].quantity");
    }

    #[test]
    fn one_product_may_be_given_without_lines() {
        let sale = read(&format!(r#"{{"product_id":"{MUG}","quantity":2,"payment_method":"cash"}}"#));
        assert_eq!(sale.validate(), Ok(()));
        assert_eq!(sale.all_lines().len(), 1);
        assert_eq!(sale.line_path(0, "quantity"), "quantity");
        let both = read(&format!(
            r#"{{"product_id":"{MUG}","lines":[{{"product_id":"{MUG}","quantity":1}}],"payment_method":"cash"}}"#
        ));
        assert_eq!(paths(&both), ["lines"]);
        assert_eq!(paths(&read(r#"{"payment_method":"cash"}"#)), ["lines"]);
    }

    #[test]
    fn all_faults_come_at_once_with_their_paths() {
        let sale = read(&format!(
            r#"{{"lines":[{{"product_id":"{MUG}","quantity":0}},{{"product_id":"{MUG}","quantity":1001,"unit_price":-1}},
                {{"product_id":"{MUG}","quantity":1.00001,"discount":-2}}],"discount_applied":-5,"shipping_cost":1e12,
                "capture":false,"payment_token":"4111 1111 1111 1111","terminal_id":""}}"#
        ));
        assert_eq!(
            paths(&sale),
            [
                "lines[0].quantity",
                "lines[1].quantity",
                "lines[1].unit_price",
                "lines[2].quantity",
                "lines[2].discount",
                "payment_method",
                "payment_token",
                "terminal_id",
                "discount_applied",
                "shipping_cost"
            ]
        );
    }

    #[test]
    fn a_token_is_no_card_number_and_is_never_printed() {
        let token = |text: &str| PaymentToken(text.to_owned());
        assert!(token("4111-1111-1111-1111").fault().is_some() && token("").fault().is_some());
        assert!(token("4111111111111112").fault().is_none() && token("tok_1Nz4111111111111111").fault().is_none());
        assert_eq!(format!("{:?}", token("planted")), "PaymentToken(…)");
    }

    #[test]
    fn an_unknown_field_is_refused_not_dropped() {
        assert!(serde_json::from_str::<RecordSale>(r#"{"card_number":"4111"}"#).is_err());
    }

    #[test]
    fn the_form_is_read_from_its_url_and_becomes_the_command() {
        let form = SaleForm::parse(query::pairs(&format!(
            "find=mug&lines%5B1%5D%5Bproduct_id%5D={MUG}&lines%5B1%5D%5Bquantity%5D=2&lines[0][product_id]={MUG}\
             &lines[0][quantity]=&payment_method=cash&discount_applied=&shipping_cost=4.50&lines[x][y]=1&capture=false"
        )));
        assert_eq!((form.lines.len(), form.chosen().count(), form.find.as_str()), (2, 1, "mug"));
        let command = form.to_command().unwrap();
        assert_eq!((command.lines.len(), command.shipping_cost), (1, "4.50".parse().unwrap()));
        assert_eq!((command.validate(), command.capture), (Ok(()), Some(false)));
    }

    #[test]
    fn the_buttons_of_the_form_add_remove_and_pick() {
        let lines = format!("lines[0][product_id]={MUG}&lines[0][quantity]=3");
        let read = |more: &str| SaleForm::parse(query::pairs(&format!("{lines}&customer_id=a&{more}")));
        assert_eq!(read("add=jug").lines[1], SaleFormLine { product_id: "jug".into(), quantity: "1".into() });
        assert_eq!(read(&format!("add={MUG}")).lines.len(), 1);
        assert!(read(&format!("remove={MUG}")).lines.is_empty());
        assert_eq!(
            (read("pick_customer=b").customer_id, read("pick_customer=nobody").customer_id),
            ("b".into(), String::new())
        );
    }

    #[test]
    fn what_cannot_be_read_in_the_form_is_named_at_once() {
        let line = SaleFormLine { product_id: "x".into(), quantity: "two".into() };
        let form = SaleForm {
            lines: vec![line],
            customer_id: "me".into(),
            shipping_cost: "free".into(),
            ..SaleForm::default()
        };
        let paths: Vec<String> = form.to_command().unwrap_err().into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["lines[0].quantity", "lines[0].product_id", "customer_id", "shipping_cost"]);
    }
}
