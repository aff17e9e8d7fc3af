//! How the demo's events get to the service: over NATS where there is one, else over HTTP.

use super::client::Client;
use crate::config::Config;
use crate::progress::Progress;
use anyhow::Context;
use std::collections::VecDeque;
use touchbook_stream::{Acknowledgement, Producer};

/// Events of one request or message.
const BATCH_EVENTS: usize = 500;
/// Messages whose acknowledgement is waited for at once.
const UNACKNOWLEDGED_MAX: usize = 8;

/// Sends events in order; answers the position that a reader must have seen to see them all.
pub(super) async fn send_all(
    config: &Config,
    client: &Client,
    events: &[String],
    what: &str,
) -> anyhow::Result<u64> {
    let mut progress = Progress::new(what);
    let total = events.len() as u64;
    let Some((last, before)) = events.split_last() else {
        return Ok(0);
    };
    match config.stream.jetstream() {
        Some(options) => {
            let producer = Producer::connect(options).await?;
            publish(&producer, client.tenant(), before, |done| {
                progress.set(done, total)
            })
            .await?;
        }
        None => {
            let mut done = 0;
            for batch in before.chunks(BATCH_EVENTS) {
                client.send(join(batch)).await?;
                done += batch.len() as u64;
                progress.set(done, total);
            }
        }
    }
    // It comes behind all others in the stream, so its position is behind theirs.
    let position = client.send(join(std::slice::from_ref(last))).await?;
    progress.finish(total);
    Ok(position)
}

async fn publish(
    producer: &Producer,
    tenant: &str,
    events: &[String],
    mut tell: impl FnMut(u64),
) -> anyhow::Result<()> {
    let mut done = 0;
    let mut acknowledged = async |unacknowledged: Option<(Acknowledgement, usize)>| {
        if let Some((acknowledgement, events)) = unacknowledged {
            acknowledgement.await.context("could not publish events")?;
            done += events as u64;
            tell(done);
        }
        anyhow::Ok(())
    };
    let mut under_way = VecDeque::new();
    for batch in events.chunks(BATCH_EVENTS) {
        if under_way.len() >= UNACKNOWLEDGED_MAX {
            acknowledged(under_way.pop_front()).await?;
        }
        let sent = producer.publish_batch(tenant, join(batch).into()).await;
        under_way.push_back((sent.context("could not publish events")?, batch.len()));
    }
    while !under_way.is_empty() {
        acknowledged(under_way.pop_front()).await?;
    }
    Ok(())
}

fn join(events: &[String]) -> String {
    format!("[{}]", events.join(","))
}
