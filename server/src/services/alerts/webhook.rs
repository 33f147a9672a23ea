//! Webhooks (`alerts.md` 3.7): signed, https only, and never into the own network.

use domain::alerts::WebhookFormat;
use hmac::{Hmac, KeyInit, Mac};
use ipnet::IpNet;
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

const TIMEOUT: Duration = Duration::from_secs(5);
/// `Retry-After` is obeyed up to this many seconds.
const LONGEST_WAIT: i64 = 3_600;

/// `t=<unix>,v1=<hex HMAC-SHA-256 of "t.body">`.
#[must_use]
pub fn signature(secret: &str, unix: i64, body: &str) -> String {
    #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
    mac.update(format!("{unix}.{body}").as_bytes());
    format!("t={unix},v1={}", crate::access::secret::hex(&mac.finalize().into_bytes()))
}

/// Where webhooks may go, and whom they trust.
#[derive(Clone, Debug)]
pub struct Destinations {
    /// Addresses of the own network that are allowed nevertheless.
    allowed: Arc<Vec<IpNet>>,
    /// Made when the first message goes out: it reads the certificates of the system.
    client: Arc<OnceLock<Client>>,
    extra_root: Option<String>,
}

/// Why a host cannot be a destination.
#[derive(Debug, thiserror::Error)]
#[error("the address lies in the own network")]
struct Inside;

/// The words of [`Inside`] in the chain of a client's error.
pub const INSIDE: &str = "own network";

/// Why an address cannot be a destination, in words for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("Give an address that begins with https:// and holds no log-in.")]
    Address,
    #[error("The host of this address cannot be found.")]
    Unknown,
    #[error("This address leads into the own network, which webhooks may not reach.")]
    Inside,
}

/// Resolves names that lead out of the own network, and no others.
#[derive(Debug, Clone)]
pub struct Outside(Arc<Vec<IpNet>>);

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().any(|address| !may_reach(&allowed, address.ip())) {
                return Err(Inside.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn may_reach(allowed: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    allowed.iter().any(|net| net.contains(&address)) || is_public(address)
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            // 100.64/10 is shared with the provider, 198.18/15 is for benchmarks, 240/4 is reserved.
            let special =
                (a == 100 && (64..128).contains(&b)) || (a == 198 && (18..20).contains(&b)) || a >= 240 || a == 0;
            !(special
                || v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_documentation())
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local())
        }
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    Delivered {
        code: i32,
    },
    /// May go well later, at the earliest after so many seconds.
    Again {
        code: Option<i32>,
        after: Option<i64>,
        error: String,
    },
    /// Will never go well.
    Never {
        code: Option<i32>,
        error: String,
    },
    /// Nobody it would go to wants it.
    Unwanted,
}

