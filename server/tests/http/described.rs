//! The description of the API, held against every answer that a test of this binary gets.

use axum::http::{HeaderMap, Method, StatusCode, header};
use boon::{Compiler, Format, Schemas};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{LazyLock, Mutex},
};

const HERE: &str = "http://millrace/openapi.json";

pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::to_value(server::http::openapi::document(&server::http::router::table())).expect("document")
});

/// The document with every object closed, so that a field which nobody described is a fault.
static CLOSED: LazyLock<Value> = LazyLock::new(|| {
    let mut document = DOCUMENT.clone();
    close(&mut document["paths"], true);
    for schema in document["components"]["schemas"].as_object_mut().expect("schemas").values_mut() {
        // Where it is used decides whether more may stand beside its fields.
        close(schema, false);
    }
    document
});

static ANSWERED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn close(schema: &mut Value, alone: bool) {
    match schema {
        Value::Array(each) => each.iter_mut().for_each(|each| close(each, alone)),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                // What is sent may be more than described: old names of fields.
                if name != "requestBody" {
                    close(field, name != "allOf");
                }
            }
            let has_fields = fields.get("properties").is_some_and(Value::is_object);
            let composed = fields.get("allOf").is_some_and(Value::is_array);
            let open = fields.contains_key("additionalProperties");
            if alone && !open && (has_fields || composed || fields.get("$ref").is_some_and(Value::is_string)) {
                fields.insert("unevaluatedProperties".to_owned(), json!(false));
            }
        }
        _ => {}
    }
}

fn decimal(value: &Value) -> Result<(), Box<dyn std::error::Error>> {
    match value {
        Value::String(text) => Ok(text.parse::<Decimal>().map(|_| ())?),
        _ => Ok(()),
    }
}

/// Why `value` is not what the schema at `pointer` says.
fn fault(pointer: &str, value: &Value) -> Option<String> {
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    compiler.enable_format_assertions();
    compiler.register_format(Format { name: "decimal", func: decimal });
    compiler.add_resource(HERE, CLOSED.clone()).expect("document");
    let place = format!("{HERE}#{}", pointer.replace('{', "%7B").replace('}', "%7D"));
    let index = compiler.compile(&place, &mut schemas).unwrap_or_else(|e| panic!("{pointer}: {e:#}"));
    schemas.validate(value, index).err().map(|e| format!("{e:#}"))
}

/// The described path of an address: the one that names most of its parts.
pub fn path_of(address: &str) -> Option<&'static str> {
    let parts: Vec<_> = address.split('?').next()?.trim_end_matches('/').split('/').collect();
    let fits = |path: &&String| {
        let wanted: Vec<_> = path.split('/').collect();
        wanted.len() == parts.len() && wanted.iter().zip(&parts).all(|(w, p)| w.starts_with('{') || w == p)
    };
    let paths = DOCUMENT["paths"].as_object()?.keys().filter(fits);
    paths.min_by_key(|path| path.matches('{').count()).map(String::as_str)
}

/// Panics when the answer to a call of the API is not described. Pages and server functions are no part of it.
pub fn hold(method: &Method, address: &str, sent: &[u8], status: StatusCode, headers: &HeaderMap, body: &[u8]) {
    let Some(path) = path_of(address) else {
        assert!(
            !address.starts_with("/api/") || status.is_client_error(),
            "{address} answers {status}, but is no path"
        );
        return;
    };
    let name = method.as_str().to_ascii_lowercase();
    let operation = &DOCUMENT["paths"][path][&name];
    // Limits and faults of the server itself are the same everywhere.
    if operation.is_null() || [405, 431, 500].contains(&status.as_u16()) {
        assert!(!status.is_success(), "{method} {path} is not described");
        return;
    }
    let keyed = operation["parameters"].as_array().into_iter().flatten().any(|p| p["name"] == "Idempotency-Key");
    assert!(keyed || !headers.contains_key("idempotent-replayed"), "{method} {path}: its key is not described");
    let response = &operation["responses"][status.as_str()];
    let text = String::from_utf8_lossy(body);
    assert!(response.is_object(), "{method} {path}: {status} is not described: {text}");
    let at = format!("/paths/{}/{name}", path.replace('~', "~0").replace('/', "~1"));
    let media = |value: Option<&axum::http::HeaderValue>| {
        value.and_then(|v| v.to_str().ok()).and_then(|v| v.split(';').next()).unwrap_or_default().to_owned()
    };
    match response["content"].as_object() {
        None => assert!(body.is_empty(), "{method} {path}: {status} has a body that is not described: {text}"),
        Some(content) => {
            let media = media(headers.get(header::CONTENT_TYPE));
            assert!(content.contains_key(&media), "{method} {path}: {status} comes as {media}");
            if media == "application/json" {
                let pointer = format!("{at}/responses/{}/content/application~1json/schema", status.as_str());
                let value = serde_json::from_slice(body).expect("JSON");
                let fault = fault(&pointer, &value);
                assert!(fault.is_none(), "{method} {address}: {}\n{value:#}", fault.unwrap_or_default());
            }
        }
    }
    if status.is_success() {
        ANSWERED.lock().expect("answered").insert(format!("{method} {path}"));
        hold_sent(method, address, &at, operation, sent);
    }
}

