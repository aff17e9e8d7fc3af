//! The publisher joins what arrives while a message is under way.

use crate::common::{all_numbers, open, read, request};
use touchbook_stream::limits::{QUEUE_EVENTS_MAX, RESERVED_EVENTS};
use touchbook_stream::{Outgoing, PublishError};
use touchbook_testkit::{FaultProxy, Nats, eventually};

#[tokio::test]
async fn concurrent_events_share_messages_and_each_knows_its_place() {
    let nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    let publishing = (0..2_000).map(|number| {
        let stream = stream.clone();
        async move {
            (
                number,
                stream.publish(request("acme", [number])).await.unwrap()[0],
            )
        }
    });
    let placed = futures::future::join_all(publishing).await;
    let last = placed
        .iter()
        .map(|(_, placed)| placed.ticket)
        .max()
        .unwrap();
    assert!(last <= 40, "2000 events went in {last} messages");
    let messages = read(&mut reader, last as usize).await;
    for (number, placed) in placed {
        let message = &messages[placed.ticket as usize - 1];
        let at = crate::common::numbers(message)[placed.index as usize];
        assert_eq!(at, number, "{placed:?}");
    }
    // Polled in order, so they arrived in order.
    assert_eq!(all_numbers(&messages), (0..2_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_atomic_request_shares_its_message_with_nobody() {
    let nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    let publish = |outgoing| stream.publish(outgoing);
    let atomic = Outgoing {
        atomic: true,
        ..request("acme", 3..=4)
    };
    let (a, b, c, d) = tokio::join!(
        publish(request("acme", [1])),
        publish(request("acme", [2])),
        publish(atomic),
        publish(request("acme", [5])),
    );
    let sequences: Vec<_> = [a, b, c, d].map(|placed| placed.unwrap()[0].ticket).into();
    let messages = read(&mut reader, *sequences.last().unwrap() as usize).await;
    assert_eq!(all_numbers(&messages), [1, 2, 3, 4, 5]);
    let own = &messages[sequences[2] as usize - 1];
    assert!(own.atomic);
    assert_eq!(crate::common::numbers(own), [3, 4]);
}

#[tokio::test]
async fn tenants_never_share_a_message() {
    let nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    let publishing = (0..200).map(|number| {
        let (stream, tenant) = (stream.clone(), ["acme", "bolt"][number as usize % 2]);
        async move { stream.publish(request(tenant, [number])).await.unwrap()[0].ticket }
    });
    let last = futures::future::join_all(publishing)
        .await
        .into_iter()
        .max()
        .unwrap();
    for message in read(&mut reader, last as usize).await {
        let odd = u64::from(message.tenant() == "bolt");
        assert!(
            crate::common::numbers(&message)
                .iter()
                .all(|number| number % 2 == odd)
        );
    }
}

#[tokio::test]
async fn what_waits_for_acknowledgement_is_bounded() {
    let nats = Nats::start();
    let proxy = FaultProxy::to(nats.port()).await;
    let (stream, _reader) = open(format!("nats://127.0.0.1:{}", proxy.port()), None).await;
    stream.publish(request("acme", [0])).await.unwrap();
    proxy.stall();
    let waiting = tokio::spawn({
        let stream = stream.clone();
        async move {
            stream
                .publish(request("acme", 1..=QUEUE_EVENTS_MAX as u64))
                .await
        }
    });
    eventually("the events wait", || async {
        stream.status().unacknowledged == QUEUE_EVENTS_MAX
    })
    .await;
    let full = |refused| matches!(refused, Err(PublishError::Full { .. }));
    assert!(full(stream.publish(request("acme", [1])).await));
    // A tenant of which nothing waits is not shut out, unless it asks for more than is kept.
    let rest = RESERVED_EVENTS as u64;
    assert!(full(stream.publish(request("bolt", 0..=rest)).await));
    let other = tokio::spawn({
        let stream = stream.clone();
        async move { stream.publish(request("bolt", 0..rest)).await }
    });
    eventually("the other's wait too", || async {
        stream.status().unacknowledged == QUEUE_EVENTS_MAX + RESERVED_EVENTS
    })
    .await;
    assert!(full(stream.publish(request("calm", [1])).await));
    proxy.resume();
    waiting.await.unwrap().unwrap();
    other.await.unwrap().unwrap();
    stream.publish(request("bolt", [1])).await.unwrap();
    assert_eq!(stream.status().unacknowledged, 0);
}
