//! Keys of dealers: sealed when they are set, opened for a call only.

use super::{DealersService, not_found};
use crate::{
    access::sealed::Place,
    connectors::dgi::{Ask, DealerKeys, Endpoint, Proof},
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    dealers::{DealerSource, DealerTest, Environment, ErrorClass, Feed, KeyField, SetKeys, TokenMode},
};
use engine::dealers::window::Window;
use serde_json::json;
use sqlx::PgConnection;
use std::time;
use store::{
    audit::Act,
    dealers::{self as rows, Dealer, SealedKey, Tested},
};

/// Bound to dealer, environment and field: a key moved elsewhere does not open.
fn place(dealer: &Dealer, column: &str) -> String {
    format!("{}/{column}", dealer.source.environment().as_str())
}

const TABLE: &str = "dealer.credentials";

impl DealersService {
    pub(super) async fn write_keys(&self, who: &Principal, dealer_id: &str, command: &SetKeys) -> Result<(), AppError> {
        who.require(Permission::DealersCredentials)?;
        command.validate().map_err(AppError::validation)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let scope = self.enter(&mut tx, who, Permission::DealersCredentials).await?;
        let mut tx = self.held(tx, who, &scope, dealer_id).await?;
        let dealer = rows::get(&mut tx, dealer_id).await?.ok_or_else(not_found)?;
        if command.environment.is_some_and(|asked| asked != dealer.source.environment()) {
            let told = "The dealer's records come from another environment.";
            return Err(AppError::field("environment", told));
        }
        self.seal_keys(&mut tx, who, &dealer, command).await?;
        let set: Vec<&str> = command.given().map(|(field, _)| field.as_str()).collect();
        let act = Act::done("dealers.credentials_set", "dealer", dealer_id)
            .of_dealer(dealer_id)
            .after(json!({ "environment": dealer.source.environment(), "set": set }));
        self.told(&mut tx, who, act).await?;
        store::commit(tx).await?;
        Ok(())
    }

    pub(super) async fn seal_keys(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        dealer: &Dealer,
        command: &SetKeys,
    ) -> Result<(), AppError> {
        let (now, environment) = (self.backend.clock.now(), dealer.source.environment());
        for (field, value) in command.given() {
            let column = place(dealer, field.as_str());
            let sealed = self.keys.seal(Place { table: TABLE, column: &column, row: dealer.id }, value)?;
            let last4 = &value[value.len().saturating_sub(4)..];
            let key = (field, sealed.as_slice(), last4);
            rows::set_key(connection, &dealer.dealer_id, environment, key, (who.label(), now)).await?;
        }
        Ok(())
    }

    /// What the dealer signs with, open; `None`: it is not complete, or does not open.
    pub(super) fn open_keys(&self, dealer: &Dealer, sealed: &[SealedKey]) -> Option<DealerKeys> {
        let open = |field: KeyField| {
            let column = place(dealer, field.as_str());
            let key = sealed.iter().find(|key| key.field == field)?;
            self.keys.open(Place { table: TABLE, column: &column, row: dealer.id }, &key.sealed)
        };
        let proof = match dealer.token_mode {
            TokenMode::Signed => Proof::Secret(open(KeyField::SecretKey)?),
            TokenMode::Fixed => Proof::Token(open(KeyField::ApiToken)?),
        };
        Some(DealerKeys { api_key: open(KeyField::ApiKey)?, proof })
    }

    /// Where the dealer's records are asked for; `None`: nobody has said.
    pub(super) async fn endpoint(&self, dealer: &Dealer) -> Option<Endpoint> {
        let base_url = match dealer.source {
            DealerSource::Simulated => self.simulator.base_url().await,
            DealerSource::Live => dealer.live_base_url.clone(),
            DealerSource::Sandbox => dealer.sandbox_base_url.clone(),
        }?;
        Some(Endpoint {
            base_url,
            zone: dealer.zone.parse().ok()?,
            token_separator: dealer.token_separator.clone(),
            clock_tolerance_seconds: dealer.clock_tolerance_seconds.into(),
            patience: time::Duration::from_secs(u64::try_from(dealer.timeout_seconds).unwrap_or(45)),
            simulated: dealer.source == DealerSource::Simulated,
        })
    }

