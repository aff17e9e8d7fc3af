//! `Idempotency-Key`: what makes a retry of a write the same write.

use crate::limits::IDEMPOTENCY_KEY_CHARS_MAX;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

const HEADER: &str = "idempotency-key";

/// The caller's name for this write, or none.
pub(crate) struct IdempotencyKey(Option<String>);

impl IdempotencyKey {
    /// The id of the event that a write of `route` becomes: the same for the same key.
    pub(crate) fn event_id(&self, route: &str) -> String {
        match &self.0 {
            Some(key) => format!("{route}:{key}"),
            None => {
                let random: [u8; 16] = rand::random();
                uuid::Builder::from_random_bytes(random)
                    .into_uuid()
                    .to_string()
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(HEADER) else {
            return Ok(Self(None));
        };
        let text = value.to_str().ok();
        match text.filter(|key| (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len())) {
            Some(key) => Ok(Self(Some(key.to_owned()))),
            None => {
                let detail = format!(
                    "`Idempotency-Key` must be 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII \
                     characters"
                );
                Err(Problem::unreadable("invalid_idempotency_key", detail))
            }
        }
    }
}
