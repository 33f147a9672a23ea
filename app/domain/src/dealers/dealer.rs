//! A dealer as people see it, and what they may ask and change.

use super::{
    DealerFetches, ErrorClass, Feed, FetchStarted, FetchStatus, ProspectItem, ProspectPersonal, ProspectQuery,
    RecordDetail, RecordItem, RecordQuery, StartFetch,
};
use crate::{
    AppError, FieldError,
    access::Principal,
    ids::JobId,
    paging::{DEFAULT_LIMIT, Page, limit_of},
    query,
    words::words,
};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

words! {
    /// Where a dealer's records come from.
    DealerSource {
        Live => "live", "Live";
        Sandbox => "sandbox", "Sandbox";
        Simulated => "simulated", "Simulated";
    }
}

words! {
    /// Which of a main dealer's systems keys are for; a simulated one counts as a sandbox.
    #[schema(as = DealerEnvironment)]
    Environment {
        Live => "live", "Live";
        Sandbox => "sandbox", "Sandbox";
    }
}

words! {
    /// What a dealer signs with.
    #[schema(as = DealerKeyField)]
    KeyField {
        ApiKey => "api_key", "API key";
        SecretKey => "secret_key", "Secret key";
        ApiToken => "api_token", "API token";
    }
}

words! {
    /// How a call proves who asks.
    #[schema(as = DealerTokenMode)]
    TokenMode {
        /// A token of API key, secret key and time, made anew for each attempt.
        Signed => "signed", "Signed anew for each call";
        /// The saved API token, handed out once by the main dealer.
        Fixed => "fixed", "The saved API token";
    }
}

words! {
    /// What is known of a dealer's keys.
    #[schema(as = DealerKeysState)]
    KeysState {
        Missing => "missing", "Missing";
        Untested => "untested", "Not tested";
        Passed => "passed", "Tested";
        Failed => "failed", "Test failed";
    }
}

impl DealerSource {
    /// Whose keys are used.
    #[must_use]
    pub const fn environment(self) -> Environment {
        match self {
            Self::Live => Environment::Live,
            Self::Sandbox | Self::Simulated => Environment::Sandbox,
        }
    }
}

/// Whether it can be the code of a dealer: 1 to 10 letters and digits. Nothing else may stand where dealers are named to the
/// database.
#[must_use]
pub fn is_code(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DealerItem {
    /// Its code.
    pub dealer_id: String,
    pub dealer_name: String,
    /// Code of the main dealer.
    pub main_dealer: String,
    pub source: DealerSource,
    pub is_active: bool,
    pub credentials: KeysState,
}

/// A saved key. Its value is told to nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DealerKeyView)]
pub struct KeyView {
    pub set: bool,
    pub last4: Option<String>,
    pub set_by: Option<String>,
    pub updated_at: Option<DateTime<FixedOffset>>,
    pub last_used_at: Option<DateTime<FixedOffset>>,
}

/// The keys of the dealer's environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DealerKeysView)]
pub struct KeysView {
    pub environment: Environment,
    pub api_key: KeyView,
    pub secret_key: KeyView,
    pub api_token: KeyView,
    pub last_test_at: Option<DateTime<FixedOffset>>,
    /// `ok` or a class of error.
    pub last_test_result: Option<String>,
}

/// One dealer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DealerDetail {
    pub id: uuid::Uuid,
    /// Its code.
    pub dealer_id: String,
    pub dealer_name: String,
    /// Code of the main dealer.
    pub main_dealer: String,
    pub main_dealer_name: String,
    pub source: DealerSource,
    pub timezone: String,
    pub is_active: bool,
    pub token_mode: TokenMode,
    pub created_at: DateTime<FixedOffset>,
    pub updated_at: DateTime<FixedOffset>,
    pub updated_by: Option<String>,
    pub version: i32,
    pub credentials: KeysView,
}

/// Which dealers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealerQuery {
    /// Part of code or name.
    pub search: Option<String>,
    /// `None`: both.
    pub is_active: Option<bool>,
    pub cursor: Option<String>,
    pub limit: u32,
}

impl Default for DealerQuery {
    fn default() -> Self {
        Self { search: None, is_active: None, cursor: None, limit: DEFAULT_LIMIT }
    }
}

impl DealerQuery {
    /// Reads name and value pairs. Empty values count as absent, unknown names are ignored. All faults at once.
    ///
    /// # Errors
    /// One entry for each value that cannot be read, `path` being its name.
    pub fn parse<N: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut out = Self::default();
        let faults = query::set_each(pairs, |name, value| out.set(name, value));
        if faults.is_empty() { Ok(out) } else { Err(faults) }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "search" if value.chars().count() > 100 => return Err("Search for at most 100 characters."),
            "search" => self.search = Some(value.to_owned()),
            "is_active" => {
                self.is_active = match value {
                    "true" => Some(true),
                    "false" => Some(false),
                    "all" => None,
                    _ => return Err("Say true, false or all."),
                };
            }
            "cursor" => self.cursor = Some(value.to_owned()),
            "limit" => self.limit = limit_of(value)?,
            _ => {}
        }
        Ok(())
    }
}

/// Changes a dealer; what is absent stays. Code and source never change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EditDealer {
    pub dealer_name: Option<String>,
    /// Name of a time zone.
    pub timezone: Option<String>,
    /// For those who edit every dealer.
    pub is_active: Option<bool>,
    /// For those who edit every dealer.
    pub token_mode: Option<TokenMode>,
    /// The version that was read.
    pub version: Option<i32>,
}

