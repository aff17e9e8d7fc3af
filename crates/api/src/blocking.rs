//! Work that reads the ledger for longer than an async thread may be kept.

use crate::limits::{READS_MAX, REPORTS_MAX, STREAM_READS_MAX};
use crate::problem::Problem;
use std::num::NonZero;
use std::sync::LazyLock;
use std::thread::available_parallelism;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

static READS: Semaphore = Semaphore::const_new(READS_MAX);
static STREAM_READS: Semaphore = Semaphore::const_new(STREAM_READS_MAX);
static REPORTS: Semaphore = Semaphore::const_new(REPORTS_MAX);
/// As many as there are cores: a scan keeps one busy until it is done, and eight that share two
/// would all be as late as the last.
static SCANS: LazyLock<Semaphore> = LazyLock::new(a_turn_a_core);
/// One core is left to the writer and to everything else.
static CHECKS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(cores().saturating_sub(1).max(1)));

fn a_turn_a_core() -> Semaphore {
    Semaphore::new(cores())
}

fn cores() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

/// Does work for an answer.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    in_turn(&READS, work).await
}

/// Looks through all customers' text for an answer, in the order in which it was asked for.
pub(crate) async fn scanning<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    in_turn(&SCANS, work).await
}

/// Holds events against schemas, with nothing but the core. `turn` is that of their tenant, which
/// has one at a time.
pub(crate) async fn checking<T: Send + 'static>(
    turn: OwnedSemaphorePermit,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let work = move || {
        let _turn = turn;
        work()
    };
    in_turn(&CHECKS, work).await
}

/// Does work for an event stream; many readers of streams are not in the way of answers.
pub(crate) async fn streaming<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    in_turn(&STREAM_READS, work).await
}

/// Does work over all customers; reports are not in the way of answers.
pub(crate) async fn reporting<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    in_turn(&REPORTS, work).await
}

async fn in_turn<T: Send + 'static>(
    turns: &'static Semaphore,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let turn = turns.acquire().await;
    let turn = turn.map_err(|error| Problem::internal(&error))?;
    // The turn goes with the work, which goes on when nobody waits for it any more.
    let working = tokio::task::spawn_blocking(move || {
        let worked = work();
        drop(turn);
        worked
    });
    working.await.map_err(|error| Problem::internal(&error))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use tokio::sync::oneshot;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_report_waits_until_the_one_before_is_made() {
        let (begins, has_begun) = oneshot::channel();
        let (go, gone) = mpsc::channel::<()>();
        let first = tokio::spawn(reporting(move || {
            begins.send(()).unwrap();
            gone.recv().unwrap();
            Ok(1)
        }));
        has_begun.await.unwrap();
        assert_eq!(REPORTS.available_permits(), 0, "one at a time");
        let second = tokio::spawn(reporting(|| Ok(2)));
        go.send(()).unwrap();
        let made = [first.await.unwrap(), second.await.unwrap()];
        assert_eq!(made.map(Result::unwrap), [1, 2]);
    }
}
