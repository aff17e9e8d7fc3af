//! Waiting for a condition, with an end.

use std::fmt::Display;
use std::future::Future;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a test waits for something that should happen at once.
pub const WAIT: Duration = Duration::from_secs(30);
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

/// A TCP port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener
        .local_addr()
        .expect("the address just bound")
        .port()
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
