//! `/docs`: the description of the API as a page of our own, without script and without anybody's CDN.

use serde_json::Value;
use std::fmt::Write;

/// The page, or `None` when the description cannot be read.
pub fn page(json: &str) -> Option<String> {
    let document: Value = serde_json::from_str(json).ok()?;
    let info = &document["info"];
    let mut groups: std::collections::BTreeMap<&str, Vec<(&str, &str, &Value)>> = std::collections::BTreeMap::new();
    for (path, item) in document["paths"].as_object()? {
        for (method, operation) in item.as_object()? {
            let tag = operation["tags"][0].as_str().unwrap_or("other");
            groups.entry(tag).or_default().push((path, method, operation));
        }
    }
    let mut body = String::new();
    for (tag, operations) in &groups {
        let _ = write!(body, "<section class=\"card\"><h2 id=\"{0}\">{0}</h2><dl class=\"details\">", escape(tag));
        for (path, method, operation) in operations {
            let words = [&operation["summary"], &operation["description"]].map(text).join(". ");
            let _ = write!(
                body,
                "<dt><code>{} {}</code></dt><dd>{words}{}{}{}</dd>",
                escape(&method.to_ascii_uppercase()),
                escape(path),
                parameters(operation),
                takes(operation),
                answers(operation)
            );
        }
        body.push_str("</dl></section>");
    }
    body.push_str("<section class=\"card\"><h2 id=\"schemas\">Schemas</h2><dl class=\"details\">");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = write!(
            body,
            "<dt id=\"{0}\"><code>{0}</code></dt><dd>{1} <code>{2}</code></dd>",
            escape(name),
            text(&schema["description"]),
            kind(schema)
        );
    }
    body.push_str("</dl></section>");
    Some(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Millrace API</title></head><body><main><header class=\"head\"><h1>{} API {}</h1><p>{}</p>\
         <p>Machine-readable: <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a> (OpenAPI {}). \
         Sign in with <code>Authorization: Bearer …</code>; times are ISO 8601, money is decimal text.</p></header>{body}</main></body></html>",
        text(&info["title"]),
        text(&info["version"]),
        text(&info["description"]),
        text(&document["openapi"]),
    ))
}

fn parameters(operation: &Value) -> String {
    let one = |p: &Value| {
        let must = if p["required"] == true { ", required" } else { "" };
        format!(
            "<br><small>{} {} <code>{}</code>{must}: {}</small>",
            text(&p["in"]),
            text(&p["name"]),
            kind(&p["schema"]),
            text(&p["description"])
        )
    };
    operation["parameters"].as_array().into_iter().flatten().map(one).collect()
}

fn takes(operation: &Value) -> String {
    let may = if operation["requestBody"]["required"] == true { "" } else { " or nothing" };
    let held = content(&operation["requestBody"]);
    if held.is_empty() { held } else { format!("<br><small>Takes {held}{may}</small>") }
}

/// What succeeds with what it holds; of the failures, which all look alike, the status.
fn answers(operation: &Value) -> String {
    let one = |(status, response): (&String, &Value)| {
        let held = if status.starts_with('2') { content(response) } else { String::new() };
        format!("{} {held}", escape(status)).trim_end().to_owned()
    };
    let all: Vec<_> = operation["responses"].as_object().into_iter().flatten().map(one).collect();
    format!("<br><small>Answers {}</small>", all.join(", "))
}

fn content(body: &Value) -> String {
    let one = |(media, held): (&String, &Value)| match media.as_str() {
        "application/json" => format!("<code>{}</code>", kind(&held["schema"])),
        "multipart/form-data" => format!("a form <code>{}</code>", kind(&held["schema"])),
        other => escape(other),
    };
    body["content"].as_object().into_iter().flatten().map(one).collect::<Vec<_>>().join(" or ")
}

/// A schema in one line.
fn kind(schema: &Value) -> String {
    let joined = |key: &str, word: &str| {
        let parts = schema[key].as_array()?.iter().map(kind).collect::<Vec<_>>();
        Some(parts.join(word))
    };
    if let Some(name) = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
        return format!("<a href=\"#{0}\">{0}</a>", escape(name));
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(text).collect::<Vec<_>>().join(" | ");
    }
    if let Some(parts) = joined("oneOf", " or ").or_else(|| joined("allOf", " and ")) {
        return parts;
    }
    if let Some(fields) = schema["properties"].as_object() {
        let must = |name: &String| schema["required"].as_array().is_some_and(|all| all.iter().any(|n| n == name));
        let fields = fields
            .iter()
            .map(|(name, field)| format!("{}{}: {}", escape(name), if must(name) { "" } else { "?" }, kind(field)));
        return format!("{{{}}}", fields.collect::<Vec<_>>().join(", "));
    }
    let format = schema["format"].as_str().map(|format| format!(" ({})", escape(format))).unwrap_or_default();
    match &schema["type"] {
        Value::String(one) if one == "array" => format!("[{}]", kind(&schema["items"])),
        Value::String(one) => format!("{}{format}", escape(one)),
        Value::Array(several) => format!("{}{format}", several.iter().map(text).collect::<Vec<_>>().join(" or ")),
        _ => "any".to_owned(),
    }
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_names_every_path_and_runs_nothing() {
        let document = crate::http::openapi::document(&crate::http::router::table());
        let page = super::page(&document.to_json().expect("json")).expect("page");
        assert!(page.contains("GET /health/ready") && page.contains("system.view"));
        assert!(page.contains("Takes <code><a href=\"#RecordSale\">RecordSale</a></code></small>"));
        assert!(page.contains("<dt id=\"RecordSale\">") && page.contains("query status <code>pending | approved"));
        assert!(!page.contains("<script") && !page.contains("https://"));
        assert_eq!(super::escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
