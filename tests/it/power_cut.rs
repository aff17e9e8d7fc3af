//! Power cuts at random moments: what was promised is there, whatever else the disk has lost.
//!
//! The real service is recorded in everything it does; what the disk would have after any of its
//! operations is worked out from that (`touchbook_testkit::power_cut`), opened and compared. The
//! promises are the answers that the service had sent by then.
#![expect(
    clippy::print_stdout,
    reason = "counts are worth reading, and a failure is told at once with how to repeat it"
)]

mod check;
mod cut;
mod recorded;
mod totals;
mod workload;

use cut::{Cut, Forgets, Kept, Look};
use futures::StreamExt;
use recorded::Recorded;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use totals::Totals;
use touchbook_projection::snapshot;
use touchbook_testkit::power_cut::{Disk, Survival};
use touchbook_testkit::{asked, data_dir};
pub(crate) use workload::files;
use workload::{DATA_DIR, Workload};

const SEEDS: u64 = 60;
/// After so many seeds the service is recorded anew.
const SEEDS_A_RECORDING: u64 = 100;
/// Cuts after which a snapshot is torn, and how many are tried to find them.
const TORN_SNAPSHOTS: u64 = 6;
const SEEDS_TRIED: u64 = 1_000;
const AT_ONCE: usize = 2;

/// Design law 2.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_promised_survives_a_power_cut_at_any_moment() {
    let recorded = record(0).await;
    let mut totals = Totals::default();
    run(&recorded, 0..SEEDS, &mut totals).await;
    println!("{totals}");
    assert!(totals.failures.is_empty(), "{:#?}", totals.failures);
}

/// Where this fails, the tests above prove nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_forgets_syncs_breaks_promises() {
    let workload = Workload::start(data_dir(), "", 1);
    let recorded = Arc::new(workload.run_briefly().await);
    let commits: Forgets = |sync| sync.of_data && sync.path.ends_with("db");
    let folders: Forgets = |sync| sync.of_folder;
    for (what, forgets) in [("commits", commits), ("folders", folders)] {
        let mut lost = Vec::new();
        for seed in 0..SEEDS {
            let cut = Cut {
                look: Look::Ledger,
                ..Cut::new(seed, &recorded)
            };
            lost.extend(check(cut, &recorded, forgets).await.err());
        }
        let is_loss = |reason: &String| reason.contains("lost");
        assert!(
            lost.iter().any(is_loss),
            "the syncs of {what} were not missed: {lost:#?}"
        );
    }
}

/// As if their bytes had never been synced.
#[tokio::test(flavor = "multi_thread")]
async fn snapshots_that_were_torn_are_discarded() {
    let workload = Workload::start(data_dir(), "", 2);
    let recorded = Arc::new(workload.run_briefly().await);
    let forgets: Forgets =
        |sync| sync.of_data && sync.path.starts_with(DATA_DIR.to_owned() + "/snapshots");
    let torn = |seed| {
        let cut = Cut {
            look: Look::Service,
            ..Cut::new(seed, &recorded)
        };
        let image = data_dir();
        cut.image(&recorded, forgets, image.path()).unwrap();
        let snapshots = files(&image.path().join(DATA_DIR).join("snapshots"));
        let is_torn = |path: &PathBuf| snapshot::decode(&std::fs::read(path).unwrap()).is_err();
        snapshots.iter().any(is_torn).then_some(cut)
    };
    let mut cuts = (0..SEEDS_TRIED).filter_map(torn);
    for _ in 0..TORN_SNAPSHOTS {
        let cut = cuts.next().expect("snapshots are torn now and then");
        check(cut, &recorded, forgets).await.unwrap();
    }
}

/// `cargo xtask power-cut` says how many.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes: `cargo xtask power-cut` runs it"]
async fn as_many_power_cuts_as_were_asked_for() {
    let from = asked("POWER_CUT_FROM", 0);
    let to = from + asked("POWER_CUT_SEEDS", SEEDS);
    let mut totals = Totals::default();
    let recording = std::env::var_os("POWER_CUT_RECORDING");
    let mut next = from;
    while next < to {
        let end = (next / SEEDS_A_RECORDING + 1) * SEEDS_A_RECORDING;
        let recorded = match &recording {
            Some(log) => Arc::new(Recorded::read(Path::new(log))),
            None => record(next / SEEDS_A_RECORDING).await,
        };
        let (operations, promises) = (recorded.operations(), recorded.promises.len());
        println!("seeds from {next}: {operations} operations, {promises} promises");
        run(&recorded, next..end.min(to), &mut totals).await;
        next = end;
    }
    println!("{totals}");
    assert!(totals.failures.is_empty(), "{:#?}", totals.failures);
}

/// Every fourth recording is a long one.
async fn record(number: u64) -> Arc<Recorded> {
    let rounds = if number % 4 == 3 { 4 } else { 1 };
    let workload = Workload::start(data_dir(), "", number);
    let (workload, recorded) = workload.run(rounds).await;
    is_complete(&recorded, &workload.root());
    let promises = recorded.promises.len();
    assert!(promises >= workload.answered, "answers were not recorded");
    Arc::new(recorded)
}

/// With nothing lost, the recording makes the very folder that the service left.
fn is_complete(recorded: &Recorded, root: &Path) {
    let copy = data_dir();
    let disk = Disk::after(&recorded.recording, recorded.operations(), None, |_| false);
    let mut everything = Survival::of_everything();
    disk.unwrap()
        .survivors(&mut everything, copy.path())
        .unwrap();
    assert_eq!(
        contents(copy.path()),
        contents(root),
        "the recording is not complete"
    );
}

/// Every file below a folder, by its path, with a hash of what is in it.
fn contents(folder: &Path) -> BTreeMap<PathBuf, blake3::Hash> {
    let hash = |path: PathBuf| {
        let hash = blake3::hash(&std::fs::read(&path).unwrap());
        (path.strip_prefix(folder).unwrap().to_owned(), hash)
    };
    files(folder).into_iter().map(hash).collect()
}

/// Cuts the power once for every seed.
async fn run(recorded: &Arc<Recorded>, seeds: Range<u64>, totals: &mut Totals) {
    let cuts = futures::stream::iter(seeds).map(|seed| async move {
        let cut = Cut::new(seed, recorded);
        (cut, check(cut, recorded, |_| false).await)
    });
    let mut cuts = cuts.buffer_unordered(AT_ONCE);
    while let Some((cut, outcome)) = cuts.next().await {
        if let Err(reason) = &outcome {
            let log = keep(recorded, cut.seed);
            let (seed, log) = (cut.seed, log.display());
            println!("{reason}\nto repeat it:");
            println!("cargo xtask power-cut --from {seed} --seeds 1 --recording {log}");
        }
        totals.add(&recorded.phases[cut.phase].0, cut, outcome);
    }
}

/// What was found; a panic is a finding too.
async fn check(cut: Cut, recorded: &Arc<Recorded>, forgets: Forgets) -> Result<Kept, String> {
    let recorded = Arc::clone(recorded);
    let checking = tokio::spawn(async move { cut.check(&recorded, forgets).await });
    match checking.await {
        Ok(outcome) => outcome.map_err(|error| format!("{error:#}")),
        Err(error) => Err(error.to_string()),
    }
}

/// Keeps a recording in which a cut was not survived.
fn keep(recorded: &Recorded, seed: u64) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let log = folder.join(format!("power-cut-{}.log", seed / SEEDS_A_RECORDING));
    recorded.recording.save(&log).unwrap();
    log
}
