//! Personal tokens: made, renewed, revoked by their owner.

use super::AccessService;
use crate::access::{TOKEN_PREFIX, local, secret};
use chrono::Duration;
use domain::{
    AppError,
    access::{CreateToken, NewToken, Permission, Principal, RotateToken, TokenState, TokenView},
    ids::TokenId,
    live::Topic,
};
use serde_json::json;
use store::{
    access::tokens::{self, Listed},
    audit::Act,
};

/// Tokens with less left are shown as ending soon.
const WARNING: Duration = Duration::days(7);

impl AccessService {
    pub(super) async fn list_tokens(&self, who: &Principal) -> Result<Vec<TokenView>, AppError> {
        let owner = Self::person(who)?;
        let zone = self.door.zone().await?;
        let mut connection = store::acquire(self.pool()).await?;
        let now = self.door.now();
        Ok(tokens::of_user(&mut connection, owner.0, now)
            .await?
            .into_iter()
            .map(|token| self.view(token, zone))
            .collect())
    }

    pub(super) async fn make_token(&self, who: &Principal, command: CreateToken) -> Result<NewToken, AppError> {
        Self::not_by_token(who)?;
        let mut faults = command.validate().err().unwrap_or_default();
        let scopes = command.permissions();
        for (n, key) in command.scopes.iter().enumerate() {
            if Permission::parse(key).is_some_and(|scope| !who.may(scope)) {
                faults.push(domain::FieldError::new(
                    format!("scopes[{n}]"),
                    format!("You do not hold “{key}”, so your token cannot."),
                ));
            }
        }
        if !faults.is_empty() {
            return Err(AppError::validation(faults));
        }
        self.issue(who, command.name.trim(), &scopes, Duration::days(i64::from(command.days())), None).await
    }

    /// A new secret under the same name, scopes and length of life; the old one ends after the overlap.
    pub(super) async fn renew_token(
        &self,
        who: &Principal,
        id: TokenId,
        command: RotateToken,
    ) -> Result<NewToken, AppError> {
        Self::not_by_token(who)?;
        command.validate().map_err(AppError::validation)?;
        let owner = Self::person(who)?;
        let mut connection = store::acquire(self.pool()).await?;
        let old = tokens::of_user(&mut connection, owner.0, self.door.now())
            .await?
            .into_iter()
            .find(|token| token.id == id.0 && token.revoked_at.is_none())
            .ok_or_else(|| AppError::not_found("Token"))?;
        drop(connection);
        // Rights the owner has lost since are not handed on.
        let scopes: Vec<_> = old.scopes.iter().copied().filter(|scope| who.may(*scope)).collect();
        self.issue(
            who,
            &old.name,
            &scopes,
            old.expires_at - old.created_at,
            Some((id, Duration::hours(i64::from(command.overlap_hours)))),
        )
        .await
    }

    async fn issue(
        &self,
        who: &Principal,
        name: &str,
        scopes: &[Permission],
        life: Duration,
        replaces: Option<(TokenId, Duration)>,
    ) -> Result<NewToken, AppError> {
        let owner = Self::person(who)?;
        let zone = self.door.zone().await?;
        let now = self.door.now();
        let secret_part = secret::random()?;
        let token = format!("{TOKEN_PREFIX}{secret_part}");
        let listed = Listed {
            id: self.door.backend.clock.new_id(),
            name: name.to_owned(),
            prefix: secret_part.chars().take(6).collect(),
            scopes: scopes.to_vec(),
            created_at: now,
            expires_at: now + life,
            last_used_at: None,
            last_used_ip: None,
            revoked_at: None,
        };
        let mut tx = store::begin(self.pool()).await?;
        if let Some((old, overlap)) = replaces {
            tokens::revoke(&mut tx, old.0, owner.0, now, now + overlap).await?;
        }
        let row = tokens::NewToken {
            id: listed.id,
            user_id: owner.0,
            name,
            token_hash: &secret::digest(&token),
            prefix: &listed.prefix,
            scopes,
            created_at: now,
            expires_at: listed.expires_at,
            replaces_id: replaces.map(|(old, _)| old.0),
        };
        tokens::insert(&mut tx, row).await?;
        let action = if replaces.is_some() { "access.token_rotate" } else { "access.token_create" };
        let after =
            json!({"name": name, "scopes": scopes, "expires_at": listed.expires_at, "token": {"$secret": "changed"}});
        self.record(&mut tx, who, Act::done(action, "token", listed.id).after(after)).await?;
        // A token that ends must be forgotten everywhere; a new one is known to nobody yet.
        if replaces.is_some() {
            store::live::emit(&mut tx, Topic::Session, &owner.to_string()).await?;
        }
        store::commit(tx).await?;
        self.door.forget_user(owner.0);
        Ok(NewToken { token, view: self.view(listed, zone) })
    }

    pub(super) async fn end_token(&self, who: &Principal, id: TokenId) -> Result<(), AppError> {
        let owner = Self::person(who)?;
        let now = self.door.now();
        let mut tx = store::begin(self.pool()).await?;
        if !tokens::revoke(&mut tx, id.0, owner.0, now, now).await? {
            return Err(AppError::not_found("Token"));
        }
        self.record(&mut tx, who, Act::done("access.token_revoke", "token", id)).await?;
        store::live::emit(&mut tx, Topic::Session, &owner.to_string()).await?;
        store::commit(tx).await?;
        self.door.forget_user(owner.0);
        Ok(())
    }

    fn view(&self, token: Listed, zone: chrono_tz::Tz) -> TokenView {
        let now = self.door.now();
        let state = if token.revoked_at.is_some_and(|at| at <= now) {
            TokenState::Revoked
        } else if token.expires_at <= now {
            TokenState::Expired
        } else if token.expires_at - now < WARNING || token.revoked_at.is_some() {
            TokenState::EndsSoon
        } else {
            TokenState::Active
        };
        TokenView {
            id: TokenId(token.id),
            name: token.name,
            prefix: token.prefix,
            scopes: token.scopes,
            state,
            created_at: local(token.created_at, zone),
            expires_at: local(token.revoked_at.map_or(token.expires_at, |at| at.min(token.expires_at)), zone),
            last_used_at: token.last_used_at.map(|at| local(at, zone)),
            last_used_ip: token.last_used_ip.map(|ip| ip.to_string()),
        }
    }
}
