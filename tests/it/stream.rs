//! A NATS server that dies, and one that comes back with nothing, with less, or slowly.

mod damaged;
mod network;

use crate::check;
use crate::load;
use crate::service::{Service, TENANT};
use async_nats::jetstream::Context;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use touchbook_testkit::{Nats, eventually};

/// Events that each of the two producers sends.
const EVENTS: u64 = 400;
/// Events of each that are acknowledged before the server is killed.
const BEFORE: u64 = 100;
/// How long a producer waits before it sends again; the server may be dead meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// Design laws 2 and 5.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_nats_server_loses_nothing_and_repeats_nothing() {
    let mut nats = Nats::start();
    let node = Service::start_with(&["--stream", &nats.url()]);
    node.json("/api/v1/customers").await;
    let other = Service::start_with(&["--stream", &nats.url()]);
    let (of_http, of_nats) = (AtomicU64::new(0), AtomicU64::new(0));
    let producer = load::producer(&nats).await;
    let killing = async {
        eventually("both producers are at it", || {
            let sent = [&of_http, &of_nats].map(|sent| sent.load(Ordering::Relaxed));
            std::future::ready(sent.iter().all(|sent| *sent >= BEFORE))
        })
        .await;
        nats.kill();
        for node in [&node, &other] {
            reason(node, "stream_unreachable").await;
        }
        nats.restart();
        for node in [&node, &other] {
            ready(node).await;
        }
    };
    tokio::join!(
        over_http(&node, 0..EVENTS, &of_http),
        over_nats(&producer, 0..EVENTS, &of_nats),
        killing
    );

    taken_once(&node, EVENTS, EVENTS).await;
    same_chain(&node, &other).await;
}

/// Design laws 2 and 5, after the stream was lost with all that it held.
#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_stream_is_noticed_and_goes_on_once_adopted() {
    let mut nats = Nats::start();
    let node = Service::start_with(&["--stream", &nats.url()]);
    let before = node.post_one(load::event("before", 1)).await.unwrap();
    nats.kill_and_wipe();
    nats.restart();
    reason(&node, "stream_rewound").await;
    // Reads go on.
    assert_eq!(
        node.json(&format!("/api/v1/events/{before}")).await["event_id"],
        "1"
    );

    adopt(&node);
    ready(&node).await;
    let after = node.post_one(load::event("after", 2)).await.unwrap();
    assert!(after > before);
    // What comes again from a producer that saw no answer is taken once.
    assert_eq!(node.post_one(load::event("before", 1)).await, Some(before));
}

/// S1-106: what a producer sends before its tenant is there is not lost, and not sent twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_came_for_an_unknown_tenant_is_sent_again_once_it_is_there() {
    let nats = Nats::start();
    let mut node = Service::start_with(&["--stream", &nats.url()]);
    let producer = load::producer(&nats).await;
    eventually("the stream is there and takes it", || async {
        let (subject, event) = ("touchbook.events.acme.sms.sent", load::event("early", 0));
        let sent = producer.publish(subject, event.into()).await.unwrap();
        sent.await.is_ok()
    })
    .await;
    node.ask_as("_node");
    eventually("it is kept", || async {
        let kept = node.json("/api/v1/dead-letters").await;
        kept["items"][0]["tenant"] == TENANT && kept["items"][0]["reason"] == "unknown_tenant"
    })
    .await;
    let resubmit = || {
        node.request(Method::POST, "/api/v1/dead-letters/1/resubmit")
            .send()
    };
    let early = resubmit().await.unwrap();
    assert_eq!(early.status(), 422, "{:?}", early.text().await);

    let begun = node
        .request_as(TENANT, Method::GET, "/api/v1/customers")
        .send();
    assert_eq!(begun.await.unwrap().status(), 200);
    let again = resubmit().await.unwrap();
    assert_eq!(again.status(), 200, "{:?}", again.text().await);
    assert_eq!(resubmit().await.unwrap().status(), 409);
    let letters = node.json("/api/v1/dead-letters?status=all").await;
    let resolution = &letters["items"][0]["resolution"];
    let position = resolution["resubmitted_position"].as_u64().unwrap();
    node.ask_as(TENANT);
    let record = node.json(&format!("/api/v1/events/{position}")).await;
    assert_eq!(
        (&record["source"], &record["event_id"]),
        (&json!("early"), &json!("0"))
    );
}

async fn over_http(node: &Service, numbers: impl Iterator<Item = u64>, acknowledged: &AtomicU64) {
    for number in numbers {
        eventually(format!("event {number} is taken"), || async {
            let sending = node.post_one(load::event("http", number));
            matches!(tokio::time::timeout(PATIENCE, sending).await, Ok(Some(_)))
        })
        .await;
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

async fn over_nats(
    producer: &Context,
    numbers: impl Iterator<Item = u64>,
    acknowledged: &AtomicU64,
) {
    for number in numbers {
        eventually(format!("event {number} is published"), || async {
            // The type on the subject says nothing that the batch's events do not say themselves.
            let subject = format!("touchbook.events.{TENANT}.batch");
            let batch = format!("[{}]", load::event("nats", number));
            let Ok(sent) = producer.publish(subject, batch.into()).await else {
                return false;
            };
            matches!(tokio::time::timeout(PATIENCE, sent).await, Ok(Ok(_)))
        })
        .await;
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

async fn reason(node: &Service, code: &str) {
    eventually(format!("/readyz says {code}"), || async {
        let answer = node.get("/readyz").await;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        let mut reasons = body["reasons"].as_array().unwrap().iter();
        status == 503 && reasons.any(|reason| reason["code"] == code)
    })
    .await;
}

async fn ready(node: &Service) {
    eventually("/readyz says ready", || async {
        node.get("/readyz").await.status() == 200
    })
    .await;
}

/// `touchbook stream adopt`.
fn adopt(node: &Service) {
    let adopted = node.command(&["stream", "adopt"]);
    assert!(adopted.status.success(), "{adopted:?}");
}

/// What both producers sent is there once each, and nothing was kept as unusable.
async fn taken_once(node: &Service, over_http: u64, over_nats: u64) {
    let letters = node.json("/api/v1/dead-letters?status=all").await;
    assert_eq!(letters["items"], json!([]));
    let records = node.records().await;
    for (source, sent) in [("http", over_http), ("nats", over_nats)] {
        let taken = check::taken(&records, source);
        let every: Vec<u64> = (0..sent).collect();
        assert_eq!(taken.into_keys().collect::<Vec<_>>(), every, "{source}");
    }
}

/// Two nodes on one stream hold the same bytes.
async fn same_chain(node: &Service, other: &Service) {
    eventually("both nodes are as far", || async {
        node.caught_up().await == other.caught_up().await
    })
    .await;
    let mut chains = Vec::new();
    for node in [node, other] {
        let verified = node.run_job("/api/v1/ledger/verify").await;
        assert_eq!(verified["state"], "succeeded", "{verified}");
        chains.push(verified["result"]["chain"].as_str().unwrap().to_owned());
    }
    assert_eq!(chains[0], chains[1]);
}
