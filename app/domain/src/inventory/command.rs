//! Adding and changing a product.

use super::ProductKind;
use crate::{error::FieldError, ids::CategoryId, money::Currency, transactions::exact};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Bound of prices and costs, far above any real one and far below what a column holds.
const MAX_AMOUNT: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
const MAX_WEIGHT: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
const MAX_DESCRIPTION: usize = 4_000;
const DEFAULT_UNIT: &str = "each";

/// What of a product can be given; trimmed, the SKU in capitals, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductFields {
    pub sku: String,
    pub name: String,
    pub category_id: Option<CategoryId>,
    pub kind: ProductKind,
    pub description: Option<String>,
    pub unit: String,
    pub price: Decimal,
    pub cost: Option<Decimal>,
    pub weight_kg: Option<Decimal>,
    pub dimensions: Option<String>,
    pub warranty_months: Option<i32>,
    pub barcode: Option<String>,
    pub is_active: bool,
}

impl ProductFields {
    /// # Errors
    /// All faults at once.
    fn checked(mut self) -> Result<Self, Vec<FieldError>> {
        self.sku = self.sku.trim().to_uppercase();
        self.name = self.name.trim().to_owned();
        self.unit = self.unit.trim().to_owned();
        for text in [&mut self.description, &mut self.dimensions, &mut self.barcode] {
            *text = text.take().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        }
        let mut faults = Vec::new();
        let mut fault = |path: &str, message: String| faults.push(FieldError::new(path, message));
        for (path, text, most) in [("sku", &self.sku, 50), ("name", &self.name, 255), ("unit", &self.unit, 50)] {
            if !(1..=most).contains(&text.chars().count()) || text.chars().any(char::is_control) {
                fault(path, format!("Write 1 to {most} characters."));
            }
        }
        let optional = [
            ("description", &self.description, MAX_DESCRIPTION),
            ("dimensions", &self.dimensions, 100),
            ("barcode", &self.barcode, 50),
        ];
        for (path, text, most) in optional {
            if text.as_ref().is_some_and(|t| t.chars().count() > most) {
                fault(path, format!("Write at most {most} characters."));
            }
        }
        let amount =
            |amount: Decimal| (Decimal::ZERO..=MAX_AMOUNT).contains(&amount) && amount.normalize().scale() <= 4;
        if !amount(self.price) {
            fault("price", "A price is 0 or more, with at most 4 decimals.".to_owned());
        }
        if !self.cost.is_none_or(amount) {
            fault("cost", "A cost is 0 or more, with at most 4 decimals.".to_owned());
        }
        let weight =
            |weight: Decimal| weight > Decimal::ZERO && weight <= MAX_WEIGHT && weight.normalize().scale() <= 3;
        if !self.weight_kg.is_none_or(weight) {
            fault("weight_kg", "A weight is more than 0 kg, with at most 3 decimals.".to_owned());
        }
        if !self.warranty_months.is_none_or(|months| (0..=1_200).contains(&months)) {
            fault("warranty_months", "A warranty is 0 to 1200 months.".to_owned());
        }
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }
}

/// Adds a product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CreateProduct {
    /// Kept in capitals.
    pub sku: String,
    pub name: String,
    pub category_id: Option<CategoryId>,
    pub kind: ProductKind,
    pub description: Option<String>,
    /// `each` unless given.
    pub unit: Option<String>,
    #[serde(deserialize_with = "exact::optional")]
    #[schema(schema_with = exact::maybe_schema)]
    pub price: Option<Decimal>,
    #[serde(deserialize_with = "exact::optional")]
    #[schema(schema_with = exact::maybe_schema)]
    pub cost: Option<Decimal>,
    /// The base currency unless given; stays for good.
    pub currency: Option<Currency>,
    #[serde(deserialize_with = "exact::optional")]
    #[schema(schema_with = exact::maybe_schema)]
    pub weight_kg: Option<Decimal>,
    pub dimensions: Option<String>,
    pub warranty_months: Option<i32>,
    pub barcode: Option<String>,
    /// It can be sold at once unless said otherwise.
    pub is_active: Option<bool>,
}

