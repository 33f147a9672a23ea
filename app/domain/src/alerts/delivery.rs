//! Channels out of the house, and everybody's inbox.

use super::Severity;
use crate::{
    FieldError,
    ids::{AlertId, ChannelId, NotificationId},
    words::words,
};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    #[schema(as = AlertChannelKind)]
    ChannelKind {
        Email => "email", "E-mail";
        Webhook => "webhook", "Webhook";
    }
}

words! {
    /// The body of a webhook.
    WebhookFormat {
        Generic => "generic", "Millrace";
        Slack => "slack", "Slack";
    }
}

/// A way out of the house. What it is set to is never shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NotificationChannel)]
pub struct Channel {
    pub id: ChannelId,
    pub name: String,
    pub kind: ChannelKind,
    pub format: Option<WebhookFormat>,
    /// Host of the address, or the number of recipients.
    pub target: String,
    pub enabled: bool,
    pub last_ok_at: Option<DateTime<FixedOffset>>,
    pub last_error: Option<String>,
    pub last_error_at: Option<DateTime<FixedOffset>>,
}

/// A channel to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewNotificationChannel)]
pub struct NewChannel {
    pub name: String,
    pub kind: ChannelKind,
    #[serde(default)]
    pub format: Option<WebhookFormat>,
    /// Of the route that is made with it, at the end of the list.
    #[serde(default = "medium")]
    pub severity_min: Severity,
    /// Of a webhook: `https` only.
    #[serde(default)]
    pub url: Option<String>,
    /// Of a webhook: what its messages are signed with, 1 to 200 characters.
    #[serde(default)]
    pub secret: Option<String>,
    /// Of e-mail: one to twenty addresses.
    #[serde(default)]
    pub addresses: Vec<String>,
}

const fn medium() -> Severity {
    Severity::Medium
}

impl NewChannel {
    /// # Errors
    /// Every fault with its path. Where a host leads to is not looked at here.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut say = |path: &str, told: &str| faults.push(FieldError::new(path, told));
        if !(1..=80).contains(&self.name.trim().chars().count()) {
            say("name", "A name has 1 to 80 characters.");
        }
        match self.kind {
            ChannelKind::Webhook => {
                if !self.url.as_deref().is_some_and(|url| url.starts_with("https://") && url.len() <= 2_000) {
                    say("url", "Give an address that begins with https://.");
                }
                if !self.secret.as_deref().is_some_and(|secret| (1..=200).contains(&secret.chars().count())) {
                    say("secret", "Give a secret of 1 to 200 characters; messages are signed with it.");
                }
            }
            ChannelKind::Email => {
                let plausible =
                    |address: &String| address.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.'));
                if !(1..=20).contains(&self.addresses.len()) || !self.addresses.iter().all(plausible) {
                    say("addresses", "Give one to twenty e-mail addresses.");
                }
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// One message on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NotificationDelivery)]
pub struct Delivery {
    pub id: NotificationId,
    pub channel: String,
    /// `fired`, `severity_raised`, `resolved`, `silence_ended`, `escalated`, `repeat`, `digest` or `test`.
    pub event: String,
    pub alert_id: Option<AlertId>,
    pub title: String,
    /// `waiting`, `delivered`, `failed`, `dead` or `suppressed`.
    pub state: String,
    pub attempts: i32,
    pub next_attempt_at: Option<DateTime<FixedOffset>>,
    pub response_code: Option<i32>,
    pub error: Option<String>,
    pub created_at: DateTime<FixedOffset>,
    pub delivered_at: Option<DateTime<FixedOffset>>,
}

impl Delivery {
    /// Class of the badge, and the state in words.
    #[must_use]
    pub fn words(&self) -> (&'static str, &'static str) {
        match self.state.as_str() {
            "delivered" => ("good", "Delivered"),
            "dead" => ("bad", "Given up"),
            "failed" => ("warn", "Failed, tried again"),
            "suppressed" => ("neutral", "Held back"),
            _ => ("info", "Waiting"),
        }
    }
}

/// A message to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InboxItem {
    pub id: NotificationId,
    /// As of a delivery. A `digest` stands for what came beyond 20 messages in 60 seconds.
    pub event: String,
    /// Of a digest: none.
    pub alert_id: Option<AlertId>,
    /// Of a digest: the gravest.
    pub severity: Severity,
    pub title: String,
    pub at: DateTime<FixedOffset>,
    pub read_at: Option<DateTime<FixedOffset>>,
}

impl InboxItem {
    /// What the message says of its alert.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self.event.as_str() {
            "resolved" => "Over",
            "severity_raised" => "Graver",
            "silence_ended" => "Still so after the silence",
            "escalated" => "Nobody has taken it",
            "repeat" => "Still so",
            "digest" => "Many at once",
            _ => "New",
        }
    }

    /// Where it leads.
    #[must_use]
    pub fn path(&self) -> String {
        self.alert_id.map_or_else(|| "/alerts".to_owned(), |id| format!("/alerts/{id}"))
    }
}

/// What the caller has not read: how much, the newest of it, and the newest that is critical.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Bell {
    pub unread: i64,
    pub latest: Option<InboxItem>,
    #[serde(default)]
    pub critical: Option<InboxItem>,
}

/// The caller's messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Inbox {
    pub unread: i64,
    /// The latest 100, those not read first.
    pub items: Vec<InboxItem>,
}