impl EditDealer {
    /// # Errors
    /// Every fault with its path. Whether the zone is known is not looked at here.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let wrong =
            |name: &String| !(1..=255).contains(&name.trim().chars().count()) || name.chars().any(char::is_control);
        if self.dealer_name.as_ref().is_some_and(wrong) {
            return Err(vec![FieldError::new("dealer_name", "Write 1 to 255 characters.")]);
        }
        Ok(())
    }
}

/// Sets keys; what is absent or blank stays as it is.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = SetDealerKeys)]
pub struct SetKeys {
    /// The dealer's own unless said.
    pub environment: Option<Environment>,
    pub api_key: Option<String>,
    pub secret_key: Option<String>,
    pub api_token: Option<String>,
}

impl fmt::Debug for SetKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetKeys").field("environment", &self.environment).finish_non_exhaustive()
    }
}

impl SetKeys {
    /// What is set, trimmed.
    pub fn given(&self) -> impl Iterator<Item = (KeyField, &str)> {
        let all = [
            (KeyField::ApiKey, &self.api_key),
            (KeyField::SecretKey, &self.secret_key),
            (KeyField::ApiToken, &self.api_token),
        ];
        all.into_iter()
            .filter_map(|(field, value)| Some((field, value.as_deref()?.trim())))
            .filter(|(_, v)| !v.is_empty())
    }

    /// # Errors
    /// Every fault with its path; no message holds a value.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let wrong =
            |value: &str| !(8..=200).contains(&value.len()) || !value.bytes().all(|byte| byte.is_ascii_graphic());
        let told = "A key has 8 to 200 letters, digits and signs, and no blanks.";
        let mut faults: Vec<FieldError> = self
            .given()
            .filter(|(_, value)| wrong(value))
            .map(|(field, _)| FieldError::new(field.as_str(), told))
            .collect();
        if self.given().next().is_none() {
            faults.push(FieldError::new("api_key", "Give at least one key."));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// What a test of the saved keys gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DealerTest {
    pub ok: bool,
    pub error_class: Option<ErrorClass>,
    /// What to do, in words.
    pub advice: Option<String>,
    pub latency_ms: i64,
    /// The other clock less ours.
    pub clock_offset_seconds: Option<i64>,
}

/// Dealers within the reader's scope; a dealer outside of it is not found.
#[async_trait]
pub trait DealersPort: Send + Sync {
    async fn dealers(&self, who: &Principal, query: &DealerQuery) -> Result<Page<DealerItem>, AppError>;
    async fn dealer(&self, who: &Principal, dealer_id: &str) -> Result<Option<DealerDetail>, AppError>;
    async fn edit(&self, who: &Principal, dealer_id: &str, command: &EditDealer) -> Result<DealerDetail, AppError>;
    async fn set_keys(&self, who: &Principal, dealer_id: &str, command: &SetKeys) -> Result<(), AppError>;
    /// Signs with the saved keys and asks for the last minute.
    async fn test(&self, who: &Principal, dealer_id: &str) -> Result<DealerTest, AppError>;
    /// Queues a fetch of a range; the open run where the same is asked again.
    async fn fetch(&self, who: &Principal, command: &StartFetch) -> Result<FetchStarted, AppError>;
    /// `None`: there is no such fetch, or not in the reader's scope.
    async fn fetch_status(&self, who: &Principal, run: JobId) -> Result<Option<FetchStatus>, AppError>;
    /// `None`: there is no such dealer.
    async fn fetches(&self, who: &Principal, dealer_id: &str) -> Result<Option<DealerFetches>, AppError>;
    /// Its prospects, the latest first; `None`: there is no such dealer.
    async fn prospects(
        &self,
        who: &Principal,
        dealer_id: &str,
        query: &ProspectQuery,
    ) -> Result<Option<Page<ProspectItem>>, AppError>;
    /// The personal fields of one prospect, on record; `None`: there is no such prospect.
    async fn unmask(
        &self,
        who: &Principal,
        dealer_id: &str,
        prospect_no: &str,
    ) -> Result<Option<ProspectPersonal>, AppError>;
    /// Where its records come from, for who sees its records; `None`: there is no such dealer.
    async fn source(&self, who: &Principal, dealer_id: &str) -> Result<Option<DealerSource>, AppError>;
    /// The records of a feed, the latest first; `None`: there is no such dealer.
    async fn records(
        &self,
        who: &Principal,
        dealer_id: &str,
        feed: Feed,
        query: &RecordQuery,
    ) -> Result<Option<Page<RecordItem>>, AppError>;
    /// One record with its child records, masked; `None`: there is none with this key.
    async fn record(
        &self,
        who: &Principal,
        dealer_id: &str,
        feed: Feed,
        key: &str,
    ) -> Result<Option<RecordDetail>, AppError>;
    /// One record with what is personal in it, on record.
    async fn unmask_record(
        &self,
        who: &Principal,
        dealer_id: &str,
        feed: Feed,
        key: &str,
    ) -> Result<Option<RecordDetail>, AppError>;
    /// Fetches a feed of a dealer from now on, or no more.
    async fn switch_feed(&self, who: &Principal, dealer_id: &str, feed: Feed, is_enabled: bool)
    -> Result<(), AppError>;
    /// Writes the sample dealer with keys of the simulator, and nine others if `more`; how many are new.
    async fn seed(&self, who: &Principal, more: bool) -> Result<u32, AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_letters_and_digits_and_nothing_that_names_all() {
        for good in ["12284", "A1", "abcdefghij"] {
            assert!(is_code(good), "{good}");
        }
        for bad in ["", "*", "1,2", " 12284", "abcdefghijk", "ä", "1\0", "12_84"] {
            assert!(!is_code(bad), "{bad:?}");
        }
    }
}
