//! Servers that are killed and networks that are cut, in the middle of it.

use crate::common::{all_numbers, assert_nothing_waits, open, options, read, request, sequences};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use touchbook_stream::{JetStreamOptions, PublishError, Stream};
use touchbook_testkit::{FaultProxy, Nats, eventually};

const PUBLISHERS: u64 = 8;

/// Publishes events one by one until told to stop; each returns what was acknowledged.
struct Load {
    next: Arc<AtomicU64>,
    end: Arc<AtomicU64>,
    publishers: Vec<JoinHandle<Vec<u64>>>,
}

impl Load {
    fn start(stream: &Stream<u64>) -> Self {
        let (next, end) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicU64::new(u64::MAX)),
        );
        let publisher = || {
            let (stream, next, end) = (stream.clone(), Arc::clone(&next), Arc::clone(&end));
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                while next.load(Ordering::SeqCst) < end.load(Ordering::SeqCst) {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if stream.publish(request("acme", [number])).await.is_ok() {
                        acknowledged.push(number);
                    }
                }
                acknowledged
            })
        };
        let publishers = (0..PUBLISHERS).map(|_| publisher()).collect();
        Self {
            next,
            end,
            publishers,
        }
    }

    async fn runs_for(&self, events: u64) {
        let until = self.next.load(Ordering::SeqCst) + events;
        eventually(format_args!("{events} more events"), || async {
            self.next.load(Ordering::SeqCst) >= until
        })
        .await;
    }

    async fn stop(self) -> BTreeSet<u64> {
        self.end.store(0, Ordering::SeqCst);
        let acknowledged = futures::future::try_join_all(self.publishers)
            .await
            .unwrap();
        acknowledged.into_iter().flatten().collect()
    }
}

/// Everything acknowledged was read, once, with sequences that have no gap.
async fn check(nats: &Nats, reader: &mut touchbook_stream::Reader<u64>, sent: &BTreeSet<u64>) {
    let theirs = crate::common::client(nats.url())
        .await
        .get_stream("TOUCHBOOK")
        .await
        .unwrap();
    let last = theirs.cached_info().state.last_sequence;
    let messages = read(reader, last as usize).await;
    assert_eq!(sequences(&messages), (1..=last).collect::<Vec<_>>());
    let read = all_numbers(&messages);
    let distinct: BTreeSet<u64> = read.iter().copied().collect();
    assert_eq!(distinct.len(), read.len(), "an event was stored twice");
    let lost: Vec<_> = sent.difference(&distinct).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert_nothing_waits(reader);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_acknowledged_and_repeats_nothing() {
    let mut nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    let load = Load::start(&stream);
    for _ in 0..3 {
        load.runs_for(400).await;
        nats.kill();
        nats.restart();
    }
    load.runs_for(400).await;
    let acknowledged = load.stop().await;
    assert!(acknowledged.len() >= 1_500, "{} events", acknowledged.len());
    check(&nats, &mut reader, &acknowledged).await;
    assert_eq!(stream.status().stopped, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_network_is_recovered_from() {
    let nats = Nats::start();
    let proxy = FaultProxy::to(nats.port()).await;
    let (stream, mut reader) = open(format!("nats://127.0.0.1:{}", proxy.port()), None).await;
    let load = Load::start(&stream);
    for _ in 0..3 {
        load.runs_for(200).await;
        proxy.cut();
        eventually("the cut is noticed", || async {
            !stream.status().connected
        })
        .await;
        proxy.resume();
    }
    load.runs_for(200).await;
    let acknowledged = load.stop().await;
    check(&nats, &mut reader, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_network_only_takes_longer() {
    let nats = Nats::start();
    let proxy = FaultProxy::to(nats.port()).await;
    let (stream, mut reader) = open(format!("nats://127.0.0.1:{}", proxy.port()), None).await;
    proxy.slow(Duration::from_millis(20));
    let load = Load::start(&stream);
    load.runs_for(100).await;
    let acknowledged = load.stop().await;
    check(&nats, &mut reader, &acknowledged).await;
}

#[tokio::test]
async fn a_server_that_comes_later_is_waited_for() {
    let mut nats = Nats::start();
    nats.kill();
    let (stream, mut reader) = open(nats.url(), None).await;
    assert!(!stream.status().connected);
    let publishing = tokio::spawn({
        let stream = stream.clone();
        async move { stream.publish(request("acme", [1])).await }
    });
    nats.restart();
    publishing.await.unwrap().unwrap();
    assert_eq!(sequences(&read(&mut reader, 1).await), [1]);
    assert!(stream.status().connected);
}

#[tokio::test]
async fn a_publish_that_no_server_answers_says_so_in_time() {
    let mut nats = Nats::start();
    nats.kill();
    let options = JetStreamOptions {
        publish_deadline: Duration::from_millis(200),
        ..options(nats.url())
    };
    let (stream, _reader) = Stream::<u64>::jetstream(options, None).await.unwrap();
    let failed = stream.publish(request("acme", [1])).await.unwrap_err();
    assert!(
        matches!(failed, PublishError::Unacknowledged { .. }),
        "{failed}"
    );
    let source = std::error::Error::source(&failed).unwrap().to_string();
    assert_eq!(source, "the server is not connected");
}

#[tokio::test]
async fn closing_answers_everybody_who_waits() {
    let mut nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    stream.publish(request("acme", [1])).await.unwrap();
    read(&mut reader, 1).await;
    nats.kill();
    let waiting = tokio::spawn({
        let stream = stream.clone();
        async move { stream.publish(request("acme", [2])).await }
    });
    eventually("the event waits", || async {
        stream.status().unacknowledged == 1
    })
    .await;
    stream.close().await;
    assert!(matches!(waiting.await.unwrap(), Err(PublishError::Closed)));
    let ended = reader.next(&mut Vec::new(), 1).await;
    assert_eq!(ended, touchbook_stream::Received::Closed);
}
