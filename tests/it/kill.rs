//! SIGKILL at random moments under load: what was acknowledged is there, in one order without gaps.

use crate::service::Service;
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use touchbook_testkit::Nats;

const KILLS: u64 = 20;
const KILLS_WITH_NATS: u64 = 6;
const WRITERS: u64 = 3;
const EVENTS_A_REQUEST: u64 = 40;

/// Positions by event id, as they were acknowledged.
type Acknowledged = BTreeMap<u64, u64>;

/// Design laws 2 and 3.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_sigkill_at_any_moment() {
    survives(Service::start(), KILLS).await;
}

/// Design laws 2 and 3: what the stream holds beyond the last commit is read again, and taken once.
#[tokio::test(flavor = "multi_thread")]
async fn what_came_over_nats_survives_sigkill_at_any_moment() {
    let nats = Nats::start();
    let service = Service::start_with(&["--stream", &nats.url()]);
    survives(service, KILLS_WITH_NATS).await;
}

#[expect(
    clippy::print_stdout,
    reason = "how much was put at risk is worth reading"
)]
async fn survives(mut service: Service, kills: u64) {
    let mut random = StdRng::seed_from_u64(20_261_121);
    let mut acknowledged = Acknowledged::new();
    let next_id = AtomicU64::new(0);
    for _ in 0..kills {
        let delay = Duration::from_millis(random.random_range(5..250));
        write_until_killed(&service, &mut acknowledged, &next_id, delay).await;
        service.restart();
        // Behind everything that the stream still holds.
        let last = next_id.fetch_add(1, Ordering::Relaxed);
        let position = service.post_one(event(last)).await;
        acknowledged.insert(last, position.expect("a restarted service takes events"));
        check_positions(&service, &acknowledged).await;
        check_ledger_and_folds(&service).await;
    }
    let count = acknowledged.len();
    assert!(
        count as u64 > kills * EVENTS_A_REQUEST,
        "hardly anything was written"
    );
    println!("{kills} kills, {count} events acknowledged, none lost");
}

/// Writes on several connections until the process is gone; notes every answer that came, also
/// those of the last moment.
async fn write_until_killed(
    service: &Service,
    acknowledged: &mut Acknowledged,
    next_id: &AtomicU64,
    delay: Duration,
) {
    let writing = join_all((0..WRITERS).map(|_| write(service, next_id)));
    let killing = async {
        // The moment is chance, so there is no condition to wait for.
        let _ = tokio::time::timeout(delay, std::future::pending::<()>()).await;
        service.kill();
    };
    let (answers, ()) = tokio::join!(writing, killing);
    acknowledged.extend(answers.into_iter().flatten());
}

/// Writes batch after batch until one is not answered.
async fn write(service: &Service, next_id: &AtomicU64) -> Acknowledged {
    let mut acknowledged = Acknowledged::new();
    loop {
        let from = next_id.fetch_add(EVENTS_A_REQUEST, Ordering::Relaxed);
        let ids = from..from + EVENTS_A_REQUEST;
        let lines: String = ids.clone().map(|id| event(id) + "\n").collect();
        let Some(answer) = post(service, lines).await else {
            return acknowledged;
        };
        let results = answer["results"].as_array().expect("a row for every event");
        let positions = results.iter().map(|row| row["position"].as_u64().unwrap());
        acknowledged.extend(ids.zip(positions));
    }
}

async fn post(service: &Service, lines: String) -> Option<Value> {
    let request = service
        .request(reqwest::Method::POST, "/api/v1/events?results=full")
        .header("Content-Type", "application/x-ndjson")
        .body(lines);
    request.send().await.ok()?.json().await.ok()
}

fn event(id: u64) -> String {
    let customer = id % 37;
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"kill","type":"order.updated","subject":"order/{id}","data":{{"customer":{{"external_id":"k:{customer}"}},"status":"Complete","total":{{"amount":"1.50","currency":"USD"}}}}}}"#
    )
}

/// Everything acknowledged stands where it was said to stand, and positions have no gap.
async fn check_positions(service: &Service, acknowledged: &Acknowledged) {
    let records = service.records().await;
    let sent = records.iter().filter(|record| record["source"] == "kill");
    let found: Vec<(u64, u64)> = sent
        .map(|record| {
            let id = record["event_id"].as_str().unwrap().parse().unwrap();
            (id, record["position"].as_u64().unwrap())
        })
        .collect();
    let count = found.len();
    let found: BTreeMap<u64, u64> = found.into_iter().collect();
    assert_eq!(found.len(), count, "an event was taken twice");
    for (id, position) in acknowledged {
        assert_eq!(found.get(id), Some(position), "event {id} was acknowledged");
    }
}

/// The chain is whole, and every projection equals a fresh fold (law 3).
async fn check_ledger_and_folds(service: &Service) {
    let verified = service.run_job("/api/v1/ledger/verify").await;
    assert_eq!(verified["state"], "succeeded", "{verified}");
    let live = service.digests().await;
    for name in live.as_object().unwrap().keys() {
        let job = service
            .run_job(&format!("/api/v1/projections/{name}/rebuild"))
            .await;
        assert_eq!(job["state"], "succeeded", "{job}");
    }
    assert_eq!(
        service.digests().await,
        live,
        "a projection differs from a fresh fold"
    );
}
