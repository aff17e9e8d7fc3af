//! A NATS server that dies, and one that comes back with nothing.

use crate::load;
use crate::service::{Service, TENANT, run};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
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
    let (over_http, over_nats) = (AtomicU64::new(0), AtomicU64::new(0));
    let producer = load::producer(&nats).await;
    let killing = async {
        eventually("both producers are at it", || {
            let sent = [&over_http, &over_nats].map(|sent| sent.load(Ordering::Relaxed));
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
        send_over_http(&node, &over_http),
        send_over_nats(&producer, &over_nats),
        killing
    );

    let records = node.records().await;
    assert!(
        records
            .iter()
            .all(|record| record["decision"] != "dead_letter")
    );
    for source in ["http", "nats"] {
        let mut times: BTreeMap<u64, u64> = BTreeMap::new();
        for record in records.iter().filter(|record| record["source"] == source) {
            let id = record["event_id"].as_str().unwrap().parse().unwrap();
            *times.entry(id).or_default() += 1;
        }
        assert!(
            (0..EVENTS).all(|id| times.get(&id) == Some(&1)),
            "{source}: {times:?}"
        );
    }
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

    let data_dir = node.data_dir().to_str().unwrap();
    let adopted = run(&[
        "stream",
        "adopt",
        "--data-dir",
        data_dir,
        "--stream",
        &nats.url(),
    ]);
    assert!(adopted.status.success(), "{adopted:?}");
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

async fn send_over_http(node: &Service, acknowledged: &AtomicU64) {
    for number in 0..EVENTS {
        eventually(format!("event {number} is taken"), || async {
            let sending = node.post_one(load::event("http", number));
            matches!(tokio::time::timeout(PATIENCE, sending).await, Ok(Some(_)))
        })
        .await;
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

async fn send_over_nats(producer: &async_nats::jetstream::Context, acknowledged: &AtomicU64) {
    for number in 0..EVENTS {
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
