//! A network between a node and its NATS server that is slow, cut and silent.

use super::{over_http, over_nats, ready, reason, same_chain, taken_once};
use crate::load;
use crate::service::Service;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use touchbook_testkit::{FaultProxy, Nats, eventually};

/// What everything takes longer, on its way and back.
const DELAY: Duration = Duration::from_millis(5);
/// Events of each that come through between two faults.
const BETWEEN: u64 = 50;

/// Design laws 2 and 5. The producer and the other node reach the server as ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_network_loses_nothing_and_repeats_nothing() {
    let nats = Nats::start();
    let proxy = FaultProxy::to(nats.port()).await;
    let far = format!("nats://127.0.0.1:{}", proxy.port());
    let node = Service::start_with(&["--stream", &far]);
    node.json("/api/v1/customers").await;
    let other = Service::start_with(&["--stream", &nats.url()]);
    let producer = load::producer(&nats).await;
    let (of_http, of_nats) = (AtomicU64::new(0), AtomicU64::new(0));
    let over = AtomicBool::new(false);
    let numbers = || (0..).take_while(|_| !over.load(Ordering::Relaxed));
    let more = async || {
        let goals = [&of_http, &of_nats].map(|sent| (sent, sent.load(Ordering::Relaxed) + BETWEEN));
        eventually("more comes through", || {
            let reached = |(sent, goal): &(&AtomicU64, u64)| sent.load(Ordering::Relaxed) >= *goal;
            std::future::ready(goals.iter().all(reached))
        })
        .await;
    };
    let faults = async {
        more().await;
        proxy.slow(DELAY);
        more().await;
        ready(&node).await;
        for fault in [FaultProxy::cut, FaultProxy::stall] {
            fault(&proxy);
            reason(&node, "stream_unreachable").await;
            proxy.resume();
            ready(&node).await;
            more().await;
        }
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(
        over_http(&node, numbers(), &of_http),
        over_nats(&producer, numbers(), &of_nats),
        faults
    );
    same_chain(&node, &other).await;
    taken_once(&node, of_http.into_inner(), of_nats.into_inner()).await;
}
