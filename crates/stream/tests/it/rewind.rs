//! Streams that are not the one that was read before: stop, name both sequences, adopt.

use crate::common::{
    all_numbers, assert_nothing_waits, client, deliveries, open, read, request, sequences,
    until_stopped,
};
use touchbook_stream::{
    AdoptError, Checkpoint, Delivery, Partial, PublishError, RewindCause, StopReason, Stream,
};
use touchbook_testkit::{Nats, eventually};

async fn publish(stream: &Stream<u64>, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        stream.publish(request("acme", [number])).await.unwrap();
    }
}

#[tokio::test]
async fn a_store_that_lost_its_end_stops_reading_and_publishing() {
    let mut nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    publish(&stream, 1..=2).await;
    let backup = nats.kill_and_back_up();
    nats.restart();
    publish(&stream, 3..=5).await;
    read(&mut reader, 5).await;
    nats.kill_and_restore(&backup);
    nats.restart();
    until_stopped(&stream).await;
    let expected = StopReason::Rewound {
        checkpoint: 5,
        last: 2,
        cause: RewindCause::Shorter,
    };
    assert_eq!(stream.status().stopped, Some(expected));
    let refused = stream.publish(request("acme", [6])).await;
    assert!(
        matches!(refused, Err(PublishError::Stopped(_))),
        "{refused:?}"
    );
    assert_nothing_waits(&mut reader);
}

#[tokio::test]
async fn a_store_that_grew_past_the_checkpoint_again_is_told_by_its_message() {
    let mut nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    publish(&stream, 1..=2).await;
    let backup = nats.kill_and_back_up();
    nats.restart();
    publish(&stream, 3..=4).await;
    let checkpoint = read(&mut reader, 4).await[3].checkpoint();
    stream.close().await;
    nats.kill_and_restore(&backup);
    nats.restart();
    let (other, _unread) = open(nats.url(), None).await;
    publish(&other, 13..=17).await;
    let (stream, mut reader) = open(nats.url(), Some(checkpoint)).await;
    until_stopped(&stream).await;
    let expected = StopReason::Rewound {
        checkpoint: 4,
        last: 7,
        cause: RewindCause::OtherMessage,
    };
    assert_eq!(stream.status().stopped, Some(expected));
    assert_nothing_waits(&mut reader);
}

/// The producer whose message was lost sends it again, and it comes to stand where it stood.
#[tokio::test]
async fn a_store_that_grew_again_up_to_the_same_message_is_told_by_its_time() {
    let mut nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    publish(&stream, 1..=2).await;
    let backup = nats.kill_and_back_up();
    nats.restart();
    publish(&stream, 3..=4).await;
    let checkpoint = read(&mut reader, 4).await[3].checkpoint();
    stream.close().await;
    nats.kill_and_restore(&backup);
    nats.restart();
    let (other, mut unread) = open(nats.url(), None).await;
    publish(&other, [13, 4]).await;
    assert_eq!(all_numbers(&read(&mut unread, 4).await), [1, 2, 13, 4]);
    let (stream, mut reader) = open(nats.url(), Some(checkpoint)).await;
    until_stopped(&stream).await;
    let expected = StopReason::Rewound {
        checkpoint: 4,
        last: 4,
        cause: RewindCause::OtherMessage,
    };
    assert_eq!(stream.status().stopped, Some(expected));
    assert_nothing_waits(&mut reader);
}

/// A node that died between the halves of a message finds the one that it had begun, or stops.
#[tokio::test]
async fn a_message_that_was_half_taken_is_read_again_unless_another_took_its_place() {
    let nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    publish(&stream, 1..=3).await;
    let messages = read(&mut reader, 3).await;
    stream.close().await;
    let half = |digest| Checkpoint {
        partial: Some(Partial {
            items_done: 1,
            digest,
        }),
        ..messages[0].checkpoint()
    };
    let (stream, mut reader) = open(nats.url(), Some(half(messages[1].digest()))).await;
    assert_eq!(sequences(&read(&mut reader, 2).await), [2, 3]);
    assert_eq!(stream.status().stopped, None);
    stream.close().await;

    let (stream, mut reader) = open(nats.url(), Some(half([9; 32]))).await;
    until_stopped(&stream).await;
    let expected = StopReason::Rewound {
        checkpoint: 1,
        last: 3,
        cause: RewindCause::OtherPartial,
    };
    assert_eq!(stream.status().stopped, Some(expected));
    assert_eq!(stream.adopt().await.unwrap().partial, None);
    assert!(matches!(
        deliveries(&mut reader).await[0],
        Delivery::Adopted(_)
    ));
    assert_eq!(sequences(&read(&mut reader, 3).await), [1, 2, 3]);
}