impl Destinations {
    /// `extra_root` is a certificate authority trusted besides those of the system, as PEM; one that cannot be read is
    /// left out.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>, extra_root: Option<&str>) -> Self {
        Self { allowed: Arc::new(allowed), client: Arc::default(), extra_root: extra_root.map(str::to_owned) }
    }

    /// For clients of other systems outside.
    #[must_use]
    pub fn resolver(&self) -> Outside {
        Outside(Arc::clone(&self.allowed))
    }

    fn made(&self) -> Client {
        // Others in the process may have chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let root = self.extra_root.as_ref().and_then(|pem| reqwest::Certificate::from_pem(pem.as_bytes()).ok());
        let builder = Client::builder()
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .https_only(true)
            .no_proxy()
            .user_agent(concat!("millrace/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Outside(Arc::clone(&self.allowed)));
        let builder = match root {
            Some(root) => builder.tls_certs_merge([root]),
            None => builder,
        };
        #[allow(clippy::expect_used, reason = "its settings are constants")]
        builder.build().expect("the client's settings are sound")
    }

    /// Looks where an address leads to.
    ///
    /// # Errors
    /// Why it cannot be a destination, in words for people.
    pub async fn check(&self, url: &str) -> Result<Url, Refused> {
        let url = Url::parse(url).map_err(|_| Refused::Address)?;
        if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Address);
        }
        let host = url.host_str().ok_or(Refused::Address)?.trim_matches(['[', ']']).to_owned();
        let found = tokio::time::timeout(TIMEOUT, tokio::net::lookup_host((host.as_str(), 443))).await;
        let found: Vec<SocketAddr> = match found {
            Ok(Ok(found)) => found.collect(),
            _ => return Err(Refused::Unknown),
        };
        if found.iter().any(|address| !may_reach(&self.allowed, address.ip())) {
            return Err(Refused::Inside);
        }
        Ok(url)
    }

    /// One attempt. The address is looked at again: a name may lead elsewhere by now.
    pub async fn post(&self, url: &str, secret: &str, unix: i64, body: String) -> Attempt {
        // An address without a name is not resolved, so the client would not look at it.
        if let Err(error) = self.check(url).await {
            return Attempt::Again { code: None, after: None, error: error.to_string() };
        }
        let sent = self
            .client
            .get_or_init(|| self.made())
            .post(url)
            .header("content-type", "application/json")
            .header("millrace-signature", signature(secret, unix, &body))
            .body(body)
            .send()
            .await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) if error.is_timeout() => {
                return Attempt::Again { code: None, after: None, error: "It did not answer within 5 s.".to_owned() };
            }
            Err(_) => {
                return Attempt::Again { code: None, after: None, error: "It could not be reached.".to_owned() };
            }
        };
        let status = answer.status();
        let code = i32::from(status.as_u16());
        let wait = answer.headers().get("retry-after").and_then(|after| after.to_str().ok()?.parse::<i64>().ok());
        let error = format!("It answered {code}.");
        match status.as_u16() {
            200..=299 => Attempt::Delivered { code },
            408 | 425 | 429 | 500.. => {
                let after = wait.map(|seconds| seconds.clamp(0, LONGEST_WAIT));
                Attempt::Again { code: Some(code), after, error }
            }
            _ => Attempt::Never { code: Some(code), error },
        }
    }
}

/// The body of a message; `alerts` are as the outbox gives them.
pub fn body(format: WebhookFormat, event_id: &str, event: &str, sent_at: &str, alerts: &[Value]) -> String {
    match format {
        WebhookFormat::Generic => {
            json!({ "event_id": event_id, "event": event, "sent_at": sent_at, "alerts": alerts }).to_string()
        }
        WebhookFormat::Slack => {
            let line = |alert: &Value| {
                let text = |key: &str| alert[key].as_str().unwrap_or_default().to_owned();
                format!(
                    "[{}] <{}|{}>",
                    text("severity").to_uppercase(),
                    text("url"),
                    text("title").replace(['<', '>', '&'], " ")
                )
            };
            let lines: Vec<String> = alerts.iter().map(line).collect();
            let head = format!("{} ({})", event.replace('_', " "), alerts.len());
            let text = format!("{head}\n{}", lines.join("\n"));
            json!({ "text": head, "blocks": [{ "type": "section", "text": { "type": "mrkdwn", "text": text } }] })
                .to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_documented_one() {
        assert_eq!(signature("s", 1, "{}"), "t=1,v1=b253639bcd705ed1cda3073f66104f16988bd40272584dea7d0d345ae93e61cc");
    }

    #[test]
    fn the_own_network_is_out_of_reach_unless_it_is_allowed() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "0.0.0.0",
        ] {
            assert!(!may_reach(&[], ip(inside)), "{inside}");
        }
        assert!(may_reach(&[], ip("93.184.216.34")) && may_reach(&[], ip("2606:4700::1111")));
        assert!(may_reach(&["127.0.0.0/8".parse().unwrap()], ip("127.0.0.1")));
    }

    #[tokio::test]
    async fn addresses_that_cannot_be_are_told_apart() {
        let destinations = Destinations::new(Vec::new(), None);
        assert!(destinations.check("https://127.0.0.1/x").await.unwrap_err().to_string().contains(INSIDE));
        assert!(destinations.check("https://[::1]/x").await.unwrap_err().to_string().contains(INSIDE));
        assert!(destinations.check("http://93.184.216.34/").await.unwrap_err().to_string().contains("https"));
        assert!(destinations.check("https://u:p@93.184.216.34/").await.unwrap_err().to_string().contains("log-in"));
    }
}
