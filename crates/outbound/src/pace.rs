//! How long it is until the next poll.

use crate::limits::BACKOFF_MAX;
use std::time::Duration;

/// Of a pause after a failure, at most one in so many is added by chance, so that nodes that
/// failed together don't come back together.
const JITTER_PART: u32 = 4;

/// Never faster than the interval; slower the more often it failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    interval: Duration,
    failures: u32,
}

impl Pace {
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            interval,
            failures: 0,
        }
    }

    pub(crate) fn succeeded(&mut self) -> Duration {
        self.failures = 0;
        self.interval
    }

    /// `retry_after` is what the server asked for; `chance` is 0 to 1.
    pub(crate) fn failed(&mut self, retry_after: Option<Duration>, chance: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failures);
        self.failures = self.failures.saturating_add(1);
        let longest = BACKOFF_MAX.max(self.interval);
        let pause = self.interval.saturating_mul(doubled).min(longest);
        let pause = pause.max(retry_after.unwrap_or_default());
        pause.saturating_add((pause / JITTER_PART).mul_f64(chance.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_anew() {
        let mut pace = Pace::new(Duration::from_secs(60));
        let pauses: Vec<_> = (0..6).map(|_| pace.failed(None, 0.0).as_secs()).collect();
        assert_eq!(pauses, [60, 120, 240, 480, 900, 900]);
        assert_eq!(pace.succeeded().as_secs(), 60);
        assert_eq!(pace.failed(None, 0.0).as_secs(), 60);
        let mut slow = Pace::new(Duration::from_secs(7_200));
        assert_eq!(slow.failed(None, 0.0).as_secs(), 7_200);
        let mut slowest = Pace::new(Duration::from_secs(u64::MAX));
        assert!(slowest.failed(None, 1.0) >= slowest.succeeded());
    }

    proptest! {
        #[test]
        fn no_pause_is_shorter_than_the_interval_or_than_was_asked_for(
            seconds in 1_u64..10_000,
            asked in 0_u64..4_000,
            failures in 0_usize..70,
            chance in 0.0..1.0_f64,
        ) {
            let mut pace = Pace::new(Duration::from_secs(seconds));
            for _ in 0..failures {
                pace.failed(None, chance);
            }
            let pause = pace.failed(Some(Duration::from_secs(asked)), chance).as_secs();
            prop_assert!(pause >= seconds.max(asked));
            let longest = BACKOFF_MAX.as_secs().max(seconds).max(asked);
            prop_assert!(pause <= longest + longest / 4 + 1);
        }
    }
}
