//! JSON web tokens that another system signs for its users (RFC 7519).

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;
use touchbook_events::Timestamp;
use touchbook_events::catalogue::access::Role;

/// How far the clocks of two systems may differ.
const LEEWAY_SECONDS: i64 = 60;

/// What signs tokens, and what else they must say.
#[derive(Clone)]
pub struct Tokens {
    keys: Keys,
    issuer: Option<String>,
    audience: Option<String>,
}

#[derive(Clone)]
enum Keys {
    /// HS256 with a secret that both sides know.
    Secret(Box<DecodingKey>),
    /// Public keys (RFC 7517); a token names the one that signed it.
    Set(JwkSet),
}

/// Why tokens can't be checked with what was configured.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("is no set of keys in JSON (RFC 7517)")]
    Set(#[source] serde_json::Error),
    #[error("has no key that signs with RS256, ES256 or EdDSA")]
    NoKey,
}

/// Without keys.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// What a token says.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    /// The user.
    pub(crate) sub: String,
    /// The tenant's name.
    pub(crate) tenant: String,
    /// What the user may do; absent, what the tenant's own record of the user says.
    pub(crate) role: Option<Role>,
    exp: f64,
    nbf: Option<f64>,
}

impl Tokens {
    pub fn of_secret(secret: &[u8]) -> Self {
        Self::of(Keys::Secret(Box::new(DecodingKey::from_secret(secret))))
    }

    /// # Errors
    /// For what is no set, or holds no key that tokens may be signed with.
    pub fn of_set(json: &str) -> Result<Self, TokenError> {
        let set: JwkSet = serde_json::from_str(json).map_err(TokenError::Set)?;
        match set.keys.iter().any(|key| algorithm(key).is_some()) {
            true => Ok(Self::of(Keys::Set(set))),
            false => Err(TokenError::NoKey),
        }
    }

    fn of(keys: Keys) -> Self {
        Self {
            keys,
            issuer: None,
            audience: None,
        }
    }

    /// Takes only tokens that name this issuer.
    #[must_use]
    pub fn issued_by(mut self, issuer: Option<String>) -> Self {
        self.issuer = issuer;
        self
    }

    /// Takes only tokens that are meant for this audience.
    #[must_use]
    pub fn meant_for(mut self, audience: Option<String>) -> Self {
        self.audience = audience;
        self
    }

    /// What a token says, where it is signed and holds at `now`.
    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Option<Claims> {
        let (key, algorithm) = self.signer(&decode_header(token).ok()?)?;
        let claims = decode::<Claims>(token, &key, &self.validation(algorithm))
            .ok()?
            .claims;
        let now = now.micros() as f64 / 1e6;
        let leeway = LEEWAY_SECONDS as f64;
        let holds = now < claims.exp + leeway && claims.nbf.is_none_or(|nbf| nbf - leeway <= now);
        holds.then_some(claims)
    }

    /// A token's word counts for which key, never for how it is checked.
    fn signer(&self, header: &Header) -> Option<(DecodingKey, Algorithm)> {
        match &self.keys {
            Keys::Secret(key) => Some((DecodingKey::clone(key), Algorithm::HS256)),
            Keys::Set(set) => {
                let key = match &header.kid {
                    Some(kid) => set.find(kid)?,
                    None if set.keys.len() == 1 => set.keys.first()?,
                    None => return None,
                };
                Some((DecodingKey::from_jwk(key).ok()?, algorithm(key)?))
            }
        }
    }

    /// Times are held against the service's own clock.
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        let mut required = vec!["exp"];
        validation.validate_exp = false;
        validation.validate_aud = self.audience.is_some();
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        validation
    }
}

/// What a key signs with; a shared secret has no place in a set of public keys.
fn algorithm(key: &Jwk) -> Option<Algorithm> {
    use jsonwebtoken::jwk::{AlgorithmParameters as Parameters, EllipticCurve};
    let said = key.common.key_algorithm;
    let said = said.and_then(|said| Algorithm::from_str(&said.to_string()).ok());
    match &key.algorithm {
        Parameters::RSA(_) => Some(said.unwrap_or(Algorithm::RS256)),
        Parameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Some(Algorithm::ES256)
        }
        Parameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => {
            Some(Algorithm::ES384)
        }
        Parameters::OctetKeyPair(_) => Some(Algorithm::EdDSA),
        _ => None,
    }
}
