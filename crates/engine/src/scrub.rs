//! The scrub: reads everything that is stored, over and over, slowly, so that damage is known
//! before somebody needs what is damaged.
//!
//! A round walks the chain of every tenant through the store, and then reads the store's file past
//! everything that is held in memory.

use crate::error::chain;
use crate::metrics as names;
use crate::shared::Shared;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use touchbook_ledger::{Damage, Head, Reader};

/// Enough to find rot in days on a disk that others need; nothing that they would notice.
pub const SCRUB_BYTES_PER_SECOND: u64 = 8 * 1024 * 1024;
/// Between two rounds.
pub const SCRUB_PAUSE: Duration = Duration::from_secs(3_600);

/// Debts of less time than this are paid together.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);
/// What reading a piece of the ledger counts for at least.
const LEAST_BYTES: u64 = 4_096;
/// Damage that is told; more says nothing new.
const DAMAGE_MAX: usize = 100;
/// To the scheduler: after everybody else.
const NICE: i32 = 19;

/// How fast stored bytes are read to see whether they are whole.
#[derive(Clone, Copy, Debug)]
pub struct ScrubConfig {
    /// 0 is never.
    pub bytes_per_second: u64,
    pub pause: Duration,
}

impl Default for ScrubConfig {
    fn default() -> Self {
        Self {
            bytes_per_second: SCRUB_BYTES_PER_SECOND,
            pause: SCRUB_PAUSE,
        }
    }
}

/// Damage that was found while the node runs, by whomever.
#[derive(Default)]
pub(crate) struct Found(Mutex<Vec<Damage>>);

impl Found {
    /// Adds what was not known.
    pub(crate) fn add(&self, damage: Damage) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new =
            |known: &Damage| (known.tenant, known.position) != (damage.tenant, damage.position);
        if found.len() < DAMAGE_MAX && found.iter().all(is_new) {
            tracing::error!(damage = %damage, "the ledger is damaged");
            found.push(damage);
        }
        ::metrics::gauge!(names::DAMAGED_POSITIONS).set(found.len() as f64);
    }

    pub(crate) fn all(&self) -> Vec<Damage> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

pub(crate) struct Scrub {
    pub(crate) shared: Arc<Shared>,
    pub(crate) reader: Reader,
    pub(crate) config: ScrubConfig,
}

impl Scrub {
    /// Runs until `stop` is dropped.
    pub(crate) fn run(self, stop: &Receiver<()>) {
        if self.config.bytes_per_second == 0 {
            return;
        }
        yield_to_others();
        let mut pace = Pace {
            bytes_per_second: self.config.bytes_per_second,
            owed: Duration::ZERO,
            stop,
        };
        self.tell_completed();
        while self.round(&mut pace).is_continue() {
            self.tell_completed();
            if stop.recv_timeout(self.config.pause) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    fn tell_completed(&self) {
        let now = (self.shared.clock)().micros() as f64 / 1e6;
        ::metrics::gauge!(names::SCRUB_COMPLETED_SECONDS).set(now);
    }

    fn round(&self, pace: &mut Pace<'_>) -> ControlFlow<()> {
        for tenant in self.reader.tenants() {
            let mut at = Head::EMPTY;
            loop {
                match self.reader.check_after(tenant, at) {
                    Ok(Some(checked)) => {
                        at = checked.head;
                        pace.read(checked.bytes)?;
                    }
                    Ok(None) => break,
                    Err(damage) => {
                        self.shared.damage.add(damage);
                        break;
                    }
                }
            }
        }
        let mut stopped = ControlFlow::Continue(());
        let checked = self.reader.check_disk(&mut |bytes| {
            stopped = pace.read(bytes);
            stopped
        });
        match checked {
            Ok(damage) => damage
                .into_iter()
                .for_each(|damage| self.shared.damage.add(damage)),
            Err(error) => tracing::warn!(error = %chain(&error), "the scrub could not read"),
        }
        stopped
    }
}

/// Keeps the rate.
struct Pace<'a> {
    bytes_per_second: u64,
    owed: Duration,
    stop: &'a Receiver<()>,
}

impl Pace<'_> {
    fn read(&mut self, bytes: u64) -> ControlFlow<()> {
        let bytes = bytes.max(LEAST_BYTES);
        ::metrics::counter!(names::SCRUBBED_BYTES_TOTAL).increment(bytes);
        self.owed += Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        if self.owed < SHORTEST_WAIT {
            return ControlFlow::Continue(());
        }
        match self.stop.recv_timeout(std::mem::take(&mut self.owed)) {
            Err(RecvTimeoutError::Timeout) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }
}

/// On Linux a thread has a priority of its own.
fn yield_to_others() {
    let thread = Some(rustix::thread::gettid());
    if let Err(error) = rustix::process::setpriority_process(thread, NICE) {
        tracing::debug!(%error, "the scrub runs at everybody's priority");
    }
}
