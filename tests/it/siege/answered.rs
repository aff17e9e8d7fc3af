//! What was answered to who asked for too much, and how often.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

/// Status, and what kind of problem.
pub(super) type Said = (u16, &'static str);

/// Counts by limit; only what was as promised.
#[derive(Default)]
pub(super) struct Answered(Mutex<BTreeMap<(&'static str, Said), u64>>);

impl Answered {
    pub(super) fn count(&self, limit: &'static str, said: Said) {
        let mut counts = self.0.lock().unwrap();
        *counts.entry((limit, said)).or_default() += 1;
    }
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| beyond | answer | times |")?;
        writeln!(f, "|---|---|---|")?;
        for ((limit, (status, code)), count) in &*self.0.lock().unwrap() {
            writeln!(f, "| {limit} | {status} {code} | {count} |")?;
        }
        Ok(())
    }
}
