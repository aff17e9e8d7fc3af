//! Limits on what is held at once: each takes many who hold it.

use super::answered::Said;
use super::wire::{Wire, get, post};
use crate::check;
use crate::failing_disk::Node;
use crate::load;
use crate::service::{Service, TENANT};
use futures::StreamExt;
use futures::poll;
use futures::stream::FuturesUnordered;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::pin::Pin;
use touchbook_events::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX};
use touchbook_testkit::eventually;

/// Of `touchbook_api::limits`, which tests see from outside.
const ANSWERS_BYTES_MAX: usize = 128 * 1024 * 1024;
const BODIES_BYTES_MAX: usize = 64 * 1024 * 1024;
const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
const SSE_READERS_MAX: usize = 500;
const WAITERS_MAX: usize = 1_000;
/// Of `touchbook_stream::limits`.
const QUEUE_EVENTS_MAX: usize = 4_096;
const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;
const LINES: &str = "application/x-ndjson";
/// A tenant of which nobody of good manners opens a stream.
const STREAMS: &str = "streams";
/// Far more than are answered before a request that is turned away.
const READS_MEANWHILE: usize = 50;

/// A request on its way.
type Sending = dyn Future<Output = reqwest::Result<Response>> + Send;

pub(super) const LARGE_PAGE: &str = "/api/v1/ledger/events?limit=500";
const LARGE_EVENT_BYTES: usize = 150_000;

/// What is promised to whoever is one too many.
pub(super) const TURNED_AWAY: Said = (429, "too_many_requests");

/// Holds all event streams, bytes of bodies and bytes of answers that may be held, one after the
/// other; whoever comes then is turned away, and let in again later.
pub(super) async fn all_there_is(service: &Service) {
    let streams = too_many_streams(service).await;
    let bodies = too_many_bodies(service).await;
    are_let_go(service, bodies).await;
    let answers = too_many_answers(service).await;
    are_let_go(service, answers).await;
    drop(streams);
    eventually("event streams are opened again", || async {
        let mut wire = Wire::to(service.address()).await.unwrap();
        wire.send(get(STREAMS, "/api/v1/stream")).await.unwrap();
        wire.head().await.unwrap().starts_with("HTTP/1.1 200")
    })
    .await;
}

/// Writes large events before all others, so many that the first page is as large as one may be.
pub(super) async fn write_a_large_page(service: &Service) {
    let events =
        (0..=PAGE_BYTES_MAX / LARGE_EVENT_BYTES).map(|number| large_event("large", number));
    let answer = service.post_lines(events.collect()).await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["errors"], json!([]), "{answer}");
}

/// A line with one.
fn large_event(source: &str, number: usize) -> String {
    let line = "x".repeat(LARGE_EVENT_BYTES);
    let event = json!({
        "specversion": "1.0", "id": number.to_string(), "source": source, "type": "order.updated",
        "data": {
            "customer": {"external_id": "siege:large"},
            "order_id": format!("{source}:{number}"),
            "shipping_address": {"line": line},
        },
    });
    format!("{event}\n")
}

/// As many readers of events as a tenant may have, who take nothing; then one more.
async fn too_many_streams(service: &Service) -> Vec<Wire> {
    let stream = get(STREAMS, "/api/v1/stream");
    let mut open = Vec::new();
    let refused = loop {
        let mut wire = Wire::narrow_to(service.address()).await.unwrap();
        wire.send(&stream).await.unwrap();
        let head = wire.head().await.unwrap();
        if !head.starts_with("HTTP/1.1 200") {
            break head;
        }
        open.push(wire);
    };
    assert!(refused.starts_with("HTTP/1.1 429"), "{refused}");
    assert!(refused.contains("retry-after: 1"), "{refused}");
    assert_eq!(open.len(), SSE_READERS_MAX);
    open
}

/// Bodies that are sent but for their last byte, until large ones are turned away.
async fn too_many_bodies(service: &Service) -> Vec<Wire> {
    let body = vec![b' '; BATCH_BYTES_MAX - 1];
    let mut open = Vec::new();
    // More than there is room for: others hold some, and may leave room for one when they end.
    for _ in 0..2 * BODIES_BYTES_MAX / BATCH_BYTES_MAX {
        let mut wire = Wire::to(service.address()).await.unwrap();
        let head = post(TENANT, LINES, BATCH_BYTES_MAX);
        wire.send(head).await.unwrap();
        // The last are turned away while they send.
        let _ = wire.send(&body).await;
        open.push(wire);
    }
    let blank = " ".repeat(BATCH_BYTES_MAX);
    eventually("a large body is turned away", || async {
        let answer = service.post_lines(blank.clone()).await.unwrap();
        answer.status() != 200 && is_turned_away(&answer)
    })
    .await;
    open
}

/// Large answers that nobody takes, until large ones are turned away.
async fn too_many_answers(service: &Service) -> Vec<Wire> {
    let mut open = Vec::new();
    // More than there is room for, since a part of each is not counted: the last are turned away.
    for _ in 0..2 * ANSWERS_BYTES_MAX / PAGE_BYTES_MAX {
        let mut wire = Wire::narrow_to(service.address()).await.unwrap();
        wire.send(get(TENANT, LARGE_PAGE)).await.unwrap();
        open.push(wire);
    }
    eventually("a large answer is turned away", || async {
        let answer = service.get(LARGE_PAGE).await;
        answer.status() != 200 && is_turned_away(&answer)
    })
    .await;
    open
}

