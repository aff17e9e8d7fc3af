//! One power cut: when, what survives, and whether everything promised is there.

use super::check;
use super::recorded::Recorded;
use super::workload::Workload;
use anyhow::{Context, Result};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::path::Path;
use tempfile::TempDir;
use touchbook_testkit::data_dir;
use touchbook_testkit::power_cut::{Disk, Forgotten, Survival};

/// Which syncs the disk forgets.
pub(super) type Forgets = fn(&Forgotten<'_>) -> bool;

/// How a folder that a cut left is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    /// The ledger is opened, read, written and opened again.
    Ledger,
    /// The service is started on it, then the same.
    Service,
    /// The service is started on it, and the power is cut once more.
    SecondCut,
}

/// Everything about a cut follows from its seed and the recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) seed: u64,
    /// In the recording's list.
    pub(super) phase: usize,
    /// How many were begun.
    pub(super) operations: usize,
    pub(super) look: Look,
}

/// What was found to be right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) promises: usize,
    /// Opening dropped a commit that nobody was told of.
    pub(super) dropped: bool,
}

impl Cut {
    pub(super) fn new(seed: u64, recorded: &Recorded) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let phase = (seed % recorded.phases.len() as u64) as usize;
        let ranges = &recorded.phases[phase].1;
        let range = ranges[random.random_range(0..ranges.len())].clone();
        let operations = random.random_range(range.start..=range.end);
        let within = |at: &usize| (operations..=range.end).contains(at);
        let special = match random.random_range(0..5) {
            // A promise has just been made.
            0 => recorded.promises.iter().map(|one| one.after).find(within),
            // Everything of a commit is written, and nothing of it synced.
            1 => recorded.syncs.iter().copied().find(within),
            // What stood there before is overwritten; what replaced it may not be durable.
            2 => recorded.segments.iter().copied().find(within),
            _ => None,
        };
        let operations = special.unwrap_or(operations);
        let look = match random.random_range(0..8) {
            0 | 1 => Look::Service,
            2 => Look::SecondCut,
            _ => Look::Ledger,
        };
        Self {
            seed,
            phase,
            operations,
            look,
        }
    }

    /// Cuts the power and looks.
    pub(super) async fn check(self, recorded: &Recorded, forgets: Forgets) -> Result<Kept> {
        let home = data_dir();
        self.image(recorded, forgets, home.path())?;
        let promises = recorded.promised(self.operations).to_vec();
        let count = promises.len();
        let closes = self.seed.is_multiple_of(3);
        let home = match self.look {
            Look::Ledger => home,
            Look::Service => check::service(home).await?,
            Look::SecondCut => return self.again(recorded, forgets, home).await,
        };
        let checking = move || check::ledger(home.path(), &promises, closes);
        let report = tokio::task::spawn_blocking(checking).await??;
        Ok(Kept {
            promises: count,
            dropped: report.dropped_commit.is_some(),
        })
    }

    /// What is there when the machine comes back.
    pub(super) fn image(self, recorded: &Recorded, forgets: Forgets, into: &Path) -> Result<()> {
        let disk = Disk::after(&recorded.recording, self.operations, None, forgets)?;
        let mut survival = Survival::new(self.seed, self.operations);
        disk.survivors(&mut survival, into)
            .context("making what survived")
    }

    /// Cuts the power again, while the service opens what the first cut left or soon after.
    async fn again(self, recorded: &Recorded, forgets: Forgets, home: TempDir) -> Result<Kept> {
        let base = data_dir();
        self.image(recorded, forgets, base.path())?;
        let mut workload = Workload::start(home, "again-", self.seed);
        workload.trickle(2).await;
        workload.kill().await;
        let second = workload.recorded();
        let mut random = StdRng::seed_from_u64(!self.seed);
        let operations = random.random_range(0..=second.operations());
        let disk = Disk::after(&second.recording, operations, Some(base.path()), forgets)?;
        let left = data_dir();
        let mut survival = Survival::new(!self.seed, operations);
        disk.survivors(&mut survival, left.path())?;
        let mut promises = recorded.promised(self.operations).to_vec();
        promises.extend_from_slice(second.promised(operations));
        let count = promises.len();
        let checking = move || check::ledger(left.path(), &promises, true);
        let report = tokio::task::spawn_blocking(checking).await??;
        Ok(Kept {
            promises: count,
            dropped: report.dropped_commit.is_some(),
        })
    }
}
