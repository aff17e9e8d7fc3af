//! Callers that are slow, silent, gone, or ask for too much: each limit answers as promised, memory
//! stays flat, and nobody else waits for them.
#![expect(
    clippy::print_stdout,
    reason = "what was answered, and how soon, is worth reading"
)]

mod answered;
mod figures;
mod files;
mod held;
mod limits;
mod memory;
mod nuisances;
mod regulars;
mod scene;
mod wire;

use crate::check;
use crate::failing_disk::Node;
use figures::Phase;
use nuisances::Nuisance;
use regulars::Work;
use scene::Siege;
use std::time::Duration;
use touchbook_testkit::{asked, eventually};

/// Events that there are before anybody comes.
const EVENTS_BEFORE: u64 = 2_000;
/// The same where it takes long.
const EVENTS_BEFORE_LONG: u64 = 50_000;
/// How much slower a service is used that was built to be looked into.
const SLOWER: u32 = 8;
/// How many misbehave at once, in hundreds.
const HUNDREDS: usize = 1;
const HUNDREDS_LONG: usize = 5;
/// Of each work, so much is done at least.
const WORK_MIN: usize = 10;

/// Design law 8, and nothing that was acknowledged is lost meanwhile. How much longer others wait
/// is asked where there is time to compare, in `cargo xtask siege`.
#[tokio::test(flavor = "multi_thread")]
async fn each_limit_answers_as_promised_and_everybody_else_is_served() {
    let mut siege = Siege::begin(EVENTS_BEFORE, SLOWER).await;
    siege.figures.enter(Phase::During);
    siege.nuisances(HUNDREDS);
    for beyond in limits::all(&siege.service).await {
        beyond.ask(&siege.service).await;
    }
    held::all_there_is(&siege.service).await;
    eventually("everybody is served", || {
        let is_served = |work: &Work| siege.figures.count(*work) >= WORK_MIN;
        std::future::ready(Work::ALL.iter().all(is_served))
    })
    .await;
    eventually("who says nothing is not waited for", || {
        let ended = [Nuisance::Silent, Nuisance::SlowHead];
        std::future::ready(ended.iter().all(|kind| !siege.tally.of(*kind).is_empty()))
    })
    .await;
    siege.leave_in_peace().await;
    println!("{}", siege.figures);
    siege.ends_whole().await;
}

/// The writer is kept waiting by the disk; so are more and more who write.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_one_too_many_to_wait_is_turned_away_and_everybody_else_is_taken() {
    let node = Node::start(&[]);
    held::too_many_waiters(&node).await;
    held::too_full_a_queue(&node).await;
    check::verifies(&node.service);
}

/// `cargo xtask siege` says for how long.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes: `cargo xtask siege` runs it"]
async fn for_as_long_as_was_asked_for() {
    let part = Duration::from_secs(asked("SIEGE_SECONDS", 600)) / 6;
    let mut siege = Siege::begin(EVENTS_BEFORE_LONG, 1).await;
    siege.go_on_for(part).await;

    siege.figures.enter(Phase::During);
    siege.nuisances(HUNDREDS_LONG);
    siege.beyond_every_limit().await;
    siege.go_on_for(part).await;
    let began = siege.memory.elapsed();
    siege.go_on_for(part * 3).await;
    let ended = siege.memory.elapsed();
    siege.leave_in_peace().await;

    siege.figures.enter(Phase::After);
    siege.go_on_for(part).await;
    println!("{siege}");
    let (memory, figures) = (siege.memory.clone(), siege.figures.clone());
    let tally = siege.tally.clone();
    siege.ends_whole().await;
    figures.nobody_waited_longer();
    tally.all_were_ended_in_time();
    memory.is_flat(began, ended);
}
