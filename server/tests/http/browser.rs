//! A client of the router: keeps cookies, sends what browsers and programs send.

use crate::{described, world::World};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use server::{
    config::{Config, RateLimits, Sources},
    http::routes::Route,
    process::Process,
};
use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
};
use tower::ServiceExt;

/// The whole web side, as `serve` puts it together.
pub fn router(world: &World) -> Router {
    table(world).0
}

pub fn table(world: &World) -> (Router, Vec<Route>) {
    // The limits of sign-in are what is tested; the general ones would stop the tests before them.
    let values = HashMap::from([("MILLRACE_DATA_DIR".to_owned(), "/nonexistent".to_owned())]);
    let mut config = Config::load(&Sources::of("test", values)).expect("configuration");
    config.rates = RateLimits { anonymous: 1_000_000, user: 1_000_000, token: 1_000_000 };
    server::http::router::router(world.services.clone(), Process::new(Arc::new(config)))
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    /// As it came; `text` shows what is no UTF-8 by marks.
    pub content: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {} {}", self.status, self.text))
    }

    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|l| l.to_str().ok()).unwrap_or_default()
    }
}

pub struct Client {
    router: Router,
    address: SocketAddr,
    pub cookies: BTreeMap<String, String>,
}

impl Client {
    pub fn new(router: &Router) -> Self {
        Self::at(router, "192.0.2.7:4711")
    }

    pub fn at(router: &Router, address: &str) -> Self {
        Self { router: router.clone(), address: address.parse().expect("address"), cookies: BTreeMap::new() }
    }

    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        sent: impl AsRef<[u8]>,
    ) -> Answer {
        let mut request = Request::builder().method(method.clone()).uri(path).header(header::HOST, "127.0.0.1:8000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            let line: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, line.join("; "));
        }
        let mut request = request.body(Body::from(sent.as_ref().to_vec())).expect("request");
        request.extensions_mut().insert(ConnectInfo(self.address));
        let response = self.router.clone().oneshot(request).await.expect("answer");
        let (parts, body) = response.into_parts();
        for line in parts.headers.get_all(header::SET_COOKIE) {
            let (pair, rest) = line.to_str().expect("cookie").split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("pair");
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let answered = to_bytes(body, 16 << 20).await.expect("body");
        described::hold(&method, path, sent.as_ref(), parts.status, &parts.headers, &answered);
        let text = String::from_utf8_lossy(&answered).into_owned();
        Answer { status: parts.status, headers: parts.headers, text, content: answered.into() }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("accept", "text/html")], "").await
    }

    pub async fn json(&mut self, method: Method, path: &str, token: Option<&str>, body: serde_json::Value) -> Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json"), ("sec-fetch-site", "same-origin")];
        if let Some(bearer) = &bearer {
            headers.push(("authorization", bearer));
        }
        self.send(method, path, &headers, &body.to_string()).await
    }

    /// Bearer sign-in over REST.
    pub async fn login(&mut self, name: &str, password: &str) -> Answer {
        self.json(Method::POST, "/api/v1/auth/login", None, serde_json::json!({"username": name, "password": password}))
            .await
    }
}
