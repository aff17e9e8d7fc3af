//! JetStream: from a producer's publish to every projection's state.

use super::say;
use crate::client::{TENANT, drive};
use crate::limits::Left;
use crate::service::Service;
use crate::table::{Figure, Row};
use crate::{Options, load, reach};
use anyhow::Result;
use async_nats::jetstream::{self, Context, stream::Config};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use std::time::{Duration, Instant};
use touchbook_testkit::{Mix, Nats, NatsBinary};

const EVENTS_A_MESSAGE: u64 = 100;
/// Messages that are not yet acknowledged.
const IN_FLIGHT: usize = 64;
/// Of the events that other rows have, and at most so many: they wait in memory.
const SHARE: u64 = 5;
const EVENTS_MAX: u64 = 500_000;
const SINGLES_TIME: Duration = Duration::from_secs(6);
const SINGLES_CONNECTIONS: u64 = 64;
const SINGLES_EVENTS_MAX: u64 = 200_000;

pub(crate) async fn measure(options: &Options) -> Result<Vec<Figure>> {
    let events = (options.events / SHARE).min(EVENTS_MAX);
    let customers = (events / load::EVENTS_A_CUSTOMER).max(1);
    let messages: Vec<Bytes> = load::messages(0..customers, EVENTS_A_MESSAGE)
        .into_iter()
        .map(Bytes::from)
        .collect();
    let events = (customers * load::EVENTS_A_CUSTOMER) as f64;
    say("jetstream: the server alone");
    let alone = events / alone(&messages).await?.as_secs_f64();

    say("jetstream: published to applied");
    let nats = Nats::start();
    let service = Service::start(&["--stream", &nats.url(), "--nats-monitor", &nats.monitor()])?;
    let context = context(&nats).await?;
    let begun = Instant::now();
    publish(
        &context,
        &format!("touchbook.events.{TENANT}.batch"),
        &messages,
    )
    .await?;
    let acknowledged = begun.elapsed().as_secs_f64();
    service
        .applied(last(&service, customers).await? - 1)
        .await?;
    let took = begun.elapsed().as_secs_f64();

    say("jetstream: one event a request over HTTP, 64 connections");
    let from = customers + 1;
    let singles = from..from + SINGLES_EVENTS_MAX / load::EVENTS_A_CUSTOMER;
    let singles = load::singles(singles, SINGLES_CONNECTIONS);
    let singles = drive(service.address, singles, SINGLES_TIME).await?;

    let record_bytes = Left::open(service.stop()?)?.record_bytes()?;
    Ok(figures(&Measured {
        server: nats.version().to_owned(),
        events,
        alone,
        acknowledged,
        applied: took,
        singles: singles.rate(),
        record_bytes,
    }))
}

/// In seconds, and events a second.
struct Measured {
    server: String,
    events: f64,
    alone: f64,
    acknowledged: f64,
    applied: f64,
    singles: f64,
    record_bytes: f64,
}

/// What should be reached is only meant of a server that syncs before it acknowledges.
fn figures(measured: &Measured) -> Vec<Figure> {
    let Measured { server, events, .. } = measured;
    let syncs = NatsBinary::current().can_sync();
    let sync = if syncs { "sync always" } else { "without sync" };
    let what = format!(
        "jetstream {server}, {sync}, 100 a message, published to applied ({events} events)"
    );
    let by_http = "jetstream, singles over HTTP, 64 connections";
    let batches = Figure::new(Row::Jetstream, what, events / measured.applied, "events/s");
    let singles = Figure::new(Row::Jetstream, by_http, measured.singles, "events/s");
    vec![
        batches
            .limit(measured.alone, "events/s, acknowledged, nobody reads")
            .limit(
                events / measured.acknowledged,
                "events/s, acknowledged while we read",
            )
            .record_bytes(measured.record_bytes)
            .reach(syncs.then_some(reach::JETSTREAM)),
        singles
            .record_bytes(measured.record_bytes)
            .reach(syncs.then_some(reach::JETSTREAM_SINGLES)),
    ]
}

async fn context(nats: &Nats) -> Result<Context> {
    Ok(jetstream::new(async_nats::connect(nats.url()).await?))
}

/// How long the server takes to acknowledge the same messages.
async fn alone(messages: &[Bytes]) -> Result<Duration> {
    let nats = Nats::start();
    let context = context(&nats).await?;
    let config = Config {
        name: "alone".into(),
        subjects: vec!["alone".into()],
        ..Config::default()
    };
    context.create_stream(config).await?;
    let begun = Instant::now();
    publish(&context, "alone", messages).await?;
    Ok(begun.elapsed())
}

async fn publish(context: &Context, subject: &str, messages: &[Bytes]) -> Result<()> {
    let sent = messages.iter().map(|message| async move {
        let acknowledged = context.publish(subject.to_owned(), message.clone()).await?;
        acknowledged.await?;
        anyhow::Ok(())
    });
    futures::stream::iter(sent)
        .buffered(IN_FLIGHT)
        .try_collect()
        .await
}

/// The position of one more event over HTTP, which the stream has behind all the others.
async fn last(service: &Service, customer: u64) -> Result<u64> {
    let mix = Mix::new(load::SEED, customer..customer + 1, 1);
    let mut event = Vec::new();
    mix.write(0, &mut event);
    let mut connection = service.connect().await?;
    let body = connection.body(&load::single(&event)).await?;
    let answer: serde_json::Value = serde_json::from_slice(body)?;
    Ok(answer["position"].as_u64().unwrap_or_default())
}
