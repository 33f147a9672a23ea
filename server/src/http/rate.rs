//! Rate limits: a token bucket per address, user or token, in this process (`platform.md` 3.14).

use super::{caller::Caller, client::ClientAddr, error::ApiError, request::CallerNote};
use crate::config::RateLimits;
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{
    AppError, ErrorCode,
    access::{ActorKind, Principal},
};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use uuid::Uuid;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Buckets held at most; beyond that the full ones go, then all.
const MOST_BUCKETS: usize = 100_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// An IPv6 caller owns a /64.
    Address(IpAddr),
    User(Uuid),
    Token(Uuid, String),
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// What is left after one call.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Verdict {
    allowed: bool,
    limit: u32,
    remaining: u32,
    /// Seconds until the bucket is full again, or, when refused, until the next call.
    seconds: u32,
}

/// All buckets of the process.
#[derive(Debug, Clone)]
pub struct Rates {
    limits: RateLimits,
    buckets: Arc<Mutex<HashMap<Key, Bucket>>>,
}

impl Rates {
    #[must_use]
    pub fn new(limits: RateLimits) -> Self {
        Self { limits, buckets: Arc::default() }
    }

    fn key(&self, caller: Option<&Principal>, address: IpAddr) -> (Key, u32, &'static str) {
        match caller.and_then(|p| p.actor_id().map(|id| (p, id))) {
            Some((p, id)) if p.kind() == ActorKind::Token => {
                (Key::Token(id, p.trace().session_ref.clone().unwrap_or_default()), self.limits.token, "token")
            }
            Some((_, id)) => (Key::User(id), self.limits.user, "user"),
            None => (Key::Address(network(address)), self.limits.anonymous, "anonymous"),
        }
    }

    fn take(&self, key: Key, limit: u32, now: Instant) -> Verdict {
        let (capacity, per_second) = (f64::from(limit), f64::from(limit) / 60.0);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_BUCKETS && !buckets.contains_key(&key) {
            // A bucket untouched for a minute is full, so forgetting it changes nothing.
            buckets.retain(|_, b| now.saturating_duration_since(b.at).as_secs() < 60);
            if buckets.len() >= MOST_BUCKETS {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: capacity, at: now });
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() * per_second;
        bucket.tokens = (bucket.tokens + gained).min(capacity);
        bucket.at = now;
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        let missing = if allowed { capacity - bucket.tokens } else { 1.0 - bucket.tokens };
        Verdict { allowed, limit, remaining: bucket.tokens as u32, seconds: (missing / per_second).ceil() as u32 }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

/// Static files and health are free.
fn is_free(path: &str) -> bool {
    path.starts_with("/health")
        || path.starts_with("/_stcore/")
        || path.starts_with("/pkg/")
        || path.starts_with("/vendor/")
        || path.starts_with("/fonts/")
        || path == "/favicon.ico"
        || path == "/favicon.svg"
}

/// Inside authentication, since the caller decides which bucket is used.
pub async fn limit(State(rates): State<Rates>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default().0;
    if let (Some(note), Some(id)) =
        (request.extensions().get::<CallerNote>(), caller.as_ref().and_then(Principal::actor_id))
    {
        note.set(id);
    }
    if is_free(request.uri().path()) {
        return next.run(request).await;
    }
    let Some(ClientAddr(address)) = request.extensions().get::<ClientAddr>().copied() else {
        return next.run(request).await;
    };
    let (key, limit, name) = rates.key(caller.as_ref(), address);
    let verdict = rates.take(key, limit, Instant::now());
    let mut response = if verdict.allowed {
        next.run(request).await
    } else {
        metrics::counter!("millrace_rate_limited_total", "limit" => name).increment(1);
        let mut error = AppError::new(ErrorCode::RateLimited, "Too many requests. Wait a moment and try again.");
        error.retry_after_seconds = Some(verdict.seconds.max(1));
        ApiError(error).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(LIMIT, HeaderValue::from(verdict.limit));
    headers.insert(REMAINING, HeaderValue::from(verdict.remaining));
    headers.insert(RESET, HeaderValue::from(verdict.seconds));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn sixty_at_once_then_one_a_second() {
        let rates = Rates::new(RateLimits::default());
        let now = Instant::now();
        let take = |at: Instant| {
            let (key, limit, _) = rates.key(None, "192.0.2.1".parse().expect("ip"));
            rates.take(key, limit, at)
        };
        assert!((0..60).all(|n| take(now) == Verdict { allowed: true, limit: 60, remaining: 59 - n, seconds: n + 1 }));
        assert_eq!(take(now), Verdict { allowed: false, limit: 60, remaining: 0, seconds: 1 });
        assert!(take(now + Duration::from_secs(1)).allowed);
        assert!(!take(now + Duration::from_secs(1)).allowed);
        assert_eq!(take(now + Duration::from_secs(600)).remaining, 59);
    }

    #[test]
    fn callers_do_not_share_a_bucket_but_a_v6_network_does() {
        let rates = Rates::new(RateLimits { anonymous: 1, user: 1, token: 1 });
        let now = Instant::now();
        let take = |ip: &str| {
            let (key, limit, _) = rates.key(None, ip.parse().expect("ip"));
            rates.take(key, limit, now).allowed
        };
        assert!(take("192.0.2.1") && take("192.0.2.2") && !take("192.0.2.1"));
        assert!(take("2001:db8::1") && !take("2001:db8::2") && take("2001:db8:0:1::1"));
    }
}
