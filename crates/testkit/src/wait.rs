//! Waiting for a condition, with an end.

use std::fmt::Display;
use std::future::Future;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a test waits for something that should happen at once.
pub const WAIT: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(5);

/// Asks again until `condition` holds; panics with `what` after [`WAIT`].
pub async fn eventually<F, C>(what: impl Display, mut condition: C)
where
    C: FnMut() -> F,
    F: Future<Output = bool>,
{
    let until = Instant::now() + WAIT;
    while !condition().await {
        assert!(Instant::now() < until, "after {WAIT:?} still not: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// The same outside of a runtime.
pub fn eventually_blocking(what: impl Display, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + WAIT;
    let (_nobody_sends, pause) = mpsc::channel::<()>();
    while !condition() {
        assert!(Instant::now() < until, "after {WAIT:?} still not: {what}");
        let _ = pause.recv_timeout(POLL);
    }
}

/// Ports below those that the system gives to outgoing connections, so that a server which is
/// killed finds its port free again.
const PORTS: Range<u32> = 20_000..32_000;
/// How many ports a test process may ask for before it comes to those of the next process.
const PORTS_A_PROCESS: u32 = 16;

/// A TCP port that nobody listens on, and that no test beside this one is given.
pub fn free_port() -> u16 {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(PORTS_A_PROCESS);
    for _ in PORTS {
        let offset = first.wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed));
        let port = (PORTS.start + offset % (PORTS.end - PORTS.start)) as u16;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port in {PORTS:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_condition_is_asked_until_it_holds() {
        let mut asked = 0;
        eventually("the third time", || {
            asked += 1;
            std::future::ready(asked == 3)
        })
        .await;
        assert_eq!(asked, 3);
        let mut asked = 0;
        eventually_blocking("the third time", || {
            asked += 1;
            asked == 3
        });
        assert_eq!(asked, 3);
    }

    #[test]
    fn a_free_port_can_be_bound() {
        TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).unwrap();
    }
}
