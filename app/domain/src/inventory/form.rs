//! The form of a product: its fields as they are typed.

use super::{CreateProduct, EditProduct, ProductDetail, ProductKind};
use crate::error::FieldError;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Everything as text; an empty field is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductForm {
    pub sku: String,
    pub name: String,
    pub category_id: String,
    pub kind: String,
    pub description: String,
    pub unit: String,
    pub price: String,
    pub cost: String,
    pub currency: String,
    pub weight_kg: String,
    pub dimensions: String,
    pub warranty_months: String,
    pub barcode: String,
    pub is_active: String,
}

/// Reads the fields one after the other and gathers the faults.
#[derive(Default)]
struct Reading(Vec<FieldError>);

impl Reading {
    fn optional<T: FromStr>(&mut self, path: &str, text: &str, fault: &str) -> Option<T> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let read = text.parse().ok();
        if read.is_none() {
            self.0.push(FieldError::new(path, fault));
        }
        read
    }

    fn amount(&mut self, path: &str, text: &str) -> Option<Decimal> {
        self.optional(path, text, "Write an amount such as 12.50.")
    }

    fn done<T>(self, value: T) -> Result<T, Vec<FieldError>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}

impl ProductForm {
    /// What stands in the form of a product.
    #[must_use]
    pub fn of(product: &ProductDetail) -> Self {
        let text = |value: Option<&dyn ToString>| value.map(ToString::to_string).unwrap_or_default();
        Self {
            sku: product.sku.clone(),
            name: product.name.clone(),
            category_id: text(product.category_id.as_ref().map(|v| v as _)),
            kind: product.kind.as_str().to_owned(),
            description: product.description.clone().unwrap_or_default(),
            unit: product.unit.clone(),
            price: product.price.to_string(),
            cost: text(product.cost.as_ref().map(|v| v as _)),
            currency: product.currency.to_string(),
            weight_kg: text(product.weight_kg.as_ref().map(|v| v as _)),
            dimensions: product.dimensions.clone().unwrap_or_default(),
            warranty_months: text(product.warranty_months.as_ref().map(|v| v as _)),
            barcode: product.barcode.clone().unwrap_or_default(),
            is_active: if product.is_active { "1" } else { "" }.to_owned(),
        }
    }

    /// # Errors
    /// One entry for each field that cannot be read.
    pub fn to_create(self) -> Result<CreateProduct, Vec<FieldError>> {
        let mut read = Reading::default();
        let currency = read.optional("currency", &self.currency, "Write a code of three capital letters.");
        let edit = self.read(&mut read);
        read.done(CreateProduct {
            sku: edit.sku.unwrap_or_default(),
            name: edit.name.unwrap_or_default(),
            category_id: edit.category_id.flatten(),
            kind: edit.kind.unwrap_or_default(),
            description: edit.description.flatten(),
            unit: edit.unit,
            price: edit.price,
            cost: edit.cost.flatten(),
            currency,
            weight_kg: edit.weight_kg.flatten(),
            dimensions: edit.dimensions.flatten(),
            warranty_months: edit.warranty_months.flatten(),
            barcode: edit.barcode.flatten(),
            is_active: edit.is_active,
        })
    }

    /// # Errors
    /// One entry for each field that cannot be read.
    pub fn to_edit(self, version: Option<i32>) -> Result<EditProduct, Vec<FieldError>> {
        let mut read = Reading::default();
        let mut edit = self.read(&mut read);
        if edit.price.is_none() && read.0.iter().all(|f| f.path != "price") {
            read.0.push(FieldError::new("price", "Write a price, 0 or more."));
        }
        edit.version = version;
        read.done(edit)
    }

    fn read(self, read: &mut Reading) -> EditProduct {
        let some = |text: String| Some(Some(text).filter(|t| !t.trim().is_empty()));
        EditProduct {
            sku: Some(self.sku),
            name: Some(self.name),
            category_id: Some(read.optional("category_id", &self.category_id, "Choose a category of the list.")),
            kind: ProductKind::parse(&self.kind),
            description: some(self.description),
            unit: Some(self.unit),
            price: read.amount("price", &self.price),
            cost: Some(read.amount("cost", &self.cost)),
            weight_kg: Some(read.optional("weight_kg", &self.weight_kg, "Write a weight such as 0.350.")),
            dimensions: some(self.dimensions),
            warranty_months: Some(read.optional("warranty_months", &self.warranty_months, "Write whole months.")),
            barcode: some(self.barcode),
            is_active: Some(!self.is_active.is_empty()),
            version: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named_and_empty_fields_are_none() {
        let form = ProductForm {
            price: "cheap".into(),
            cost: "x".into(),
            warranty_months: "1.5".into(),
            currency: "usd".into(),
            ..ProductForm::default()
        };
        let paths: Vec<_> = form.to_create().unwrap_err().into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["currency", "price", "cost", "warranty_months"]);
        let form = ProductForm { price: "2.50".into(), ..ProductForm::default() };
        let edit = form.clone().to_edit(Some(3)).unwrap();
        assert_eq!(
            (edit.barcode, edit.cost, edit.is_active, edit.version),
            (Some(None), Some(None), Some(false), Some(3))
        );
        assert_eq!(ProductForm::default().to_edit(None).unwrap_err()[0].path, "price");
    }
}
