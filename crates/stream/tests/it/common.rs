//! What these tests share.

use async_nats::jetstream::Context;
use bytes::Bytes;
use std::time::Duration;
use touchbook_events::Digest;
use touchbook_stream::{
    Checkpoint, Delivery, Item, JetStreamOptions, Message, Outgoing, Reader, Received, Stream,
};
use touchbook_testkit::{WAIT, eventually};

/// Enough for everything that waits.
pub(crate) const ALL: usize = usize::MAX;

pub(crate) fn item(number: u64) -> Item<u64> {
    Item {
        event_type: "call.started".into(),
        payload: format!(r#"{{"id":"{number}"}}"#).into(),
        key: Digest(u128::from(number).to_be_bytes()),
        decoded: Some(number),
    }
}

pub(crate) fn request(tenant: &str, numbers: impl IntoIterator<Item = u64>) -> Outgoing<u64> {
    let items = numbers.into_iter().map(item).collect();
    Outgoing {
        tenant: tenant.into(),
        items,
        atomic: false,
    }
}

/// An item of so many bytes of JSON.
pub(crate) fn sized(number: u64, bytes: usize) -> Item<u64> {
    Item {
        payload: Bytes::from(format!("\"{}\"", "x".repeat(bytes - 2))),
        ..item(number)
    }
}

/// The events of a message as [`item`] made them; those that were decoded are in no payload.
pub(crate) fn numbers(message: &Message<u64>) -> Vec<u64> {
    if !message.decoded.is_empty() {
        return message.decoded.clone();
    }
    let number = |event: &&[u8]| {
        let event: serde_json::Value = serde_json::from_slice(event).unwrap();
        event["id"].as_str().unwrap().parse().unwrap()
    };
    message.events().unwrap().iter().map(number).collect()
}

pub(crate) fn options(url: String) -> JetStreamOptions {
    JetStreamOptions {
        max_bytes: 256 * 1024 * 1024,
        ..JetStreamOptions::new(url)
    }
}

pub(crate) async fn open(
    url: String,
    checkpoint: Option<Checkpoint>,
) -> (Stream<u64>, Reader<u64>) {
    Stream::jetstream(options(url), checkpoint).await.unwrap()
}

/// Reads exactly so many messages.
pub(crate) async fn read(reader: &mut Reader<u64>, count: usize) -> Vec<Message<u64>> {
    let mut messages = Vec::new();
    while messages.len() < count {
        messages.extend(
            deliveries(reader)
                .await
                .into_iter()
                .map(|delivery| match delivery {
                    Delivery::Message(message) => message,
                    Delivery::Adopted(checkpoint) => panic!("adopted {checkpoint:?}"),
                }),
        );
    }
    assert_eq!(messages.len(), count);
    messages
}

/// Reads what comes next, at least one delivery.
pub(crate) async fn deliveries(reader: &mut Reader<u64>) -> Vec<Delivery<u64>> {
    let mut deliveries = Vec::new();
    let received = tokio::time::timeout(WAIT, reader.next(&mut deliveries, ALL)).await;
    assert_eq!(received, Ok(Received::Some));
    deliveries
}

/// Nothing waits that should not be there.
pub(crate) fn assert_nothing_waits(reader: &mut Reader<u64>) {
    let mut deliveries = Vec::new();
    let received = reader.recv(&mut deliveries, ALL, Some(Duration::ZERO));
    assert_eq!(received, Received::Nothing, "{deliveries:?}");
}

pub(crate) async fn until_stopped(stream: &Stream<u64>) {
    eventually("reading stopped", || async {
        stream.status().stopped.is_some()
    })
    .await;
}

/// A client beside ours, with every right that the server gives.
pub(crate) async fn client(url: String) -> Context {
    async_nats::jetstream::new(async_nats::connect(url).await.unwrap())
}

/// Publishes as a producer does; returns the sequence.
pub(crate) async fn produce(context: &Context, subject: &str, payload: &'static str) -> u64 {
    let published = context
        .publish(subject.to_owned(), payload.into())
        .await
        .unwrap();
    published.await.unwrap().sequence
}

pub(crate) fn sequences(messages: &[Message<u64>]) -> Vec<u64> {
    messages.iter().map(|message| message.sequence).collect()
}

pub(crate) fn all_numbers(messages: &[Message<u64>]) -> Vec<u64> {
    messages.iter().flat_map(numbers).collect()
}
