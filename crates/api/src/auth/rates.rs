//! How many requests a second each principal may send, where the policy `limits` says.

use crate::problem::Problem;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use touchbook_events::TenantNumber;

/// Principals that are remembered; whoever begins anew has a whole second's requests.
const PRINCIPALS_MAX: usize = 100_000;

/// The requests of each principal in the last second.
#[derive(Default)]
pub(crate) struct Rates(Mutex<HashMap<(TenantNumber, Box<str>), Rate>>);

struct Rate {
    per_second: NonZeroU32,
    limiter: Arc<DefaultDirectRateLimiter>,
}

impl Rates {
    /// # Errors
    /// 429 with how long to wait where `principal` has sent as many as it may.
    pub(crate) fn take(
        &self,
        tenant: TenantNumber,
        principal: &str,
        per_second: NonZeroU32,
    ) -> Result<(), Problem> {
        let limiter = self.limiter(tenant, principal, per_second);
        limiter.check().map_err(|early| {
            let wait = early.wait_time_from(DefaultClock::default().now());
            let detail =
                format!("{per_second} requests a second are what this credential may send");
            Problem::too_many(detail).retry_after(wait)
        })
    }

    fn limiter(
        &self,
        tenant: TenantNumber,
        principal: &str,
        per_second: NonZeroU32,
    ) -> Arc<DefaultDirectRateLimiter> {
        let mut rates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant, principal.into());
        match rates.get(&key) {
            Some(rate) if rate.per_second == per_second => return Arc::clone(&rate.limiter),
            _ => {}
        }
        if rates.len() >= PRINCIPALS_MAX {
            rates.clear();
        }
        let limiter = Arc::new(RateLimiter::direct(Quota::per_second(per_second)));
        let rate = Rate {
            per_second,
            limiter: Arc::clone(&limiter),
        };
        rates.insert(key, rate);
        limiter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_principal_has_a_rate_of_its_own() {
        let rates = Rates::default();
        let once = NonZeroU32::MIN;
        let tenant = TenantNumber(1);
        assert!(rates.take(tenant, "one", once).is_ok());
        let refused = rates.take(tenant, "one", once).unwrap_err();
        assert_eq!(refused.status(), 429);
        assert!(rates.take(tenant, "other", once).is_ok());
        assert!(rates.take(TenantNumber(2), "one", once).is_ok());
        let more = NonZeroU32::new(1_000).unwrap();
        assert!(
            rates.take(tenant, "one", more).is_ok(),
            "the policy has changed"
        );
    }
}