impl CreateProduct {
    /// # Errors
    /// All faults at once.
    pub fn validate(&self) -> Result<ProductFields, Vec<FieldError>> {
        let missing = self.price.is_none();
        let fields = ProductFields {
            sku: self.sku.clone(),
            name: self.name.clone(),
            category_id: self.category_id,
            kind: self.kind,
            description: self.description.clone(),
            unit: self.unit.clone().filter(|u| !u.trim().is_empty()).unwrap_or_else(|| DEFAULT_UNIT.to_owned()),
            price: self.price.unwrap_or_default(),
            cost: self.cost,
            weight_kg: self.weight_kg,
            dimensions: self.dimensions.clone(),
            warranty_months: self.warranty_months,
            barcode: self.barcode.clone(),
            is_active: self.is_active.unwrap_or(true),
        };
        match fields.checked() {
            Ok(fields) if !missing => Ok(fields),
            other => {
                let mut faults = other.err().unwrap_or_default();
                if missing {
                    faults.push(FieldError::new("price", "Write a price, 0 or more."));
                }
                Err(faults)
            }
        }
    }
}

/// Changes to a product; what is absent stays, `null` empties an optional field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EditProduct {
    pub sku: Option<String>,
    pub name: Option<String>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub category_id: Option<Option<CategoryId>>,
    pub kind: Option<ProductKind>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub description: Option<Option<String>>,
    pub unit: Option<String>,
    #[serde(deserialize_with = "exact::optional")]
    #[schema(schema_with = exact::maybe_schema)]
    pub price: Option<Decimal>,
    #[serde(deserialize_with = "exact::nullable", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = exact::maybe_schema)]
    pub cost: Option<Option<Decimal>>,
    #[serde(deserialize_with = "exact::nullable", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = exact::maybe_schema)]
    pub weight_kg: Option<Option<Decimal>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<Option<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub warranty_months: Option<Option<i32>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub barcode: Option<Option<String>>,
    /// `true` brings an archived product back.
    pub is_active: Option<bool>,
    /// The version the change was made on; also as `If-Match`.
    pub version: Option<i32>,
}

impl EditProduct {
    /// The product as it is to be.
    ///
    /// # Errors
    /// All faults at once.
    pub fn applied(&self, now: &ProductFields) -> Result<ProductFields, Vec<FieldError>> {
        let now = now.clone();
        ProductFields {
            sku: self.sku.clone().unwrap_or(now.sku),
            name: self.name.clone().unwrap_or(now.name),
            category_id: self.category_id.unwrap_or(now.category_id),
            kind: self.kind.unwrap_or(now.kind),
            description: self.description.clone().unwrap_or(now.description),
            unit: self.unit.clone().unwrap_or(now.unit),
            price: self.price.unwrap_or(now.price),
            cost: self.cost.unwrap_or(now.cost),
            weight_kg: self.weight_kg.unwrap_or(now.weight_kg),
            dimensions: self.dimensions.clone().unwrap_or(now.dimensions),
            warranty_months: self.warranty_months.unwrap_or(now.warranty_months),
            barcode: self.barcode.clone().unwrap_or(now.barcode),
            is_active: self.is_active.unwrap_or(now.is_active),
        }
        .checked()
    }
}

/// Tells "absent" from "null".
pub(crate) fn present<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mug() -> CreateProduct {
        CreateProduct {
            sku: " mug-1 ".into(),
            name: "Mug".into(),
            price: Some(Decimal::new(1999, 2)),
            barcode: Some("400".into()),
            ..CreateProduct::default()
        }
    }

    #[test]
    fn a_product_is_kept_in_capitals_and_counted_by_the_piece() {
        let fields = mug().validate().unwrap();
        assert_eq!((fields.sku.as_str(), fields.unit.as_str(), fields.is_active), ("MUG-1", "each", true));
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let bad = CreateProduct {
            sku: " ".into(),
            name: "x".repeat(256),
            cost: Some(Decimal::NEGATIVE_ONE),
            weight_kg: Some(Decimal::ZERO),
            warranty_months: Some(-1),
            dimensions: Some("x".repeat(101)),
            ..CreateProduct::default()
        };
        let mut paths: Vec<_> = bad.validate().unwrap_err().into_iter().map(|f| f.path).collect();
        paths.sort();
        assert_eq!(paths, ["cost", "dimensions", "name", "price", "sku", "warranty_months", "weight_kg"]);
    }

    #[test]
    fn null_empties_and_absence_keeps() {
        let now = mug().validate().unwrap();
        let edit: EditProduct = serde_json::from_str(r#"{"barcode":null,"cost":4.5,"name":" Jug "}"#).unwrap();
        let then = edit.applied(&now).unwrap();
        assert_eq!((then.barcode, then.cost, then.name.as_str()), (None, Some(Decimal::new(45, 1)), "Jug"));
        assert_eq!((then.sku, then.price), (now.sku, now.price));
        assert!(serde_json::from_str::<EditProduct>(r#"{"on_hand":5}"#).is_err(), "stock is never set here");
    }
}
