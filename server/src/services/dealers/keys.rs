//! Keys of dealers: sealed when they are set, opened for a call only.

use super::{DealersService, not_found};
use crate::{
    access::sealed::Place,
    connectors::dgi::{Ask, DealerKeys, Endpoint},
};
use chrono::Duration;
use domain::{
    AppError,
    access::{Permission, Principal},
    dealers::{DealerSource, DealerTest, Environment, ErrorClass, Feed, KeyField, SetKeys},
};
use engine::dealers::window::Window;
use serde_json::json;
use sqlx::PgConnection;
use store::{
    audit::Act,
    dealers::{self as rows, Dealer},
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
        self.enter(&mut tx, who, Permission::DealersCredentials).await?;
        if !rows::lock(&mut tx, dealer_id).await? {
            return Err(not_found());
        }
        let dealer = rows::get(&mut tx, dealer_id).await?.ok_or_else(not_found)?;
        if command.environment.is_some_and(|asked| asked != dealer.source.environment()) {
            let told = "The dealer's records come from another environment.";
            return Err(AppError::field("environment", told));
        }
        self.seal_keys(&mut tx, who, &dealer, command).await?;
        let set: Vec<&str> = command.given().map(|(field, _)| field.as_str()).collect();
        let act = Act::done("dealers.credentials_set", "dealer", dealer_id)
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

    /// The dealer's keys, open; `None`: they are not complete.
    async fn open_keys(&self, connection: &mut PgConnection, dealer: &Dealer) -> Result<Option<DealerKeys>, AppError> {
        let sealed = rows::keys(connection, &dealer.dealer_id, dealer.source.environment()).await?;
        let open = |field: KeyField| {
            let column = place(dealer, field.as_str());
            let key = sealed.iter().find(|key| key.field == field)?;
            self.keys.open(Place { table: TABLE, column: &column, row: dealer.id }, &key.sealed)
        };
        let (api_key, secret, fixed_token) =
            (open(KeyField::ApiKey), open(KeyField::SecretKey), open(KeyField::ApiToken));
        Ok(api_key.zip(secret).map(|(api_key, secret_key)| DealerKeys { api_key, secret_key, fixed_token }))
    }

    /// Where the dealer's records are asked for; `None`: nobody has said.
    async fn endpoint(&self, dealer: &Dealer) -> Option<Endpoint> {
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
            simulated: dealer.source == DealerSource::Simulated,
        })
    }

    pub(super) async fn try_keys(&self, who: &Principal, dealer_id: &str) -> Result<DealerTest, AppError> {
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        self.enter(&mut tx, who, Permission::DealersCredentials).await?;
        let dealer = rows::get(&mut tx, dealer_id).await?.ok_or_else(not_found)?;
        let keys = self.open_keys(&mut tx, &dealer).await?;
        // Nobody's connection waits for a system outside.
        store::commit(tx).await?;
        let tested = match keys.zip(self.endpoint(&dealer).await) {
            None => refused(ErrorClass::Unconfigured),
            Some((keys, to)) => {
                let now = self.backend.clock.now();
                let window = Window { from: now - Duration::minutes(1), to: now };
                let ask = Ask { feed: Feed::Prospect, dealer_id, window, filter: None };
                let outcome = self.client.read(&to, &keys, ask).await;
                let last = outcome.attempts.last();
                let latency_ms =
                    last.map_or(0, |attempt| i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX));
                DealerTest {
                    latency_ms,
                    clock_offset_seconds: last.and_then(|attempt| attempt.clock_offset_seconds),
                    ..outcome.answer.map_or_else(refused, |_| passed())
                }
            }
        };
        self.stamp(who, &dealer, &tested).await?;
        Ok(tested)
    }

    async fn stamp(&self, who: &Principal, dealer: &Dealer, tested: &DealerTest) -> Result<(), AppError> {
        let result = tested.error_class.map_or("ok", ErrorClass::as_str);
        let environment: Environment = dealer.source.environment();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        self.enter(&mut tx, who, Permission::DealersCredentials).await?;
        rows::stamp_test(&mut tx, &dealer.dealer_id, environment, result, self.backend.clock.now()).await?;
        let act = Act::done("dealers.credentials_test", "dealer", &dealer.dealer_id)
            .after(json!({ "environment": environment, "result": result, "latency_ms": tested.latency_ms }));
        self.told(&mut tx, who, act).await?;
        store::commit(tx).await?;
        Ok(())
    }
}

const fn passed() -> DealerTest {
    DealerTest { ok: true, error_class: None, advice: None, latency_ms: 0, clock_offset_seconds: None }
}

fn refused(class: ErrorClass) -> DealerTest {
    DealerTest { ok: false, error_class: Some(class), advice: Some(class.advice().to_owned()), ..passed() }
}