    pub(super) async fn try_keys(&self, who: &Principal, dealer_id: &str) -> Result<DealerTest, AppError> {
        who.require(Permission::DealersCredentials)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let scope = self.enter(&mut tx, who, Permission::DealersCredentials).await?;
        let mut tx = self.held(tx, who, &scope, dealer_id).await?;
        let dealer = rows::get(&mut tx, dealer_id).await?.ok_or_else(not_found)?;
        let sealed = rows::keys(&mut tx, dealer_id, dealer.source.environment()).await?;
        // Nobody's connection waits for a system outside.
        store::commit(tx).await?;
        let newest = sealed.iter().map(|key| key.updated_at).max();
        let (tested, called) = match (self.open_keys(&dealer, &sealed), self.endpoint(&dealer).await) {
            (None, _) => (unconfigured(lacking(&dealer, &sealed)), false),
            (_, None) => (unconfigured("The main dealer has no address for this environment."), false),
            (Some(keys), Some(to)) => (self.ask(&dealer, &keys, &to).await, true),
        };
        self.stamp(who, &dealer, &tested, called, newest).await?;
        Ok(tested)
    }

    /// Asks the dealer's system for the last minute.
    async fn ask(&self, dealer: &Dealer, keys: &DealerKeys, to: &Endpoint) -> DealerTest {
        let now = self.backend.clock.now();
        let window = Window { from: now - Duration::minutes(1), to: now };
        let ask = Ask { feed: Feed::Prospect, dealer_id: &dealer.dealer_id, window, filter: None, waits_once: false };
        let outcome = self.client.read(to, keys, ask).await;
        let last = outcome.attempts.last();
        let latency_ms = last.map_or(0, |attempt| i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX));
        DealerTest {
            latency_ms,
            clock_offset_seconds: last.and_then(|attempt| attempt.clock_offset_seconds),
            ..outcome.answer.map_or_else(refused, |_| passed())
        }
    }

    async fn stamp(
        &self,
        who: &Principal,
        dealer: &Dealer,
        tested: &DealerTest,
        called: bool,
        newest: Option<DateTime<Utc>>,
    ) -> Result<(), AppError> {
        let result = tested.error_class.map_or("ok", ErrorClass::as_str);
        let environment: Environment = dealer.source.environment();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        self.enter(&mut tx, who, Permission::DealersCredentials).await?;
        let stamp = Tested { result, called, at: self.backend.clock.now(), newest };
        rows::stamp_test(&mut tx, &dealer.dealer_id, environment, stamp).await?;
        let about = json!({ "environment": environment, "result": result, "latency_ms": tested.latency_ms });
        let act = Act::done("dealers.credentials_test", "dealer", &dealer.dealer_id);
        self.told(&mut tx, who, act.of_dealer(&dealer.dealer_id).after(about)).await?;
        store::commit(tx).await?;
        Ok(())
    }
}

/// What is not there, or does not open.
pub(super) fn lacking(dealer: &Dealer, sealed: &[SealedKey]) -> &'static str {
    let has = |field: KeyField| sealed.iter().any(|key| key.field == field);
    match dealer.token_mode {
        _ if sealed.is_empty() => "No credentials are saved for this dealer.",
        _ if !has(KeyField::ApiKey) => "No API key is saved for this dealer.",
        TokenMode::Signed if !has(KeyField::SecretKey) => "No secret key is saved for this dealer.",
        TokenMode::Fixed if !has(KeyField::ApiToken) => "No API token is saved for this dealer.",
        _ => "A saved key does not open any more. Set the keys again.",
    }
}

fn unconfigured(advice: &str) -> DealerTest {
    DealerTest { advice: Some(advice.to_owned()), ..refused(ErrorClass::Unconfigured) }
}

const fn passed() -> DealerTest {
    DealerTest { ok: true, error_class: None, advice: None, latency_ms: 0, clock_offset_seconds: None }
}

fn refused(class: ErrorClass) -> DealerTest {
    DealerTest { ok: false, error_class: Some(class), advice: Some(class.advice().to_owned()), ..passed() }
}
