//! Decimals of JSON callers: a string, or a number taken by its shortest decimal form.

use rust_decimal::Decimal;
use serde::{Deserializer, de};
use std::fmt;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};

struct Exact;

impl de::Visitor<'_> for Exact {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number, plain or as text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
        text.trim().parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Decimal, E> {
        Ok(number.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Decimal, E> {
        Ok(number.into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Decimal, E> {
        // The shortest text that reads back as this float is what the caller wrote.
        number.to_string().parse().map_err(|_| E::invalid_value(de::Unexpected::Float(number), &self))
    }
}

/// Both ways to write one.
pub fn schema() -> Schema {
    described(&[Type::String, Type::Number])
}

pub fn maybe_schema() -> Schema {
    described(&[Type::String, Type::Number, Type::Null])
}

fn described(types: &[Type]) -> Schema {
    let types = SchemaType::from_iter(types.iter().cloned());
    ObjectBuilder::new().schema_type(types).format(Some(SchemaFormat::Custom("decimal".to_owned()))).into()
}

pub fn required<'de, D: Deserializer<'de>>(d: D) -> Result<Decimal, D::Error> {
    d.deserialize_any(Exact)
}

struct Maybe;

impl<'de> de::Visitor<'de> for Maybe {
    type Value = Option<Decimal>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number or null")
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        required(d).map(Some)
    }
}

pub fn optional<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Decimal>, D::Error> {
    d.deserialize_option(Maybe)
}

/// Tells "absent" (with a default) from "null".
pub fn nullable<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Option<Decimal>>, D::Error> {
    optional(d).map(Some)
}