#[tokio::test]
async fn a_new_stream_is_read_from_its_first_message_once_adopted() {
    let mut nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    assert!(matches!(stream.adopt().await, Err(AdoptError::NotStopped)));
    publish(&stream, 1..=3).await;
    let before = read(&mut reader, 3).await[2].checkpoint();
    nats.kill_and_wipe();
    nats.restart();
    until_stopped(&stream).await;
    let expected = StopReason::Rewound {
        checkpoint: 3,
        last: 0,
        cause: RewindCause::OtherStream,
    };
    assert_eq!(stream.status().stopped, Some(expected));
    let adopted = stream.adopt().await.unwrap();
    assert_ne!(
        adopted.stream_created_at_micros,
        before.stream_created_at_micros
    );
    assert_eq!(
        (adopted.sequence, adopted.digest),
        (0, Checkpoint::NOT_READ)
    );
    publish(&stream, 11..=12).await;
    let first = deliveries(&mut reader).await;
    assert!(matches!(first[0], Delivery::Adopted(checkpoint) if checkpoint == adopted));
    let mut messages: Vec<_> = first[1..]
        .iter()
        .filter_map(|delivery| match delivery {
            Delivery::Message(message) => Some(message.clone()),
            Delivery::Adopted(_) => None,
        })
        .collect();
    let missing = 2 - messages.len();
    messages.extend(read(&mut reader, missing).await);
    assert_eq!(all_numbers(&messages), [11, 12]);
    assert_eq!(sequences(&messages), [1, 2]);
    // What was adopted is an ordinary checkpoint for a node that starts.
    let (stream, mut reader) = open(nats.url(), Some(adopted)).await;
    assert_eq!(sequences(&read(&mut reader, 2).await), [1, 2]);
    assert_eq!(stream.status().stopped, None);
}

#[tokio::test]
async fn the_right_store_coming_back_needs_no_adoption() {
    let mut nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    publish(&stream, 1..=2).await;
    read(&mut reader, 2).await;
    let backup = nats.kill_and_back_up();
    nats.kill_and_wipe();
    nats.restart();
    until_stopped(&stream).await;
    nats.kill_and_restore(&backup);
    nats.restart();
    eventually("reading goes on", || async {
        stream.status().stopped.is_none()
    })
    .await;
    publish(&stream, [3]).await;
    assert_eq!(sequences(&read(&mut reader, 1).await), [3]);
}

/// Makes the stream forget its first messages, as their age does in time.
async fn forget_all_but(nats: &Nats, count: i64) {
    let context = client(nats.url()).await;
    let config = context
        .get_stream("TOUCHBOOK")
        .await
        .unwrap()
        .cached_info()
        .config
        .clone();
    let old = async_nats::jetstream::stream::DiscardPolicy::Old;
    let short = async_nats::jetstream::stream::Config {
        max_messages: count,
        discard: old,
        ..config.clone()
    };
    context.update_stream(short).await.unwrap();
    context.update_stream(config).await.unwrap();
}

#[tokio::test]
async fn messages_gone_before_they_were_read_are_a_gap_until_adopted() {
    let nats = Nats::start();
    let (stream, mut reader) = open(nats.url(), None).await;
    publish(&stream, 1..=6).await;
    let checkpoint = read(&mut reader, 6).await[1].checkpoint();
    stream.close().await;
    forget_all_but(&nats, 2).await;
    let (stream, mut reader) = open(nats.url(), Some(checkpoint)).await;
    until_stopped(&stream).await;
    assert_eq!(
        stream.status().stopped,
        Some(StopReason::Gap {
            checkpoint: 2,
            next: 5
        })
    );
    let adopted = stream.adopt().await.unwrap();
    assert_eq!(adopted.sequence, 4);
    assert!(matches!(
        deliveries(&mut reader).await[0],
        Delivery::Adopted(_)
    ));
    assert_eq!(sequences(&read(&mut reader, 2).await), [5, 6]);
}

