//! The format as a JSON Schema, of the table that documents are read by.

use super::{
    FORMAT,
    schema::{Field, Kind, NEEDED, OPTIONS, PENALTIES, SECTIONS, TOP},
};
use serde_json::{Map, Value, json};

/// The schema of a whole document. What rows say together it cannot tell; the checks do.
#[must_use]
pub fn json_schema() -> Value {
    let mut whole = object(TOP);
    let mut properties = Map::new();
    for section in SECTIONS {
        properties.insert(section.name.to_owned(), rows(section.fields));
    }
    properties.insert("penalties".to_owned(), object(PENALTIES));
    properties.insert("options".to_owned(), object(OPTIONS));
    if let Some(own) = whole["properties"].as_object_mut() {
        own.insert("format".to_owned(), json!({"const": FORMAT}));
        own.extend(properties);
    }
    if let Some(required) = whole["required"].as_array_mut() {
        required.extend(NEEDED.iter().map(|name| json!(name)));
    }
    whole["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    whole["title"] = json!(FORMAT);
    whole
}

/// What each key needs in one of its rows: a row of a single period need not repeat it.
const IN_ONE_ROW: [&str; 4] =
    ["production.capacity_tonnes", "resources.available_hours", "demand.tonnes", "supplier_limits.max_suppliers"];

/// Fields and sections that may not be left out; those of a section after its name, such as `lanes.from`.
#[must_use]
pub fn required_fields() -> Vec<String> {
    let needed = |fields: &[Field]| fields.iter().filter(|field| field.required).map(|f| f.name).collect::<Vec<_>>();
    let top = needed(TOP).into_iter().chain(NEEDED.iter().copied()).map(str::to_owned);
    let below = SECTIONS.iter().flat_map(|section| {
        needed(section.fields).into_iter().map(|field| format!("{}.{field}", section.name)).collect::<Vec<_>>()
    });
    top.chain(below).chain(IN_ONE_ROW.iter().map(|name| (*name).to_owned())).collect()
}

fn object(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields.iter().map(|field| (field.name.to_owned(), of(field))).collect();
    let required: Vec<_> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "patternProperties": {"^x_": {}},
           "additionalProperties": false})
}

fn rows(fields: &[Field]) -> Value {
    json!({"type": "array", "items": object(fields)})
}

fn of(field: &Field) -> Value {
    let id = json!({"type": ["string", "integer"]});
    let schema = match field.kind {
        Kind::Id => id,
        Kind::Text => json!({"type": "string"}),
        Kind::Date => json!({"type": "string", "format": "date"}),
        Kind::Amount => json!({"type": "number"}),
        Kind::Least0 => json!({"type": "number", "minimum": 0}),
        Kind::Positive => json!({"type": "number", "exclusiveMinimum": 0}),
        Kind::Share => json!({"type": "number", "minimum": 0, "maximum": 1}),
        Kind::Within(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
        Kind::Whole => json!({"type": "integer", "minimum": 0}),
        Kind::WholeTo(most) => json!({"type": "integer", "minimum": 0, "maximum": most}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::OneOf(known) => json!({"enum": known}),
        Kind::Mode => json!({"type": "string", "maxLength": 20}),
        Kind::Ids => json!({"anyOf": [id.clone(), {"type": "array", "items": id}]}),
        Kind::Rows(fields) => rows(fields),
        Kind::Object(fields) => object(fields),
    };
    if field.null { json!({"anyOf": [schema, {"type": "null"}]}) } else { schema }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_there_is_told_and_no_other_field_is_known() {
        let schema = json_schema();
        assert_eq!(schema["properties"]["options"]["properties"]["mip_gap"]["maximum"], json!(0.5));
        assert_eq!(schema["properties"]["lanes"]["items"]["additionalProperties"], json!(false));
        let required = required_fields();
        for name in ["format", "currency", "periods", "demand", "lanes.from", "demand.tonnes"] {
            assert!(required.iter().any(|one| one == name), "{name} in {required:?}");
        }
        assert_eq!(schema["required"].as_array().map(Vec::len), Some(6));
    }
}
