//! The embedded stream: order, numbers, bounds.

use crate::common::{
    ALL, all_numbers, assert_nothing_waits, item, numbers, request, sequences, sized,
};
use std::time::Duration;
use touchbook_events::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX};
use touchbook_stream::limits::{
    ATOMIC_BYTES_MAX, EMBEDDED_BYTES_MAX, QUEUE_BYTES_MAX, QUEUE_EVENTS_MAX, RESERVED_EVENTS,
};
use touchbook_stream::{
    Checkpoint, Delivery, Message, Outgoing, Placed, PublishError, Reader, Received, Stream,
};
use touchbook_testkit::FakeClock;

fn messages(reader: &mut Reader<u64>, max_bytes: usize) -> Vec<Message<u64>> {
    let mut deliveries = Vec::new();
    assert_eq!(
        reader.recv(&mut deliveries, max_bytes, None),
        Received::Some
    );
    let message = |delivery| match delivery {
        Delivery::Message(message) => message,
        Delivery::Adopted(checkpoint) => panic!("adopted {checkpoint:?}"),
    };
    deliveries.into_iter().map(message).collect()
}

fn embedded(checkpoint: Option<Checkpoint>) -> (Stream<u64>, Reader<u64>) {
    Stream::embedded(checkpoint, FakeClock::default().reader())
}

#[tokio::test]
async fn messages_are_numbered_from_one_in_the_order_of_publishing() {
    let clock = FakeClock::default();
    let (stream, mut reader) = Stream::embedded(None, clock.reader());
    let first = stream.publish(request("acme", [1])).await.unwrap();
    assert_eq!(
        first,
        [Placed {
            ticket: 1,
            index: 0,
            count: 1,
            duplicate: false
        }]
    );
    clock.advance_seconds(1);
    stream.publish(request("acme", [2, 3])).await.unwrap();
    let read = messages(&mut reader, ALL);
    assert_eq!(sequences(&read), [1, 2]);
    assert_eq!(all_numbers(&read), [1, 2, 3]);
    assert_eq!((read[0].is_batch(), read[1].is_batch()), (false, true));
    assert_eq!(read[1].recorded_at.seconds_since(read[0].recorded_at), 1);
    assert_eq!(read[1].decoded, [2, 3]);
}

#[tokio::test]
async fn numbers_go_on_after_the_checkpoint() {
    let (stream, mut reader) = embedded(None);
    stream.publish(request("acme", 1..=3)).await.unwrap();
    let checkpoint = messages(&mut reader, ALL)[0].checkpoint();
    let (stream, mut reader) = embedded(Some(checkpoint));
    assert_eq!(
        stream.publish(request("acme", [4])).await.unwrap()[0].ticket,
        2
    );
    assert_eq!(sequences(&messages(&mut reader, ALL)), [2]);
}

#[tokio::test]
async fn a_full_queue_refuses_until_the_writer_took_something() {
    let (stream, mut reader) = embedded(None);
    for _ in 0..QUEUE_EVENTS_MAX / 512 {
        stream.publish(request("acme", 0..512)).await.unwrap();
    }
    let refused = stream.publish(request("acme", [1])).await;
    assert!(
        matches!(refused, Err(PublishError::Full { .. })),
        "{refused:?}"
    );
    assert_eq!(stream.status().queued, QUEUE_EVENTS_MAX);
    messages(&mut reader, 1);
    stream.publish(request("acme", [1])).await.unwrap();
    assert_eq!(stream.status().queued, QUEUE_EVENTS_MAX - 511);
}

