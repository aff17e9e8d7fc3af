//! How long callers of good manners waited, before, during and after those of bad ones.

use super::regulars::Work;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// So much longer may requests take while others misbehave, with [`SLOWER_FLOOR`].
const SLOWER_MAX: u32 = 2;
const SLOWER_FLOOR: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Before,
    During,
    After,
}

impl Phase {
    pub(super) const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];

    fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        }
    }
}

/// What was measured, by phase and work.
#[derive(Default)]
pub(super) struct Figures {
    phase: AtomicUsize,
    times: Mutex<BTreeMap<(Phase, Work), Vec<Duration>>>,
}

impl Figures {
    /// From now on it is another phase.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as usize, Ordering::Relaxed);
    }

    pub(super) fn took(&self, work: Work, time: Duration) {
        let phase = Phase::ALL[self.phase.load(Ordering::Relaxed)];
        let mut times = self.times.lock().unwrap();
        times.entry((phase, work)).or_default().push(time);
    }

    /// How often work was done in all phases together.
    pub(super) fn count(&self, work: Work) -> usize {
        let times = self.times.lock().unwrap();
        let of_work = times.iter().filter(|((_, done), _)| *done == work);
        of_work.map(|(_, times)| times.len()).sum()
    }

    pub(super) fn requests(&self) -> usize {
        Work::ALL.iter().map(|work| self.count(*work)).sum()
    }

    /// While others misbehaved.
    pub(super) fn nobody_waited_longer(&self) {
        for work in Work::ALL {
            let of = |phase| self.quantile(phase, work, 0.99);
            let (before, during) = (of(Phase::Before), of(Phase::During));
            assert!(
                during <= before * SLOWER_MAX + SLOWER_FLOOR,
                "{}: {before:?} before, {during:?} during",
                work.name()
            );
        }
    }

    /// The time that all but a part of the requests stay within.
    fn quantile(&self, phase: Phase, work: Work, part: f64) -> Duration {
        let times = self.times.lock().unwrap();
        let mut times = times.get(&(phase, work)).cloned().unwrap_or_default();
        times.sort_unstable();
        let index = (times.len() as f64 * part) as usize;
        times
            .get(index.min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| request | phase | count | p50 | p99 | max |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for work in Work::ALL {
            for phase in Phase::ALL {
                let count = {
                    let times = self.times.lock().unwrap();
                    times.get(&(phase, work)).map_or(0, Vec::len)
                };
                let [half, most, all] =
                    [0.5, 0.99, 1.0].map(|part| self.quantile(phase, work, part));
                let (work, phase) = (work.name(), phase.name());
                let [half, most, all] = [half, most, all].map(|time| time.as_secs_f64() * 1e3);
                writeln!(
                    f,
                    "| {work} | {phase} | {count} | {half:.1} ms | {most:.1} ms | {all:.1} ms |"
                )?;
            }
        }
        Ok(())
    }
}
