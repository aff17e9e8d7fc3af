//! Whether a delivery is who it says: bearer tokens and signatures, in constant time.

mod standard;

pub use standard::{Delivery, StandardSecret, TOLERANCE_SECONDS};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Why a delivery is not taken. What was sent is in none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody can be let in: a 503, where the rest is a 401 (C13).
    #[error("no secret is configured, or it can't be used")]
    NoSecret,
    #[error("the credential or signature is missing")]
    Missing,
    #[error("the credential or signature can't be read")]
    Malformed,
    #[error("the delivery's time is more than 5 minutes from now")]
    OutOfTime,
    #[error("the credential or signature is wrong")]
    Wrong,
}

/// Checks the header `Authorization: Bearer <token>` (S1-101, S1-113; RFC 6750).
///
/// # Errors
/// See [`Refusal`].
pub fn bearer(authorization: Option<&str>, secret: &str) -> Result<(), Refusal> {
    if secret.is_empty() {
        return Err(Refusal::NoSecret);
    }
    let header = authorization.ok_or(Refusal::Missing)?.trim();
    let (scheme, token) = header.split_once(' ').ok_or(Refusal::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::Malformed);
    }
    match same_text(token.trim_start(), secret) {
        true => Ok(()),
        false => Err(Refusal::Wrong),
    }
}

/// Checks Meta's header `X-Hub-Signature-256: sha256=<hex>` over the raw body.
///
/// # Errors
/// See [`Refusal`].
pub fn meta(header: Option<&str>, body: &[u8], app_secret: &str) -> Result<(), Refusal> {
    let mac = keyed(app_secret.as_bytes())?;
    let hex = header
        .ok_or(Refusal::Missing)?
        .trim()
        .strip_prefix("sha256=");
    let signature = hex.and_then(from_hex).ok_or(Refusal::Malformed)?;
    matches(mac, &[body], &signature)
}

/// Checks Shopify's header `X-Shopify-Hmac-Sha256: <base64>` over the raw body.
///
/// # Errors
/// See [`Refusal`].
pub fn shopify(header: Option<&str>, body: &[u8], secret: &str) -> Result<(), Refusal> {
    let mac = keyed(secret.as_bytes())?;
    let header = header.ok_or(Refusal::Missing)?.trim();
    let signature = STANDARD.decode(header).map_err(|_| Refusal::Malformed)?;
    matches(mac, &[body], &signature)
}

type HmacSha256 = Hmac<Sha256>;

/// An empty key would let everybody in who can compute.
fn keyed(secret: &[u8]) -> Result<HmacSha256, Refusal> {
    match secret.is_empty() {
        true => Err(Refusal::NoSecret),
        false => HmacSha256::new_from_slice(secret).map_err(|_| Refusal::NoSecret),
    }
}

fn matches(mut mac: HmacSha256, parts: &[&[u8]], signature: &[u8]) -> Result<(), Refusal> {
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(signature).map_err(|_| Refusal::Wrong)
}

/// Compares digests, so that not even the length of `secret` shows in how long it takes.
pub(crate) fn same_text(text: &str, secret: &str) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    digest(text).ct_eq(&digest(secret)).into()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let mut pairs = text.as_bytes().chunks(2);
    pairs.try_fold(Vec::with_capacity(text.len() / 2), |mut bytes, pair| {
        let [high, low] = pair else { return None };
        bytes.push(digit(*high)? * 16 + digit(*low)?);
        Some(bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S1-101, S1-113.
    #[test]
    fn a_bearer_token_is_right_or_refused() {
        for (header, result) in [
            (Some("Bearer s3cret"), Ok(())),
            (Some("bearer  s3cret "), Ok(())),
            (None, Err(Refusal::Missing)),
            (Some(""), Err(Refusal::Malformed)),
            (Some("Bearer"), Err(Refusal::Malformed)),
            (Some("Basic s3cret"), Err(Refusal::Malformed)),
            (Some("s3cret"), Err(Refusal::Malformed)),
            (Some("Bearer "), Err(Refusal::Malformed)),
            (Some("Bearer s3cre"), Err(Refusal::Wrong)),
            (Some("Bearer s3crets"), Err(Refusal::Wrong)),
            (Some("Bearer S3cret"), Err(Refusal::Wrong)),
        ] {
            assert_eq!(bearer(header, "s3cret"), result, "{header:?}");
        }
        assert_eq!(bearer(Some("Bearer "), ""), Err(Refusal::NoSecret));
    }

    /// The example of GitHub's guide, whose header Meta's is.
    #[test]
    fn metas_signature_is_hexadecimal() {
        let secret = "It's a Secret to Everybody";
        let hex = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let right = format!("sha256={hex}");
        assert_eq!(meta(Some(&right), b"Hello, World!", secret), Ok(()));
        let upper = format!("sha256={}", hex.to_uppercase());
        assert_eq!(meta(Some(&upper), b"Hello, World!", secret), Ok(()));
        assert_eq!(
            meta(Some(&right), b"Hello, World", secret),
            Err(Refusal::Wrong)
        );
        assert_eq!(
            meta(Some(&right), b"Hello, World!", "it's"),
            Err(Refusal::Wrong)
        );
        assert_eq!(
            meta(Some(&right[..69]), b"Hello, World!", secret),
            Err(Refusal::Wrong)
        );
        assert_eq!(meta(None, b"Hello, World!", secret), Err(Refusal::Missing));
        assert_eq!(
            meta(Some(&right), b"Hello, World!", ""),
            Err(Refusal::NoSecret)
        );
        for header in [
            hex,
            "sha256=",
            "sha256=7",
            "sha256=zz",
            "sha1=00",
            "sha256=é",
        ] {
            let refused = meta(Some(header), b"Hello, World!", secret);
            assert!(refused.is_err(), "{header}");
        }
    }

    /// RFC 4231, test case 2, in the form that Shopify's header has.
    #[test]
    fn shopifys_signature_is_base64() {
        let right = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";
        let body = b"what do ya want for nothing?";
        assert_eq!(shopify(Some(right), body, "Jefe"), Ok(()));
        assert_eq!(shopify(Some(right), body, "jefe"), Err(Refusal::Wrong));
        assert_eq!(
            shopify(Some(right), &body[1..], "Jefe"),
            Err(Refusal::Wrong)
        );
        assert_eq!(shopify(Some(""), body, "Jefe"), Err(Refusal::Wrong));
        assert_eq!(shopify(Some("?"), body, "Jefe"), Err(Refusal::Malformed));
        assert_eq!(shopify(None, body, "Jefe"), Err(Refusal::Missing));
        assert_eq!(shopify(Some(right), body, ""), Err(Refusal::NoSecret));
    }
}
