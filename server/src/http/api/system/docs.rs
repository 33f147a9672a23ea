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
            let words = [&operation["summary"], &operation["description"]]
                .into_iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(" ");
            let codes = operation["responses"]
                .as_object()
                .map(|r| r.keys().cloned().collect::<Vec<_>>().join(", "))
                .unwrap_or_default();
            let _ = write!(
                body,
                "<dt><code>{} {}</code></dt><dd>{}{}<br><small>Answers: {}</small></dd>",
                escape(&method.to_ascii_uppercase()),
                escape(path),
                escape(&words),
                parameters(operation),
                escape(&codes)
            );
        }
        body.push_str("</dl></section>");
    }
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
    let names: Vec<_> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|p| p["name"].as_str())
        .map(escape)
        .collect();
    if names.is_empty() { String::new() } else { format!("<br><small>Parameters: {}</small>", names.join(", ")) }
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
        assert!(!page.contains("<script") && !page.contains("https://"));
        assert_eq!(super::escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