/// What was taken must be what the description says is taken.
fn hold_sent(method: &Method, address: &str, at: &str, operation: &Value, sent: &[u8]) {
    let wanted = &operation["requestBody"];
    if let Ok(value) = serde_json::from_slice::<Value>(sent)
        && wanted["content"]["application/json"].is_object()
        && !value.is_null()
    {
        let fault = fault(&format!("{at}/requestBody/content/application~1json/schema"), &value);
        assert!(fault.is_none(), "{method} {address} took {value}, but {}", fault.unwrap_or_default());
    }
    // Exports take the parameters of whatever list they write.
    if address.contains("/export") {
        return;
    }
    let known: Vec<_> =
        operation["parameters"].as_array().into_iter().flatten().filter_map(|p| p["name"].as_str()).collect();
    let query = address.split_once('?').map(|(_, query)| query).unwrap_or_default();
    for name in query.split('&').filter_map(|pair| pair.split('=').next()).filter(|name| !name.is_empty()) {
        assert!(known.contains(&name), "{method} {address}: the parameter {name} is not described");
    }
}

/// Operations that no call of this process succeeded with.
pub fn not_yet_answered() -> Vec<String> {
    let answered = ANSWERED.lock().expect("answered");
    operations().map(|(name, _)| name).filter(|name| !answered.contains(name)).collect()
}

fn operations() -> impl Iterator<Item = (String, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().expect("operations");
        operations.iter().map(move |(method, operation)| (format!("{} {path}", method.to_ascii_uppercase()), operation))
    })
}

#[test]
fn every_operation_says_what_it_takes_answers_and_refuses() {
    let routes: Vec<_> =
        server::http::router::table().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let mut ids = BTreeSet::new();
    for (name, operation) in operations() {
        assert!(routes.contains(&name), "{name} is no route");
        assert!(ids.insert(operation["operationId"].to_string()), "{name}: its id is taken");
        for text in ["operationId", "summary", "description"] {
            assert!(operation[text].as_str().is_some_and(|t| !t.is_empty()), "{name} has no {text}");
        }
        assert!(operation["tags"][0].is_string() && operation["security"].is_array(), "{name}: no tag or no security");
        for part in name.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let named = |p: &&Value| p["name"] == part && p["in"] == "path" && p["required"] == true;
            assert!(
                operation["parameters"].as_array().expect("parameters").iter().any(|p| named(&p)),
                "{name}: {part}"
            );
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["schema"].is_object() && parameter["description"].is_string(), "{name}: {parameter}");
        }
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
        for (status, response) in responses {
            let content = response["content"].as_object().into_iter().flat_map(|content| content.values());
            let schemas: Vec<_> = content.map(|content| &content["schema"]).collect();
            if status.starts_with(['2', '3']) {
                let bodiless = ["204", "303"].contains(&status.as_str());
                assert!(bodiless != schemas.iter().any(|schema| schema.is_object()), "{name}: {status}");
            } else if name != "GET /_stcore/health" || status != "503" {
                let failure = json!({"$ref": "#/components/schemas/Failure"});
                assert_eq!(schemas, [&failure], "{name}: {status}");
            }
        }
        assert!(responses.contains_key("default"), "{name} never fails");
    }
    assert_eq!(ids.len(), routes.len(), "a route is not described");
}

#[test]
fn every_reference_leads_to_a_schema_that_can_be_read() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Array(each) => each.iter().for_each(|each| references(each, found)),
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|field| references(field, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    references(&DOCUMENT, &mut found);
    assert!(found.len() > 200, "{}", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a reference into the document");
        assert!(DOCUMENT.pointer(pointer).is_some_and(Value::is_object), "{reference} leads nowhere");
    }
    assert_eq!((&DOCUMENT["openapi"], &DOCUMENT["info"]["title"]), (&json!("3.1.0"), &json!("Millrace")));
    let receipt = json!({"net": "4.5O"});
    for name in DOCUMENT["components"]["schemas"].as_object().expect("schemas").keys() {
        fault(&format!("/components/schemas/{name}"), &receipt);
    }
    let money = |text: &str| fault("/components/schemas/Money", &json!({"amount": text, "currency": "EUR"}));
    assert_eq!(money("4.50"), None);
    assert!(money("4.5O").is_some(), "money that is no number passes");
}
