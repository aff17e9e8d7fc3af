//! How many power cuts, in which phase, and what was found.

use super::cut::{Cut, Kept, Look};
use std::fmt;

#[derive(Debug, Default)]
pub(super) struct Totals {
    phases: Vec<(String, Counts)>,
    pub(super) failures: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    cuts: usize,
    services: usize,
    second_cuts: usize,
    dropped: usize,
    promises: usize,
    failures: usize,
}

impl Totals {
    pub(super) fn add(&mut self, phase: &str, cut: Cut, outcome: Result<Kept, String>) {
        let known = self.phases.iter().position(|(known, _)| known == phase);
        let index = known.unwrap_or(self.phases.len());
        if known.is_none() {
            self.phases.push((phase.to_owned(), Counts::default()));
        }
        let counts = &mut self.phases[index].1;
        counts.cuts += 1;
        counts.services += usize::from(cut.look == Look::Service);
        counts.second_cuts += usize::from(cut.look == Look::SecondCut);
        match outcome {
            Ok(kept) => {
                counts.dropped += usize::from(kept.dropped);
                counts.promises += kept.promises;
            }
            Err(reason) => {
                counts.failures += 1;
                let seed = cut.seed;
                self.failures
                    .push(format!("seed {seed}, {phase}: {reason}; {cut:?}"));
            }
        }
    }

    fn sum(&self) -> Counts {
        let each = self.phases.iter().map(|(_, counts)| counts);
        each.fold(Counts::default(), |sum, counts| Counts {
            cuts: sum.cuts + counts.cuts,
            services: sum.services + counts.services,
            second_cuts: sum.second_cuts + counts.second_cuts,
            dropped: sum.dropped + counts.dropped,
            promises: sum.promises + counts.promises,
            failures: sum.failures + counts.failures,
        })
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<28}{:>7}{:>9}{:>9}{:>9}{:>11}{:>8}",
            "power cut while", "cuts", "served", "cut", "dropped", "promises", "failed"
        )?;
        writeln!(
            f,
            "{:<28}{:>7}{:>9}{:>9}{:>9}{:>11}{:>8}",
            "", "", "after", "again", "commits", "checked", ""
        )?;
        for (phase, counts) in &self.phases {
            row(f, phase, *counts)?;
        }
        row(f, "all", self.sum())
    }
}

fn row(f: &mut fmt::Formatter<'_>, phase: &str, counts: Counts) -> fmt::Result {
    let Counts {
        cuts,
        services,
        second_cuts,
        dropped,
        promises,
        failures,
    } = counts;
    writeln!(
        f,
        "{phase:<28}{cuts:>7}{services:>9}{second_cuts:>9}{dropped:>9}{promises:>11}{failures:>8}"
    )
}
