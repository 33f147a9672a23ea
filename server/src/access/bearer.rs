//! Bearer tokens (JWT, RFC 7519): HS256 and nothing else. The signature only saves a look into the
//! database for nonsense; whether the sign-in still stands is asked of `access.sessions` by `sid`.

use super::secret::Keys;
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{PermSet, Role},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    pub sub: Uuid,
    pub role: Option<Role>,
    pub sets: Vec<PermSet>,
    /// Secret id of the row in `access.sessions`.
    pub sid: String,
    pub jti: Uuid,
    pub iat: i64,
    pub exp: i64,
}

pub(super) fn sign(keys: &Keys, claims: &Claims) -> Result<String, AppError> {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(keys.jwt())).map_err(|error| {
        tracing::error!(%error, "a bearer token could not be signed");
        AppError::internal()
    })
}

/// The claims, if the signature is ours and the time has not run out.
pub(super) fn read(keys: &Keys, token: &str, now: DateTime<Utc>) -> Option<Claims> {
    let mut validation = Validation::new(Algorithm::HS256);
    // The time is ours to judge, by our clock.
    validation.validate_exp = false;
    let claims = keys
        .jwt_all()
        .find_map(|key| decode::<Claims>(token, &DecodingKey::from_secret(key), &validation).ok())?
        .claims;
    (claims.exp > now.timestamp()).then_some(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

    fn keys(current: u8, previous: Option<u8>) -> Keys {
        let master = |byte: u8| crate::config::MasterKey::new(vec![byte; 32]);
        Keys::derive(&master(current), previous.map(master).as_ref())
    }

    fn claims(exp: i64) -> Claims {
        Claims {
            sub: Uuid::nil(),
            role: Some(Role::Viewer),
            sets: vec![],
            sid: "sid".into(),
            jti: Uuid::nil(),
            iat: 0,
            exp,
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn our_own_token_reads_back_till_its_time_is_over() {
        let ours = keys(1, None);
        let token = sign(&ours, &claims(1800)).unwrap();
        assert_eq!(read(&ours, &token, at(1799)).unwrap().sid, "sid");
        assert!(read(&ours, &token, at(1800)).is_none());
        assert!(read(&keys(2, None), &token, at(0)).is_none());
        assert!(read(&keys(2, Some(1)), &token, at(0)).is_some());
    }

    #[test]
    fn no_algorithm_but_ours_is_read() {
        let ours = keys(1, None);
        let body = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims(1800)).unwrap());
        for algorithm in ["none", "None", "HS512", "RS256"] {
            let header = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
            for signature in ["", "AAAA"] {
                assert!(read(&ours, &format!("{header}.{body}.{signature}"), at(0)).is_none(), "{algorithm}");
            }
        }
        let other =
            encode(&Header::new(Algorithm::HS384), &claims(1800), &EncodingKey::from_secret(ours.jwt())).unwrap();
        assert!(read(&ours, &other, at(0)).is_none());
    }
}
