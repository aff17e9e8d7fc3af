//! A producer beside the service.

use crate::common::{numbers, open, options, read};
use touchbook_stream::{Producer, Side};
use touchbook_testkit::{Nats, eventually};

#[tokio::test]
async fn batches_come_out_as_events_in_the_order_of_sending() {
    let nats = Nats::start();
    let (_stream, mut reader) = open(nats.url(), None).await;
    let producer = Producer::connect(options(nats.url())).await.unwrap();
    // The stream is there once the service has made it.
    let producer = &producer;
    eventually("the stream takes a message", || async move {
        let sent = producer
            .publish_batch("acme", r#"[{"id":"1"}]"#.into())
            .await;
        sent.unwrap().await.is_ok()
    })
    .await;
    let mut unacknowledged = Vec::new();
    for number in 2..=9 {
        let events = format!(r#"[{{"id":"{number}"}},{{"id":"0"}}]"#);
        let sent = producer.publish_batch("acme", events.into()).await;
        unacknowledged.push(sent.unwrap());
    }
    let mut sequences = Vec::new();
    for acknowledgement in unacknowledged {
        sequences.push(acknowledgement.await.unwrap());
    }
    assert!(sequences.is_sorted());
    let messages = read(&mut reader, 9).await;
    let firsts: Vec<_> = messages.iter().map(|message| numbers(message)[0]).collect();
    assert_eq!(firsts, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(
        messages
            .iter()
            .all(|message| message.side() == Side::Events)
    );
    assert!(messages.iter().all(|message| message.is_batch()));
}

#[tokio::test]
async fn what_no_message_holds_is_refused_before_it_is_sent() {
    let nats = Nats::start();
    let producer = Producer::connect(options(nats.url())).await.unwrap();
    let events = vec![b' '; 2 * 1024 * 1024];
    let refused = producer.publish_batch("acme", events.into()).await;
    let error = refused
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(error.contains("2097152 bytes are more than"), "{error}");
}