#[tokio::test]
async fn a_new_node_does_not_begin_in_the_middle() {
    let nats = Nats::start();
    let (stream, _reader) = open(nats.url(), None).await;
    publish(&stream, 1..=6).await;
    forget_all_but(&nats, 2).await;
    let (stream, _reader) = open(nats.url(), None).await;
    until_stopped(&stream).await;
    assert_eq!(
        stream.status().stopped,
        Some(StopReason::Gap {
            checkpoint: 0,
            next: 5
        })
    );
}

#[tokio::test]
async fn a_checkpoint_of_the_embedded_stream_does_not_fit_jetstream() {
    let nats = Nats::start();
    let (stream, _reader) = open(nats.url(), None).await;
    publish(&stream, 1..=3).await;
    let embedded = Checkpoint {
        stream_created_at_micros: touchbook_stream::EMBEDDED_CREATED_AT,
        sequence: 2,
        digest: [9; 32],
        partial: None,
    };
    let (stream, _reader) = open(nats.url(), Some(embedded)).await;
    until_stopped(&stream).await;
    let reason = stream.status().stopped.unwrap();
    assert_eq!(reason.code(), "stream_rewound");
    let expected = StopReason::Rewound {
        checkpoint: 2,
        last: 3,
        cause: RewindCause::OtherStream,
    };
    assert_eq!(reason, expected);
}

/// A stream whose messages may be deleted; ours may not.
async fn deletable(nats: &Nats) -> async_nats::jetstream::stream::Stream {
    let config = async_nats::jetstream::stream::Config {
        name: "TOUCHBOOK".to_owned(),
        subjects: vec!["touchbook.>".to_owned()],
        ..Default::default()
    };
    let context = client(nats.url()).await;
    context.create_stream(config).await.unwrap()
}

#[tokio::test]
async fn a_message_that_is_gone_at_the_checkpoint_stops_reading() {
    let nats = Nats::start();
    let theirs = deletable(&nats).await;
    let (stream, mut reader) = open(nats.url(), None).await;
    publish(&stream, 1..=3).await;
    let checkpoint = read(&mut reader, 3).await[1].checkpoint();
    stream.close().await;
    theirs.delete_message(2).await.unwrap();
    let (stream, mut reader) = open(nats.url(), Some(checkpoint)).await;
    until_stopped(&stream).await;
    let expected = StopReason::Rewound {
        checkpoint: 2,
        last: 3,
        cause: RewindCause::MessageGone,
    };
    assert_eq!(stream.status().stopped, Some(expected));
    assert_nothing_waits(&mut reader);
}

#[tokio::test]
async fn a_hole_in_the_middle_stops_reading_and_is_passed_once_adopted() {
    let mut nats = Nats::start();
    let theirs = deletable(&nats).await;
    let (stream, _unread) = open(nats.url(), None).await;
    publish(&stream, 1..=5).await;
    stream.close().await;
    theirs.delete_message(2).await.unwrap();
    theirs.delete_message(3).await.unwrap();
    let (stream, mut reader) = open(nats.url(), None).await;
    until_stopped(&stream).await;
    assert_eq!(
        stream.status().stopped,
        Some(StopReason::Gap {
            checkpoint: 1,
            next: 4
        })
    );
    assert_eq!(sequences(&read(&mut reader, 1).await), [1]);
    assert_eq!(stream.adopt().await.unwrap().sequence, 3);
    assert!(matches!(
        deliveries(&mut reader).await[0],
        Delivery::Adopted(_)
    ));
    assert_eq!(sequences(&read(&mut reader, 2).await), [4, 5]);
    nats.restart();
    publish(&stream, [6]).await;
    assert_eq!(sequences(&read(&mut reader, 1).await), [6]);
}
