//! SIGKILL under load: what was acknowledged is there, in one order without gaps.
//!
//! Most kills are aimed: while the ledger seals, while projections are snapshotted or rebuilt,
//! while a node opens what another kill left. Whether one hit is seen, never assumed (`aim`).
#![expect(
    clippy::print_stdout,
    reason = "how much was put at risk is worth reading"
)]

mod aim;
mod process;
mod totals;
mod watch;
mod writers;

use crate::check;
use crate::service::Service;
use aim::{Aim, Struck};
use process::Target;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};
use totals::Totals;
use touchbook_ledger::layout::newest;
use touchbook_testkit::{Nats, asked};
use writers::{SOURCE, Writers};

const KILLS: u64 = 8;
const KILLS_WITH_NATS: u64 = 4;
/// After so many a node begins anew, since everything it has is read after each.
const KILLS_A_NODE: u64 = 20;
/// Or when it has so many records.
const RECORDS_A_NODE: u64 = 25_000;
/// One node in so many takes its events from NATS.
const NODES_A_NATS: u64 = 3;
/// So few records that snapshots are always due.
const ARGUMENTS: [&str; 4] = ["--snapshot-records", "300", "--log-level", "error"];
/// What a node has before it is killed for the first time, so that a rebuild takes a moment.
const EVENTS_BEFORE: u64 = 3_000;

/// Design laws 2 and 3.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_sigkill_at_any_moment() {
    let mut node = Node::begin(None).await;
    let totals = node.survives(0..KILLS).await;
    println!("{totals}");
    totals.are_aimed();
}

/// Design laws 2 and 3: what the stream holds beyond the last commit is read again, and taken once.
#[tokio::test(flavor = "multi_thread")]
async fn what_came_over_nats_survives_sigkill_at_any_moment() {
    let nats = Nats::start();
    let mut node = Node::begin(Some(&nats.url())).await;
    println!("{}", node.survives(0..KILLS_WITH_NATS).await);
}

/// `cargo xtask kill` says how many.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes: `cargo xtask kill` runs it"]
async fn as_many_kills_as_were_asked_for() {
    let (mut seed, kills) = (asked("KILL_FROM", 0), asked("KILL_KILLS", 200));
    let (mut totals, mut nodes) = (Totals::default(), 0_u64);
    while totals.kills < kills {
        let to = seed + KILLS_A_NODE.min(kills - totals.kills);
        nodes += 1;
        let nats = nodes.is_multiple_of(NODES_A_NATS).then(Nats::start);
        let mut node = Node::begin(nats.as_ref().map(Nats::url).as_deref()).await;
        let survived = node.survives(seed..to).await;
        seed += survived.kills + survived.ended;
        totals.add(&survived);
        println!("before seed {seed}:\n{totals}\n");
    }
    totals.are_aimed();
}

/// A node that is killed over and over, and what it owes.
struct Node {
    service: Service,
    acknowledged: check::Positions,
    next_id: AtomicU64,
    /// How long it took to open.
    opening: Duration,
}

impl Node {
    async fn begin(nats: Option<&str>) -> Self {
        let mut arguments = ARGUMENTS.to_vec();
        arguments.extend(nats.iter().flat_map(|url| ["--stream", url]));
        let mut node = Self {
            service: Service::start_with(&arguments),
            acknowledged: check::Positions::new(),
            next_id: AtomicU64::new(0),
            opening: Duration::ZERO,
        };
        let before = writers::some(&node.service, &node.next_id, EVENTS_BEFORE).await;
        node.acknowledged.extend(before);
        // A clean stop makes the folders of its snapshots.
        assert_eq!(node.service.terminate(), Some(0));
        node.restart();
        node
    }

    fn restart(&mut self) {
        let began = Instant::now();
        self.service.restart();
        self.opening = began.elapsed();
    }

    /// Kills it once for every seed, or until it has grown too large.
    async fn survives(&mut self, seeds: std::ops::Range<u64>) -> Totals {
        let mut totals = Totals::default();
        for seed in seeds {
            let mut random = StdRng::seed_from_u64(seed);
            let aim = Aim::of(seed);
            let struck = self.kill(aim, &mut random).await;
            println!(
                "seed {seed}: {aim:?}, {struck:?}, {} owed",
                self.acknowledged.len()
            );
            if struck != Struck::Ended && random.random_ratio(1, 4) {
                check::verifies(&self.service);
            }
            self.restart();
            self.check().await;
            totals.count(aim, struck);
            if self.acknowledged.len() as u64 > RECORDS_A_NODE {
                break;
            }
        }
        totals.acknowledged = self.acknowledged.len() as u64;
        totals
    }

    /// Loads it and kills it; afterwards it no longer runs.
    async fn kill(&mut self, aim: Aim, random: &mut StdRng) -> Struck {
        let before = self.acknowledged.len();
        let struck = self.kill_under_load(aim, random).await;
        assert!(self.acknowledged.len() > before, "nothing was put at risk");
        self.service.exit_code();
        match aim {
            Aim::Sealing => {
                let newest = newest(self.service.data_dir()).unwrap();
                let owed = self.acknowledged.values().max().copied();
                Struck::hit_if(newest.seals && Some(newest.last) > owed)
            }
            Aim::Opening => self.kill_while_opening(random).await,
            _ => struck,
        }
    }

    /// Writes and reads on several connections until the process is gone; notes every answer that
    /// came, also those of the last moment.
    async fn kill_under_load(&mut self, aim: Aim, random: &mut StdRng) -> Struck {
        let target = Target::new(self.service.pid(), self.service.data_dir());
        let writers = Writers::new(&self.service, &self.next_id, aim == Aim::Sealing);
        let striking = async {
            writers.have_begun().await;
            aim.strike(&self.service, target, random).await
        };
        let (answered, struck) = tokio::join!(writers.run(), striking);
        self.acknowledged.extend(answered);
        struck
    }

    /// What another kill has left, perhaps more than once.
    async fn kill_while_opening(&mut self, random: &mut StdRng) -> Struck {
        let mut struck = Struck::Elsewhere;
        loop {
            let moment = self.opening.mul_f64(random.random_range(0.0..0.8));
            let data_dir = self.service.data_dir().to_owned();
            let watch = |pid| aim::while_opening(&Target::new(pid, &data_dir), moment);
            if !self.service.restart_watched(watch) {
                self.service.kill();
                return struck;
            }
            struck = Struck::Hit;
            self.service.exit_code();
            if random.random() {
                return struck;
            }
        }
    }

    async fn check(&mut self) {
        // Behind everything that the stream still holds.
        let last = writers::some(&self.service, &self.next_id, 1).await;
        self.acknowledged.extend(last);
        let stored = check::stored(&self.service, SOURCE).await;
        check::holds(&stored, &self.acknowledged);
        check::verifies(&self.service);
        check::folds(&self.service).await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("kept {}", self.service.keep().display());
        }
    }
}
