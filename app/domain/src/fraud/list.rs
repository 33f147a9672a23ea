//! The block and the allow list (`commerce.md` 3.4).

use crate::{
    AppError, FieldError,
    access::Principal,
    idempotency::{Answered, IdempotencyKey},
    ids::ListEntryId,
    paging::{DEFAULT_LIMIT, MAX_LIMIT, Page},
    words::words,
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, FixedOffset, Utc};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;

/// Days that an entry stands for at most, unless it blocks for good.
pub const MOST_DAYS: i64 = 365;
/// The widest range of addresses: the first so many bits are given.
const LEAST_BITS: (u8, u8) = (8, 16);

words! {
    /// Which list.
    #[schema(as = ScreeningList)]
    ListKind {
        Block => "block", "Block";
        Allow => "allow", "Allow";
    }
}

words! {
    /// What an entry is about.
    #[schema(as = ListSubject)]
    Subject {
        Customer => "customer", "Customer";
        EmailDomain => "email_domain", "E-mail domain";
        IpRange => "ip_range", "Addresses";
        PaymentFingerprint => "payment_fingerprint", "Means of payment";
        Terminal => "terminal", "Terminal";
        Device => "device", "Device";
    }
}

impl Subject {
    /// What to write.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Customer => "number or id of a customer",
            Self::EmailDomain => "example.com",
            Self::IpRange => "203.0.113.7 or 203.0.113.0/24",
            Self::PaymentFingerprint => "64 hexadecimal digits",
            Self::Terminal | Self::Device => "its id, 1 to 64 characters",
        }
    }

    /// `text` as it is compared; a customer is looked up later.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn checked(self, text: &str) -> Result<String, String> {
        let text = text.trim();
        match self {
            Self::Customer if (1..=100).contains(&text.chars().count()) && !text.contains('\0') => Ok(text.to_owned()),
            Self::Customer => Err("Give the number or the id of a customer.".to_owned()),
            Self::EmailDomain => domain(text).ok_or_else(|| "Give a domain, as example.com.".to_owned()),
            Self::IpRange => range(text),
            Self::PaymentFingerprint => {
                let hex = text.to_ascii_lowercase();
                let fits = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
                if fits { Ok(hex) } else { Err("A fingerprint has 64 hexadecimal digits.".to_owned()) }
            }
            Self::Terminal | Self::Device => {
                let fits = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
                if fits { Ok(text.to_owned()) } else { Err("An id has 1 to 64 characters.".to_owned()) }
            }
        }
    }
}

fn domain(text: &str) -> Option<String> {
    let name = text.trim_start_matches('@').to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    (name.len() <= 253 && name.contains('.') && name.split('.').all(label)).then_some(name)
}

/// An address, or a range whose first address is the one that is given.
fn range(text: &str) -> Result<String, String> {
    const WRONG: &str = "Give an address or a range, as 203.0.113.0/24.";
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().map_err(|_| WRONG.to_owned())?;
    let (all, least) = if address.is_ipv4() { (32, LEAST_BITS.0) } else { (128, LEAST_BITS.1) };
    let bits: u8 = bits.map_or(Ok(all), str::parse).map_err(|_| WRONG.to_owned())?;
    if bits > all {
        return Err(WRONG.to_owned());
    }
    if bits < least {
        return Err(format!("A range of addresses is /{least} or narrower."));
    }
    let first = match address {
        IpAddr::V4(v4) => {
            IpAddr::from((u32::from(v4) & u32::MAX.checked_shl(u32::from(all - bits)).unwrap_or(0)).to_be_bytes())
        }
        IpAddr::V6(v6) => {
            IpAddr::from((u128::from(v6) & u128::MAX.checked_shl(u32::from(all - bits)).unwrap_or(0)).to_be_bytes())
        }
    };
    Ok(format!("{first}/{bits}"))
}

/// An entry to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewListEntry {
    pub list: ListKind,
    pub subject: Subject,
    /// A customer's number or id, a domain, an address or range, a fingerprint, a terminal or device.
    pub value: String,
    pub reason: String,
    /// A year ahead at most. Neither this nor days: it stands for good, which only the block list takes.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Instead of a time: so many days from now.
    #[serde(default)]
    pub expires_in_days: Option<i64>,
}

/// The form of an entry: texts, until they are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListForm {
    pub list: String,
    pub subject: String,
    pub value: String,
    pub reason: String,
    /// Empty: for good.
    pub days: String,
}

