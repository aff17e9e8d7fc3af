//! What goes in comes out: the same message from JetStream as from the embedded stream.

use crate::common::{
    ALL, assert_nothing_waits, client, numbers, open, produce, read, request, sequences, sized,
};
use touchbook_stream::limits::QUEUE_BYTES_MAX;
use touchbook_stream::{Delivery, Kind, Outgoing, Placed, Side, Stream};
use touchbook_testkit::{FakeClock, Nats, eventually};

#[tokio::test]
async fn commands_and_events_come_out_in_one_order() {
    let nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    let placed = stream.publish(request("acme", [1])).await.unwrap();
    assert_eq!(
        placed,
        [Placed {
            ticket: 1,
            index: 0,
            count: 1,
            duplicate: false
        }]
    );
    let producer = client(nats.url()).await;
    assert_eq!(
        produce(
            &producer,
            "touchbook.events.acme.order.updated",
            r#"{"id":"2"}"#
        )
        .await,
        2
    );
    stream.publish(request("acme", 3..=4)).await.unwrap();
    let read = read(&mut reader, 3).await;
    assert_eq!(sequences(&read), [1, 2, 3]);
    assert_eq!(
        read.iter().map(numbers).collect::<Vec<_>>(),
        [vec![1], vec![2], vec![3, 4]]
    );
    let sides: Vec<_> = read.iter().map(touchbook_stream::Message::side).collect();
    assert_eq!(sides, [Side::Commands, Side::Events, Side::Commands]);
    assert_eq!(read[1].event_type(), "order.updated");
    assert!(read[0].recorded_at <= read[1].recorded_at);
    assert_nothing_waits(&mut reader);
}

#[tokio::test]
async fn reading_goes_on_after_the_checkpoint() {
    let nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    for number in 1..=3 {
        stream.publish(request("acme", [number])).await.unwrap();
    }
    let before = read(&mut reader, 3).await;
    stream.close().await;
    let (_stream, mut reader) = open(nats.url(), Some(before[1].checkpoint())).await;
    assert_eq!(sequences(&read(&mut reader, 1).await), [3]);
    assert_nothing_waits(&mut reader);
}

#[tokio::test]
async fn both_streams_make_the_same_messages() {
    let nats = Nats::start();
    let (jetstream, mut reader) = open(nats.url(), None).await;
    let (embedded, mut local) = Stream::embedded(None, FakeClock::default().reader());
    for outgoing in [
        request("acme", [1]),
        request("acme", 2..=9),
        Outgoing {
            atomic: true,
            ..request("acme", 10..=12)
        },
    ] {
        jetstream.publish(outgoing.clone()).await.unwrap();
        embedded.publish(outgoing).await.unwrap();
    }
    let theirs = read(&mut reader, 3).await;
    let mut ours = Vec::new();
    local.next(&mut ours, ALL).await;
    for (theirs, ours) in theirs.iter().zip(ours) {
        let Delivery::Message(ours) = ours else {
            panic!("{ours:?}")
        };
        assert_eq!(
            (&theirs.subject, theirs.atomic),
            (&ours.subject, ours.atomic)
        );
        assert_eq!(
            (theirs.sequence, numbers(theirs)),
            (ours.sequence, numbers(&ours))
        );
    }
}

#[tokio::test]
async fn an_id_that_the_server_knows_answers_where_the_first_one_is() {
    let nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    let first = stream.publish(request("acme", [7])).await.unwrap();
    let again = stream.publish(request("acme", [7])).await.unwrap();
    assert_eq!(
        again,
        [Placed {
            duplicate: true,
            ..first[0]
        }]
    );
    // The same source and id in another tenant is another event.
    let other = stream.publish(request("bolt", [7])).await.unwrap();
    assert_eq!((other[0].ticket, other[0].duplicate), (2, false));
    assert_eq!(sequences(&read(&mut reader, 2).await), [1, 2]);
    assert_nothing_waits(&mut reader);
}

#[tokio::test]
async fn connected_means_that_events_can_be_taken() {
    let nats = Nats::start();
    let (stream, _reader) = open(nats.url(), None).await;
    eventually("it says that it is connected", || async {
        stream.status().connected
    })
    .await;
    let context = client(nats.url()).await;
    assert!(context.get_stream("TOUCHBOOK").await.is_ok());
}

#[tokio::test]
async fn the_status_tells_the_server_and_how_far_it_is() {
    let nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    stream.publish(request("acme", [1])).await.unwrap();
    read(&mut reader, 1).await;
    eventually("the status knows the last message", || async {
        stream.status().last_sequence == 1
    })
    .await;
    let status = stream.status();
    assert_eq!(status.kind, Kind::JetStream);
    assert_eq!(status.server_version.as_deref(), Some(nats.version()));
    assert!(status.connected && status.stopped.is_none() && status.last_error.is_none());
    assert_eq!(status.missing, Vec::<String>::new());
    assert_eq!(
        (
            status.delivered_sequence,
            status.queued,
            status.unacknowledged
        ),
        (1, 0, 0)
    );
}

#[tokio::test]
async fn nobody_can_delete_or_purge() {
    let nats = Nats::start();
    let (stream, _reader) = open(nats.url(), None).await;
    stream.publish(request("acme", [1])).await.unwrap();
    let theirs = client(nats.url())
        .await
        .get_stream("TOUCHBOOK")
        .await
        .unwrap();
    assert!(theirs.delete_message(1).await.is_err());
    assert!(theirs.purge().await.is_err());
}

#[tokio::test]
async fn a_writer_that_takes_nothing_is_sent_no_more_than_the_queue_holds() {
    const MESSAGES: u64 = 40;
    let nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    for number in 0..MESSAGES {
        let items = vec![sized(number, 512 * 1024)];
        stream
            .publish(Outgoing {
                items,
                ..request("acme", [])
            })
            .await
            .unwrap();
    }
    eventually("the queue is full", || async {
        stream.status().queued_bytes == QUEUE_BYTES_MAX
    })
    .await;
    eventually("the lag is known", || async {
        stream.status().last_sequence == MESSAGES
    })
    .await;
    assert!(stream.status().delivered_sequence < MESSAGES);
    let messages = read(&mut reader, MESSAGES as usize).await;
    assert_eq!(sequences(&messages), (1..=MESSAGES).collect::<Vec<_>>());
}
