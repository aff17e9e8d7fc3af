//! How often what was hit.

use super::aim::{Aim, Struck};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Default)]
pub(super) struct Totals {
    pub(super) kills: u64,
    /// Stopped before they were hit, as they were told: no kills.
    pub(super) ended: u64,
    pub(super) acknowledged: u64,
    /// Those aimed, and those that hit.
    aims: BTreeMap<Aim, (u64, u64)>,
}

impl Totals {
    pub(super) fn count(&mut self, aim: Aim, struck: Struck) {
        let (aimed, hit) = self.aims.entry(aim).or_default();
        *aimed += 1;
        match struck {
            Struck::Hit => *hit += 1,
            Struck::Elsewhere => {}
            Struck::Ended => {
                self.ended += 1;
                return;
            }
        }
        self.kills += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.ended += other.ended;
        self.acknowledged += other.acknowledged;
        for (aim, (aimed, hit)) in &other.aims {
            let sum = self.aims.entry(*aim).or_default();
            *sum = (sum.0 + aimed, sum.1 + hit);
        }
    }

    /// At least half hit what is not the load alone.
    pub(super) fn are_aimed(&self) {
        let aims = self.aims.iter().filter(|(aim, _)| **aim != Aim::Load);
        let hits: u64 = aims.map(|(_, (_, hit))| hit).sum();
        assert!(2 * hits >= self.kills, "too few hit: {self}");
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kills, acknowledged) = (self.kills, self.acknowledged);
        writeln!(
            f,
            "{kills} kills, {acknowledged} events acknowledged, none lost"
        )?;
        for (aim, (aimed, hit)) in &self.aims {
            writeln!(f, "  {:<20} {hit} hit of {aimed} aimed", format!("{aim:?}"))?;
        }
        write!(f, "  {} stopped before they were hit", self.ended)
    }
}
