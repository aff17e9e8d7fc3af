//! Standard Webhooks (standardwebhooks.com), version 1 with a shared secret.

use super::{HmacSha256, Refusal, keyed, matches};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt;

/// How far a delivery's time may lie from now, before or after.
pub const TOLERANCE_SECONDS: u64 = 5 * 60;

/// Before a secret's base64.
const SECRET_PREFIX: &str = "whsec_";
/// Before a signature's base64.
const VERSION: &str = "v1";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A secret of which both ends know.
#[derive(Clone)]
pub struct StandardSecret(HmacSha256);

/// What a delivery says of itself in its headers, and its raw body.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// `webhook-id`, the same for each attempt.
    pub id: Option<&'a str>,
    /// `webhook-timestamp`, in seconds since 1970.
    pub timestamp: Option<&'a str>,
    /// `webhook-signature`: one or more, with a space between them, while secrets are changed.
    pub signature: Option<&'a str>,
    pub body: &'a [u8],
}

impl StandardSecret {
    /// Reads `whsec_<base64>`; the prefix may be left out.
    ///
    /// # Errors
    /// [`Refusal::NoSecret`] where it is empty or no base64.
    pub fn parse(secret: &str) -> Result<Self, Refusal> {
        let secret = secret.trim();
        let base64 = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
        let bytes = BASE64.decode(base64).map_err(|_| Refusal::NoSecret)?;
        keyed(&bytes).map(Self)
    }

    /// `now_seconds` is since 1970. After `Ok`, the delivery's id is its event's.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn verify(&self, delivery: &Delivery<'_>, now_seconds: i64) -> Result<(), Refusal> {
        let is_there = |text: &&str| !text.is_empty();
        let id = delivery.id.filter(is_there).ok_or(Refusal::Missing)?;
        let timestamp = delivery
            .timestamp
            .filter(is_there)
            .ok_or(Refusal::Missing)?;
        let signatures = delivery
            .signature
            .filter(is_there)
            .ok_or(Refusal::Missing)?;
        let sent_at: i64 = timestamp.parse().map_err(|_| Refusal::Malformed)?;
        if sent_at.abs_diff(now_seconds) > TOLERANCE_SECONDS {
            return Err(Refusal::OutOfTime);
        }
        let parts = [
            id.as_bytes(),
            b".",
            timestamp.as_bytes(),
            b".",
            delivery.body,
        ];
        let mut outcome = Err(Refusal::Malformed);
        for signature in signatures.split(' ').filter_map(of_version) {
            outcome = matches(self.0.clone(), &parts, &signature);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
}

impl fmt::Debug for StandardSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StandardSecret(..)")
    }
}

/// Signatures of other versions are nobody's here.
fn of_version(signature: &str) -> Option<Vec<u8>> {
    let (version, base64) = signature.split_once(',')?;
    let signature = (version == VERSION).then(|| BASE64.decode(base64).ok());
    signature.flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that libraries of the standard test themselves with.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SENT_AT: i64 = 1_614_265_330;
    const DELIVERY: Delivery<'static> = Delivery {
        id: Some("msg_p5jXN8AQM9LWM0D4loKWxJek"),
        timestamp: Some("1614265330"),
        signature: Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        body: br#"{"test": 2432232314}"#,
    };

    fn verify(delivery: Delivery<'_>, now_seconds: i64) -> Result<(), Refusal> {
        StandardSecret::parse(SECRET)
            .unwrap()
            .verify(&delivery, now_seconds)
    }

    #[test]
    fn the_published_vector_is_right() {
        assert_eq!(verify(DELIVERY, SENT_AT), Ok(()));
        let bare = StandardSecret::parse(&SECRET["whsec_".len()..]).unwrap();
        assert_eq!(bare.verify(&DELIVERY, SENT_AT), Ok(()));
        assert!(format!("{bare:?}").ends_with("(..)"), "{bare:?}");
    }

    #[test]
    fn a_delivery_is_taken_five_minutes_before_and_after_its_time() {
        for (now, result) in [
            (SENT_AT - 300, Ok(())),
            (SENT_AT + 300, Ok(())),
            (SENT_AT - 301, Err(Refusal::OutOfTime)),
            (SENT_AT + 301, Err(Refusal::OutOfTime)),
            (i64::MAX, Err(Refusal::OutOfTime)),
        ] {
            assert_eq!(verify(DELIVERY, now), result, "{now}");
        }
    }

    #[test]
    fn one_right_signature_of_several_is_enough() {
        let right = DELIVERY.signature.unwrap_or_default();
        let wrong = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        for signatures in [
            format!("{wrong} {right}"),
            format!("v1a,{} {right} {wrong}", "A".repeat(86)),
            format!("v1,? {right}"),
        ] {
            let delivery = Delivery {
                signature: Some(&signatures),
                ..DELIVERY
            };
            assert_eq!(verify(delivery, SENT_AT), Ok(()), "{signatures}");
        }
        let v2 = right.replace("v1,", "v2,");
        for (signatures, refusal) in [
            (wrong, Refusal::Wrong),
            (v2.as_str(), Refusal::Malformed),
            ("v1", Refusal::Malformed),
            ("v1,", Refusal::Wrong),
            ("", Refusal::Missing),
        ] {
            let delivery = Delivery {
                signature: Some(signatures),
                ..DELIVERY
            };
            assert_eq!(verify(delivery, SENT_AT), Err(refusal), "{signatures}");
        }
    }

    #[test]
    fn what_is_signed_is_the_id_the_time_and_the_body() {
        for (delivery, refusal) in [
            (
                Delivery {
                    id: Some("msg_other"),
                    ..DELIVERY
                },
                Refusal::Wrong,
            ),
            (
                Delivery {
                    timestamp: Some("1614265331"),
                    ..DELIVERY
                },
                Refusal::Wrong,
            ),
            (
                Delivery {
                    body: br#"{"test": 2432232315}"#,
                    ..DELIVERY
                },
                Refusal::Wrong,
            ),
            (
                Delivery {
                    id: None,
                    ..DELIVERY
                },
                Refusal::Missing,
            ),
            (
                Delivery {
                    timestamp: None,
                    ..DELIVERY
                },
                Refusal::Missing,
            ),
            (
                Delivery {
                    signature: None,
                    ..DELIVERY
                },
                Refusal::Missing,
            ),
            (
                Delivery {
                    timestamp: Some("now"),
                    ..DELIVERY
                },
                Refusal::Malformed,
            ),
        ] {
            assert_eq!(verify(delivery, SENT_AT), Err(refusal), "{delivery:?}");
        }
    }

    #[test]
    fn a_secret_that_can_not_be_used_lets_nobody_in() {
        for secret in ["", "whsec_", "whsec_?", "not base64!"] {
            assert_eq!(
                StandardSecret::parse(secret).err(),
                Some(Refusal::NoSecret),
                "{secret}"
            );
        }
    }
}
