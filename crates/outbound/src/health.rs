//! How a source stands, for operators.

use crate::failure::Failure;
use crate::metrics;
use std::sync::{Mutex, PoisonError};
use touchbook_events::Timestamp;

/// How a source stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has yet to be polled for the first time.
    Starting,
    /// The last poll read it to its end.
    Ok { last_polled_at: Timestamp },
    Failing {
        /// In words of ours; holds no key and nothing that the source answered.
        reason: String,
        /// When a poll last read it to its end, since the start.
        last_polled_at: Option<Timestamp>,
    },
}

/// What the poller last found.
pub struct Health(Mutex<Standing>);

impl Default for Health {
    fn default() -> Self {
        Self(Mutex::new(Standing::Starting))
    }
}

impl Health {
    pub fn standing(&self) -> Standing {
        let standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        standing.clone()
    }

    pub(crate) fn succeeded(&self, now: Timestamp) {
        metrics::succeeded(now);
        let last_polled_at = now;
        if let Standing::Failing { .. } = self.replace(Standing::Ok { last_polled_at }) {
            tracing::info!("the quote source is read again");
        }
    }

    /// Logged where it is news.
    pub(crate) fn failed(&self, failure: &Failure) {
        metrics::failed(failure.code());
        let reason = failure.to_string();
        let (known, last_polled_at) = match self.standing() {
            Standing::Starting => (None, None),
            Standing::Ok { last_polled_at } => (None, Some(last_polled_at)),
            Standing::Failing {
                reason,
                last_polled_at,
            } => (Some(reason), last_polled_at),
        };
        if known.as_ref() != Some(&reason) {
            tracing::warn!(
                code = failure.code(),
                reason,
                "the quote source is not read"
            );
        }
        self.replace(Standing::Failing {
            reason,
            last_polled_at,
        });
    }

    fn replace(&self, standing: Standing) -> Standing {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut known, standing)
    }
}
