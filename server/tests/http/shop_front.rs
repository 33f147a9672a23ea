//! The REST routes of sales in process, called as a person with given rights.

use crate::{described, shop::Shop};
use axum::{
    Extension, Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use domain::access::Principal;
use http_body_util::BodyExt;
use serde_json::Value;
use server::{
    access::Doorkeeper,
    http::{api, caller::Caller},
    services::Services,
};
use std::sync::Arc;
use tower::ServiceExt;

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub trailers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|v| v.to_str().unwrap())
    }
}

/// All services on the shop's database.
pub fn services(shop: &Shop) -> Services {
    let door = Doorkeeper::new(shop.backend.clone(), crate::world::settings()).unwrap();
    Services::new(shop.backend.clone(), Arc::new(door))
}

/// `who` None: signed out.
pub fn front(shop: &Shop, who: Option<Principal>) -> Router {
    let routes = api::transactions::routes()
        .merge(api::catalogue::routes())
        .merge(api::customers::routes())
        .merge(api::exports::routes())
        .merge(api::reports::routes())
        .merge(api::search::routes());
    routes.into_parts().0.with_state(services(shop)).layer(Extension(Caller(who)))
}

pub async fn call(router: &Router, request: Request<Body>) -> Answer {
    let (asked, sent) = request.into_parts();
    let (method, address) = (asked.method.clone(), asked.uri.to_string());
    let sent = sent.collect().await.unwrap().to_bytes();
    let response = router.clone().oneshot(Request::from_parts(asked, Body::from(sent.clone()))).await.unwrap();
    let (parts, body) = response.into_parts();
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let body = collected.to_bytes().to_vec();
    described::hold(&method, &address, &sent, parts.status, &parts.headers, &body);
    Answer { status: parts.status, headers: parts.headers, trailers, body }
}

pub async fn get(router: &Router, path: &str) -> Answer {
    call(router, Request::get(path).body(Body::empty()).unwrap()).await
}

pub async fn post(router: &Router, path: &str, body: &Value, key: Option<&str>) -> Answer {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    call(router, request.body(Body::from(body.to_string())).unwrap()).await
}