impl ListForm {
    /// # Errors
    /// Every field that is no choice or no number.
    pub fn read(&self) -> Result<NewListEntry, Vec<FieldError>> {
        let mut faults = Vec::new();
        let (list, subject) = (ListKind::parse(&self.list), Subject::parse(&self.subject));
        if list.is_none() {
            faults.push(FieldError::new("list", "Choose a list."));
        }
        if subject.is_none() {
            faults.push(FieldError::new("subject", "Choose what it is about."));
        }
        let days = Some(self.days.trim()).filter(|days| !days.is_empty());
        let expires_in_days = days.map(|days| {
            days.parse().unwrap_or_else(|_| {
                faults.push(FieldError::new("expires_in_days", "Give a whole number of days."));
                1
            })
        });
        match (list, subject) {
            (Some(list), Some(subject)) if faults.is_empty() => Ok(NewListEntry {
                list,
                subject,
                value: self.value.clone(),
                reason: self.reason.clone(),
                expires_at: None,
                expires_in_days,
            }),
            _ => Err(faults),
        }
    }
}

/// An entry without faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedEntry {
    pub value: String,
    pub reason: String,
    pub expires_at: Option<DateTime<Utc>>,
}

impl NewListEntry {
    /// # Errors
    /// Every fault with its path.
    pub fn checked(&self, now: DateTime<Utc>) -> Result<CheckedEntry, Vec<FieldError>> {
        let mut faults = Vec::new();
        let value = self.subject.checked(&self.value).map_err(|told| faults.push(FieldError::new("value", told)));
        let reason = self.reason.trim().to_owned();
        if !(5..=500).contains(&reason.chars().count()) || reason.contains('\0') {
            faults.push(FieldError::new("reason", "Say why, in 5 to 500 characters."));
        }
        let expires_at = match (self.expires_at, self.expires_in_days) {
            (Some(_), Some(_)) => {
                faults.push(FieldError::new("expires_at", "Give a time or a number of days, not both."));
                None
            }
            (Some(at), None) => Some(at),
            (None, Some(days)) if (1..=MOST_DAYS).contains(&days) => Some(now + Duration::days(days)),
            (None, Some(_)) => {
                faults.push(FieldError::new("expires_in_days", format!("An entry stands for 1 to {MOST_DAYS} days.")));
                None
            }
            (None, None) => {
                if self.list == ListKind::Allow {
                    faults.push(FieldError::new("expires_at", "What is allowed ends one day: say when."));
                }
                None
            }
        };
        if expires_at.is_some_and(|at| at <= now || at > now + Duration::days(MOST_DAYS)) {
            let told = format!("It ends after now and within {MOST_DAYS} days.");
            faults.push(FieldError::new("expires_at", told));
        }
        match value {
            Ok(value) if faults.is_empty() => Ok(CheckedEntry { value, reason, expires_at }),
            _ => Err(faults),
        }
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListEntry {
    pub id: ListEntryId,
    pub list: ListKind,
    pub subject: Subject,
    /// As it is compared; of a customer the id.
    pub value: String,
    /// As it is shown; of a customer the number.
    pub label: String,
    pub reason: String,
    pub expires_at: Option<DateTime<FixedOffset>>,
    /// Whether it has not ended.
    pub active: bool,
    pub by: String,
    pub created_at: DateTime<FixedOffset>,
}

/// Which entries, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    pub list: Option<ListKind>,
    pub subject: Option<Subject>,
    pub limit: u32,
    pub cursor: Option<String>,
}

impl ListQuery {
    /// # Errors
    /// Every parameter that is none.
    pub fn parse(pairs: Vec<(String, String)>) -> Result<Self, Vec<FieldError>> {
        let mut query = Self { list: None, subject: None, limit: DEFAULT_LIMIT, cursor: None };
        let mut faults = Vec::new();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            match name.as_str() {
                "list" => {
                    query.list = ListKind::parse(&value);
                    if query.list.is_none() {
                        faults.push(FieldError::new("list", "Lists are block and allow."));
                    }
                }
                "subject" => {
                    query.subject = Subject::parse(&value);
                    if query.subject.is_none() {
                        faults.push(FieldError::new("subject", "There is no subject of this name."));
                    }
                }
                "limit" => match value.parse() {
                    Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => query.limit = limit,
                    _ => faults.push(FieldError::new("limit", format!("A page has 1 to {MAX_LIMIT} rows."))),
                },
                "cursor" => query.cursor = Some(value),
                _ => {}
            }
        }
        if faults.is_empty() { Ok(query) } else { Err(faults) }
    }
}