#[tokio::test]
async fn the_queue_is_bounded_by_bytes_too() {
    let (stream, _reader) = embedded(None);
    let big = |number| Outgoing {
        items: vec![sized(number, 512 * 1024)],
        ..request("acme", [])
    };
    for number in 0..QUEUE_BYTES_MAX as u64 / (512 * 1024) {
        stream.publish(big(number)).await.unwrap();
    }
    let refused = stream.publish(big(99)).await;
    assert!(
        matches!(refused, Err(PublishError::Full { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_large_request_becomes_several_messages_that_keep_their_order() {
    let (stream, mut reader) = embedded(None);
    let placed = stream.publish(request("acme", 0..2_500)).await.unwrap();
    assert_eq!(
        placed.iter().map(|p| p.count).collect::<Vec<_>>(),
        [1_000, 1_000, 500]
    );
    let read = messages(&mut reader, ALL);
    assert_eq!(all_numbers(&read), (0..2_500).collect::<Vec<_>>());
    let items = (0..5).map(|number| sized(number, 400 * 1024)).collect();
    let placed = stream
        .publish(Outgoing {
            items,
            ..request("acme", [])
        })
        .await
        .unwrap();
    assert_eq!(
        placed.iter().map(|p| p.count).collect::<Vec<_>>(),
        [1, 1, 1, 1, 1]
    );
}

/// So that a quarter of a commit always holds one, and a tenant's turn is never longer.
#[tokio::test]
async fn several_events_in_one_message_are_at_most_a_quarter_of_a_commit() {
    let (stream, mut reader) = embedded(None);
    let items = (0..1_000).map(|number| sized(number, 1_000)).collect();
    let placed = stream
        .publish(Outgoing {
            items,
            ..request("acme", [])
        })
        .await
        .unwrap();
    assert_eq!(placed.iter().map(|p| p.count).sum::<u32>(), 1_000);
    let tickets: Vec<_> = placed.iter().map(|p| p.ticket).collect();
    assert_eq!(tickets, [1, 2, 3, 4]);
    let read = messages(&mut reader, ALL);
    assert!(read.iter().all(|m| m.bytes <= EMBEDDED_BYTES_MAX));
}

#[tokio::test]
async fn tenants_take_turns_and_sequences_follow_the_order_of_reading() {
    let (stream, mut reader) = embedded(None);
    for number in 0..100 {
        stream.publish(request("many", [number])).await.unwrap();
    }
    let placed = stream.publish(request("one", [500])).await.unwrap();
    assert_eq!(placed[0].ticket, 101);
    assert_eq!(stream.status().last_sequence, 101);
    let mut read = messages(&mut reader, 100);
    let other = read.iter().find(|message| message.tenant() == "one");
    let other = other.map(|message| (message.sequence, message.ticket));
    assert_eq!(other, Some((2, 101)));
    while read.len() < 101 {
        read.extend(messages(&mut reader, 100));
    }
    assert_eq!(sequences(&read), (1..=101).collect::<Vec<_>>());
    read.retain(|message| message.tenant() == "many");
    assert_eq!(all_numbers(&read), (0..100).collect::<Vec<_>>());
}

/// One tenant fills the queue, and is refused: another, of which nothing waits, is not.
#[tokio::test]
async fn a_tenant_that_fills_the_queue_shuts_nobody_else_out() {
    let (stream, _reader) = embedded(None);
    for _ in 0..QUEUE_EVENTS_MAX / 512 {
        stream.publish(request("many", 0..512)).await.unwrap();
    }
    let full = |refused| matches!(refused, Err(PublishError::Full { .. }));
    assert!(full(stream.publish(request("many", [1])).await));
    stream.publish(request("one", [1])).await.unwrap();
    assert!(full(stream.publish(request("one", [2])).await));
    let rest = RESERVED_EVENTS as u64 - 1;
    assert!(full(stream.publish(request("two", 0..=rest)).await));
    stream.publish(request("two", 0..rest)).await.unwrap();
    assert_eq!(stream.status().queued, QUEUE_EVENTS_MAX + RESERVED_EVENTS);
}

#[tokio::test]
async fn the_reserve_holds_the_largest_request() {
    let (stream, _reader) = embedded(None);
    let wide = |tenant, events, bytes| Outgoing {
        items: (0..events).map(|number| sized(number, bytes)).collect(),
        ..request(tenant, [])
    };
    let halves = QUEUE_BYTES_MAX as u64 / (512 * 1024);
    stream
        .publish(wide("many", halves, 512 * 1024))
        .await
        .unwrap();
    let events = BATCH_EVENTS_MAX as u64;
    let largest = wide("one", events, BATCH_BYTES_MAX / BATCH_EVENTS_MAX);
    stream.publish(largest).await.unwrap();
}

#[tokio::test]
async fn an_atomic_request_is_one_message_or_none() {
    let (stream, mut reader) = embedded(None);
    stream
        .publish(Outgoing {
            atomic: true,
            ..request("acme", 1..=2)
        })
        .await
        .unwrap();
    assert!(messages(&mut reader, ALL)[0].atomic);
    let items = (0..2)
        .map(|number| sized(number, ATOMIC_BYTES_MAX / 2))
        .collect();
    let refused = stream
        .publish(Outgoing {
            atomic: true,
            items,
            ..request("acme", [])
        })
        .await;
    assert!(
        matches!(refused, Err(PublishError::TooLarge { .. })),
        "{refused:?}"
    );
    let refused = stream
        .publish(Outgoing {
            atomic: true,
            ..request("acme", 0..1_001)
        })
        .await;
    assert!(
        matches!(refused, Err(PublishError::TooMany { .. })),
        "{refused:?}"
    );
    assert_nothing_waits(&mut reader);
}

#[tokio::test]
async fn a_drain_takes_what_fits_but_always_something() {
    let (stream, mut reader) = embedded(None);
    for number in 0..4 {
        let items = vec![sized(number, 100)];
        stream
            .publish(Outgoing {
                items,
                ..request("acme", [])
            })
            .await
            .unwrap();
    }
    assert_eq!(messages(&mut reader, 10).len(), 1);
    assert_eq!(messages(&mut reader, 250).len(), 2);
    assert_eq!(messages(&mut reader, ALL).len(), 1);
}

#[tokio::test]
async fn names_that_would_break_a_subject_are_refused() {
    let (stream, mut reader) = embedded(None);
    for tenant in ["", "Acme", "a.b", "*", "a b", &"x".repeat(41)] {
        let refused = stream.publish(request(tenant, [1])).await;
        assert!(
            matches!(refused, Err(PublishError::Name { .. })),
            "{tenant}: {refused:?}"
        );
    }
    for event_type in ["", "batch", "a..b", "a.>", "a b", "ä"] {
        let mut outgoing = request("acme", [1]);
        outgoing.items[0].event_type = event_type.into();
        let refused = stream.publish(outgoing).await;
        assert!(
            matches!(refused, Err(PublishError::Name { .. })),
            "{event_type}: {refused:?}"
        );
    }
    assert_nothing_waits(&mut reader);
}

#[tokio::test]
async fn a_closed_stream_takes_nothing_and_lets_the_reader_run_dry() {
    let (stream, mut reader) = embedded(None);
    stream.publish(request("acme", [1])).await.unwrap();
    stream.close().await;
    let refused = stream.publish(request("acme", [2])).await;
    assert!(matches!(refused, Err(PublishError::Closed)), "{refused:?}");
    assert_eq!(numbers(&messages(&mut reader, ALL)[0]), [1]);
    assert_eq!(reader.recv(&mut Vec::new(), ALL, None), Received::Closed);
}

#[tokio::test]
async fn a_waiting_writer_is_woken_and_sees_every_event_once() {
    let (stream, mut reader) = embedded(None);
    let writer = std::thread::spawn(move || {
        let mut seen = Vec::new();
        while seen.len() < 400 {
            seen.extend(messages(&mut reader, ALL));
        }
        seen
    });
    let publishers = (0..4).map(|publisher| {
        let stream = stream.clone();
        tokio::spawn(async move {
            for number in 0..100 {
                stream
                    .publish(request("acme", [publisher * 100 + number]))
                    .await
                    .unwrap();
                tokio::task::yield_now().await;
            }
        })
    });
    futures::future::try_join_all(publishers).await.unwrap();
    let seen = tokio::task::spawn_blocking(|| writer.join().unwrap())
        .await
        .unwrap();
    assert_eq!(sequences(&seen), (1..=400).collect::<Vec<_>>());
    let mut all = all_numbers(&seen);
    all.sort_unstable();
    assert_eq!(all, (0..400).collect::<Vec<_>>());
}

#[tokio::test]
async fn without_decoded_events_a_message_carries_none() {
    let (stream, mut reader) = embedded(None);
    let mut outgoing = request("acme", 1..=2);
    outgoing.items[1] = touchbook_stream::Item {
        decoded: None,
        ..item(2)
    };
    stream.publish(outgoing).await.unwrap();
    let message = &messages(&mut reader, ALL)[0];
    assert!(message.decoded.is_empty());
    assert!(!message.payload.is_empty(), "there is something to decode");
    let waited = reader.recv(&mut Vec::new(), ALL, Some(Duration::ZERO));
    assert_eq!(waited, Received::Nothing);
}