/// Large bodies and answers are taken again once nobody holds others.
async fn are_let_go(service: &Service, open: Vec<Wire>) {
    drop(open);
    eventually("large bodies and answers are taken again", || async {
        let blank = " ".repeat(BATCH_BYTES_MAX);
        let sent = service.post_lines(blank).await.unwrap();
        sent.status() == 200 && service.get(LARGE_PAGE).await.status() == 200
    })
    .await;
}

/// As promised, and told when to come again.
#[track_caller]
fn is_turned_away(answer: &Response) -> bool {
    assert_eq!(answer.status(), TURNED_AWAY.0);
    assert_eq!(answer.headers()["retry-after"], "1");
    true
}

/// More requests than may wait, while the disk keeps the writer waiting: one too many is turned
/// away, all others are taken.
pub(super) async fn too_many_waiters(node: &Node) {
    let source = "waiter";
    let service = &node.service;
    service.json("/api/v1/customers").await;
    node.disk.hold_syncs().unwrap();
    let mut waiting: FuturesUnordered<_> = (0..=WAITERS_MAX as u64)
        .map(|number| post_event(service, load::event(source, number)))
        .collect();
    is_turned_away(&waiting.next().await.unwrap());
    is_turned_away(&post_event(service, load::event(source, 0)).await);
    assert_eq!(service.get("/api/v1/customers").await.status(), 200);
    node.disk.let_sync().unwrap();
    let (mut taken, mut unknown) = (0, 0);
    while let Some(answer) = waiting.next().await {
        match answer.status() {
            StatusCode::OK => taken += 1,
            // Where the disk was held for longer than anybody is kept waiting.
            StatusCode::SERVICE_UNAVAILABLE => unknown += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!(taken + unknown, WAITERS_MAX);
    let stored = check::stored(service, source).await;
    assert_eq!(stored.len(), WAITERS_MAX);
}

async fn post_event(service: &Service, event: String) -> Response {
    let request = service
        .request(Method::POST, "/api/v1/events")
        .header("Content-Type", "application/cloudevents+json");
    request.body(event).send().await.unwrap()
}

/// More events than may wait for the writer, by number and by bytes: who comes too late is turned
/// away and nothing of it is taken, but another tenant is let in.
pub(super) async fn too_full_a_queue(node: &Node) {
    // The writer has taken some already when it is held, up to a commit of them.
    let requests = 3 * QUEUE_EVENTS_MAX / BATCH_EVENTS_MAX;
    let many = |request| load::lines(&source("many", request), 0..BATCH_EVENTS_MAX as u64);
    flood(node, "many", (0..requests).map(many).collect()).await;
    let requests = 3 * QUEUE_BYTES_MAX / BATCH_BYTES_MAX;
    let numbers = 0..BATCH_BYTES_MAX / (LARGE_EVENT_BYTES + LARGE_EVENT_BYTES / 8);
    let large = |request| {
        let source = source("large", request);
        let events = numbers.clone().map(|number| large_event(&source, number));
        events.collect()
    };
    flood(node, "large", (0..requests).map(large).collect()).await;
}

fn source(name: &str, request: usize) -> String {
    format!("{name}-{request}")
}

async fn flood(node: &Node, name: &str, requests: Vec<String>) {
    let service = &node.service;
    // Both are there before the disk is held.
    for tenant in [TENANT, "other"] {
        let begun = service.request_as(tenant, Method::GET, "/api/v1/customers");
        assert_eq!(begun.send().await.unwrap().status(), 200);
    }
    node.disk.hold_syncs().unwrap();
    let posting = requests
        .into_iter()
        .enumerate()
        .map(async |(request, lines)| {
            let events = lines.lines().count();
            (request, events, service.post_lines(lines).await.unwrap())
        });
    let mut posting: FuturesUnordered<_> = posting.collect();
    let first = posting.next().await.unwrap();
    is_turned_away(&first.2);
    let other = another_tenant_waits(service, name).await;
    node.disk.let_sync().unwrap();
    assert_eq!(other.await.unwrap().status(), 200);
    let mut answers = vec![first];
    answers.extend(posting.collect::<Vec<_>>().await);
    let records = service.records().await;
    let mut turned_away = 0;
    for (request, events, answer) in answers {
        let taken = check::taken(&records, &source(name, request)).len();
        match answer.status() {
            StatusCode::OK => assert_eq!(taken, events),
            _ => {
                is_turned_away(&answer);
                assert_eq!(taken, 0);
                turned_away += 1;
            }
        }
    }
    assert!(turned_away > 0);
}

/// Sends an event of a tenant of which nothing waits yet; it is let in, and waits.
async fn another_tenant_waits(service: &Service, name: &str) -> Pin<Box<Sending>> {
    let request = service
        .request_as("other", Method::POST, "/api/v1/events")
        .header("Content-Type", LINES)
        .body(load::lines(name, 0..1));
    let mut sending: Pin<Box<Sending>> = Box::pin(request.send());
    for _ in 0..READS_MEANWHILE {
        assert!(poll!(&mut sending).is_pending(), "it is turned away");
        assert_eq!(service.get("/api/v1/customers").await.status(), 200);
    }
    sending
}