/// `/fraud/lists`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListScreen {
    pub page: Page<ListEntry>,
    pub may_edit: bool,
    /// Of the next entry.
    pub idempotency_key: String,
}

/// Lists. Reading needs `fraud.view`, everything else `fraud.rules_edit`.
#[async_trait]
pub trait ListsPort: Send + Sync + 'static {
    async fn entries(&self, who: &Principal, query: &ListQuery) -> Result<Page<ListEntry>, AppError>;
    /// As [`ListsPort::entries`], with what the page's form needs.
    async fn screen(&self, who: &Principal, query: &ListQuery) -> Result<ListScreen, AppError>;
    /// `conflict` for what stands on the list already; what has ended makes room.
    async fn add(
        &self,
        who: &Principal,
        command: &NewListEntry,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<ListEntry, AppError>>;
    async fn remove(&self, who: &Principal, id: ListEntryId) -> Result<(), AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_and_written_as_they_are_compared() {
        let ok = |subject: Subject, text: &str| subject.checked(text).unwrap();
        assert_eq!(ok(Subject::EmailDomain, " @Example.COM "), "example.com");
        assert_eq!(ok(Subject::IpRange, "203.0.113.7"), "203.0.113.7/32");
        assert_eq!(ok(Subject::IpRange, "203.0.113.7/24"), "203.0.113.0/24");
        assert_eq!(ok(Subject::IpRange, "2001:db8::1/32"), "2001:db8::/32");
        assert_eq!(ok(Subject::IpRange, "10.1.2.3/8"), "10.0.0.0/8");
        assert_eq!(ok(Subject::PaymentFingerprint, &"AB".repeat(32)), "ab".repeat(32));
        assert_eq!(ok(Subject::Terminal, " T-1 "), "T-1");
        for (subject, text) in [
            (Subject::EmailDomain, "example"),
            (Subject::EmailDomain, "a@example.com"),
            (Subject::EmailDomain, "-a.com"),
            (Subject::IpRange, "203.0.113.7/33"),
            (Subject::IpRange, "0.0.0.0/0"),
            (Subject::IpRange, "::/0"),
            (Subject::IpRange, "here"),
            (Subject::PaymentFingerprint, "abc"),
            (Subject::Terminal, ""),
            (Subject::Device, "a\nb"),
            (Subject::Customer, " "),
        ] {
            assert!(subject.checked(text).is_err(), "{subject:?} {text}");
        }
    }

    #[test]
    fn an_entry_ends_within_a_year_and_only_what_is_blocked_may_stand_for_good() {
        let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let entry = |list, expires_at, expires_in_days| NewListEntry {
            list,
            subject: Subject::Terminal,
            value: "T1".into(),
            reason: "it was stolen".into(),
            expires_at,
            expires_in_days,
        };
        let ends = |entry: NewListEntry| entry.checked(now).map(|checked| checked.expires_at);
        let paths = |entry: NewListEntry| -> Vec<String> {
            entry.checked(now).unwrap_err().into_iter().map(|fault| fault.path).collect()
        };
        let year = now + Duration::days(365);
        assert_eq!(ends(entry(ListKind::Block, None, None)), Ok(None));
        assert_eq!(ends(entry(ListKind::Allow, Some(year), None)), Ok(Some(year)));
        assert_eq!(ends(entry(ListKind::Allow, None, Some(365))), Ok(Some(year)));
        assert_eq!(paths(entry(ListKind::Allow, None, None)), ["expires_at"]);
        assert_eq!(paths(entry(ListKind::Block, Some(year + Duration::seconds(1)), None)), ["expires_at"]);
        assert_eq!(paths(entry(ListKind::Block, Some(now), None)), ["expires_at"]);
        assert_eq!(paths(entry(ListKind::Block, None, Some(366))), ["expires_in_days"]);
        assert_eq!(paths(entry(ListKind::Block, Some(year), Some(1))), ["expires_at"]);
        let bad = NewListEntry { value: String::new(), reason: "no".into(), ..entry(ListKind::Allow, None, None) };
        assert_eq!(paths(bad), ["value", "reason", "expires_at"]);
    }
}
