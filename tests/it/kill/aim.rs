//! What a kill is aimed at, and how it is known that it hit.
//!
//! | aim | it hit when |
//! |---|---|
//! | load | always: events were being acknowledged |
//! | sealing | the newest commit on the disk sealed blocks, and its end was never acknowledged |
//! | snapshotting | the frozen process has a snapshot half written |
//! | rebuilding | the frozen process has the thread that rebuilds |
//! | opening | the frozen process has the ledger open, and no writer yet |
//!
//! A process is frozen (SIGSTOP) to be looked at, and goes on where it is not what was aimed at.

use super::process::Target;
use super::watch::Watch;
use crate::service::Service;
use rand::Rng;
use rand::rngs::StdRng;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use touchbook_testkit::WAIT;

/// Linux keeps 15 bytes of a thread's name.
const REBUILD_THREAD: &str = "touchbook-rebui";
const WRITER_THREAD: &str = "touchbook-write";
const LOG: &str = "ledger/0001/db";
const PROJECTIONS: [&str; 3] = ["customers", "identifiers", "timeline"];
/// Commits, and what the store does by itself.
const LOG_WRITES: u32 = 30;
/// Those of one projection of a small tenant, several times.
const SNAPSHOTS: u32 = 4;
/// Longer than it takes until snapshots are due.
const SNAPSHOTS_DUE: Duration = Duration::from_secs(12);
const REBUILDS: usize = 20;
const LOAD: Duration = Duration::from_millis(250);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aim {
    Load,
    Sealing,
    /// When they are due.
    Snapshotting,
    /// By a node that was told to stop.
    SnapshottingAtStop,
    Rebuilding,
    Opening,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Struck {
    Hit,
    /// It was killed under load.
    Elsewhere,
    /// It had stopped by itself, as it was told.
    Ended,
}

impl Struck {
    pub(super) fn hit_if(hit: bool) -> Self {
        if hit { Self::Hit } else { Self::Elsewhere }
    }
}

impl Aim {
    /// Those of every test run come first; it takes a while until snapshots are due.
    const EACH: [Self; 10] = [
        Self::Sealing,
        Self::Rebuilding,
        Self::SnapshottingAtStop,
        Self::Opening,
        Self::Load,
        Self::Sealing,
        Self::Opening,
        Self::Rebuilding,
        Self::Snapshotting,
        Self::SnapshottingAtStop,
    ];

    pub(super) fn of(seed: u64) -> Self {
        Self::EACH[(seed % Self::EACH.len() as u64) as usize]
    }

    /// Waits for the moment, and kills.
    pub(super) async fn strike(
        self,
        service: &Service,
        target: Target,
        random: &mut StdRng,
    ) -> Struck {
        if self == Self::Rebuilding {
            return while_rebuilding(service, target, random).await;
        }
        let log_writes = random.random_range(1..LOG_WRITES);
        let snapshots = random.random_range(0..SNAPSHOTS);
        let load = random.random_range(Duration::ZERO..LOAD);
        let striking = tokio::task::spawn_blocking(move || match self {
            Self::Sealing => after_log_writes(&target, log_writes),
            Self::Snapshotting => while_snapshotting(&target, snapshots),
            Self::SnapshottingAtStop => {
                let watch = Watch::snapshots(target.data_dir());
                target.ask_to_stop();
                while_writing_snapshots(&target, &watch, snapshots)
            }
            Self::Load | Self::Opening | Self::Rebuilding => after(&target, load),
        });
        striking.await.unwrap()
    }
}

/// The moment is chance, so there is no condition to wait for.
fn pass(time: Duration) {
    let (_nobody_sends, pause) = mpsc::channel::<()>();
    let _ = pause.recv_timeout(time);
}

fn after(target: &Target, time: Duration) -> Struck {
    pass(time);
    target.kill();
    Struck::Hit
}

/// Within a commit: what it seals is judged by what is left.
fn after_log_writes(target: &Target, writes: u32) -> Struck {
    let watch = Watch::writes(&target.data_dir().join(LOG));
    for _ in 0..writes {
        watch.next(WAIT);
    }
    target.kill();
    Struck::Elsewhere
}

fn while_snapshotting(target: &Target, skipped: u32) -> Struck {
    let watch = Watch::snapshots(target.data_dir());
    while_writing_snapshots(target, &watch, skipped)
}

fn while_writing_snapshots(target: &Target, watch: &Watch, mut skipped: u32) -> Struck {
    let until = Instant::now() + SNAPSHOTS_DUE;
    while Instant::now() < until {
        if target.has_ended() {
            return Struck::Ended;
        }
        for name in watch.next(Duration::from_millis(100)) {
            if !name.ends_with(".new") {
                continue;
            }
            if skipped > 0 {
                skipped -= 1;
                continue;
            }
            if target.kill_if(Target::has_half_a_snapshot) {
                return Struck::Hit;
            }
        }
    }
    target.kill();
    Struck::Elsewhere
}

/// At any part of it.
async fn while_rebuilding(service: &Service, target: Target, random: &mut StdRng) -> Struck {
    for _ in 0..REBUILDS {
        let name = PROJECTIONS[random.random_range(0..PROJECTIONS.len())];
        let percent = random.random_range(0..90);
        let path = format!("/api/v1/projections/{name}/rebuild");
        let begun = service.accepted(&path).await;
        let job = format!("/api/v1/jobs/{}", begun["id"].as_str().unwrap());
        loop {
            let job = service.json(&job).await;
            let [done, total] = ["done", "total"].map(|name| job[name].as_u64().unwrap());
            if job["state"] != "running" || (total > 0 && done * 100 >= total * percent) {
                break;
            }
        }
        let rebuilds = |target: &Target| target.has_thread(REBUILD_THREAD);
        if target.kill_if(rebuilds) {
            return Struck::Hit;
        }
    }
    target.kill();
    Struck::Elsewhere
}

/// Some time after the ledger's log was opened; unless it serves by then.
pub(super) fn while_opening(target: &Target, moment: Duration) -> bool {
    let until = Instant::now() + WAIT;
    while !target.has_open(LOG) {
        assert!(Instant::now() < until, "the ledger is not opened");
        std::thread::yield_now();
    }
    pass(moment);
    target.kill_if(|target| target.has_open(LOG) && !target.has_thread(WRITER_THREAD))
}
