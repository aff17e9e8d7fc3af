//! Rebuilding while a node serves: nobody who asks it can tell.

use crate::load;
use crate::service::Service;
use async_nats::jetstream::Context;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use touchbook_testkit::{Nats, eventually};

/// Enough for a rebuild that takes a moment.
const EVENTS: u64 = 24_000;
/// What comes in at a time while it runs.
const LOAD_STEP: u64 = 200;
const SAMPLED: u64 = 40;
const READERS: u64 = 4;
/// What were not given back would add up, to more than is tolerated.
const CANCELS: u64 = 8;
/// Of the memory before.
const MEMORY_TOLERANCE_PERCENT: u64 = 15;

/// S1-040: cancelled half-way under load, a rebuild leaves no trace in answers or in memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_is_cancelled_half_way_leaves_no_trace() {
    let nats = Nats::start();
    let node = Service::start_with(&["--stream", &nats.url()]);
    node.json("/api/v1/customers").await;
    let other = Service::start_with(&["--stream", &nats.url()]);
    let producer = load::producer(&nats).await;
    load::publish(&producer, "before", 0..EVENTS).await;
    both_have(&node, &other, EVENTS).await;
    let (before, before_other) = (resident_kib(&node), resident_kib(&other));

    let cancelled = AtomicBool::new(false);
    let cancelling = async {
        for _ in 0..CANCELS {
            cancel_half_way(&node, "timeline").await;
        }
        cancelled.store(true, Ordering::Relaxed);
    };
    let (more, ()) = tokio::join!(load_until(&producer, &cancelled), cancelling);

    both_have(&node, &other, EVENTS + more).await;
    assert_eq!(node.digests().await, other.digests().await);
    for number in 0..SAMPLED {
        let customer = load::customer(4 * number * load::CUSTOMERS / SAMPLED);
        for rest in ["", "/timeline?limit=500"] {
            let path = format!("/api/v1/customers/external_id:{customer}{rest}");
            assert_eq!(node.json(&path).await, other.json(&path).await, "{path}");
        }
    }
    let tolerance = before * MEMORY_TOLERANCE_PERCENT / 100;
    eventually("what the rebuild held is given back", || {
        // Both took the same load, so what the other grew by is no rebuild's.
        let load = resident_kib(&other).saturating_sub(before_other);
        std::future::ready(resident_kib(&node) <= before + load + tolerance)
    })
    .await;
}

/// Publishes until it is told to stop; answers how much.
async fn load_until(producer: &Context, stop: &AtomicBool) -> u64 {
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        load::publish(producer, "during", sent..sent + LOAD_STEP).await;
        sent += LOAD_STEP;
    }
    sent
}

async fn both_have(node: &Service, other: &Service, events: u64) {
    eventually(format!("both nodes have {events} events"), || async {
        let position = node.caught_up().await;
        position >= events && position == other.caught_up().await
    })
    .await;
}

/// Begins a rebuild and cancels it at half of its way.
async fn cancel_half_way(node: &Service, projection: &str) {
    let path = format!("/api/v1/projections/{projection}/rebuild");
    let begun: Value = node.accepted(&path).await;
    let job = format!("/api/v1/jobs/{}", begun["id"].as_str().unwrap());
    eventually("half is folded", || async {
        let job = node.json(&job).await;
        assert_eq!(
            job["state"], "running",
            "it ended before it was cancelled: {job}"
        );
        let [done, total] = ["done", "total"].map(|name| job[name].as_u64().unwrap());
        total > 0 && 2 * done >= total
    })
    .await;
    node.accepted(&format!("/api/v1/projections/{projection}/cancel"))
        .await;
    eventually("the rebuild ends", || async {
        node.json(&job).await["state"] != "running"
    })
    .await;
    let ended = node.json(&job).await;
    assert_eq!(ended["state"], "cancelled", "{ended}");
    assert!(ended["done"].as_u64() < ended["total"].as_u64(), "{ended}");
}

/// S1-040: everybody reads their own writes before, during and after the swap.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_swaps_without_a_failed_or_stale_read() {
    let service = Service::start();
    load::post(&service, "before", 0..EVENTS).await;
    service.caught_up().await;
    let rebuilt = AtomicBool::new(false);
    let during = AtomicU64::new(0);
    let reading = futures::future::join_all(
        (0..READERS).map(|reader| read_own_writes(&service, reader, &rebuilt, &during)),
    );
    let rebuilding = async {
        for projection in ["customers", "timeline", "identifiers"] {
            let path = format!("/api/v1/projections/{projection}/rebuild");
            let job = service.run_job(&path).await;
            assert_eq!(job["state"], "succeeded", "{job}");
        }
        rebuilt.store(true, Ordering::Relaxed);
    };
    tokio::join!(reading, rebuilding);
    let reads = during.load(Ordering::Relaxed);
    assert!(
        reads > 10 * READERS,
        "only {reads} reads during the rebuilds"
    );
}

/// Sends an event and looks for it in every answer, until the rebuilds are over.
async fn read_own_writes(service: &Service, reader: u64, rebuilt: &AtomicBool, during: &AtomicU64) {
    let customer = format!("reader:{reader}");
    let mut sent = 0;
    while !rebuilt.load(Ordering::Relaxed) {
        let id = format!("{reader}-{sent}");
        let event = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"reader","type":"sms.sent","data":{{"customer":{{"external_id":"{customer}"}},"body":"Hello"}}}}"#
        );
        let position = service.post_one(event).await.expect("an acknowledgement");
        sent += 1;
        let path = format!("/api/v1/customers/external_id:{customer}");
        let summary = service
            .json(&format!("{path}?min_position={position}"))
            .await;
        assert_eq!(summary["interaction_count"], sent, "{summary}");
        assert_eq!(summary["total_agent_sms"], sent, "{summary}");
        let page = service
            .json(&format!("{path}/timeline?limit=1&min_position={position}"))
            .await;
        assert_eq!(page["items"][0]["event_id"], id.as_str(), "{page}");
        during.fetch_add(2, Ordering::Relaxed);
    }
}

fn resident_kib(service: &Service) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.pid())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
