//! SIGKILL at random moments under load: what was acknowledged is there, in one order without gaps.

use crate::service::Service;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

const KILLS: u64 = 20;
/// Restarts after which the ledger is verified and every projection folded afresh.
const FULL_CHECK_EVERY: u64 = 5;
const EVENTS_A_REQUEST: u64 = 40;

/// Positions by event id, as they were acknowledged.
type Acknowledged = BTreeMap<u64, u64>;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_sigkill_at_any_moment() {
    let mut random = StdRng::seed_from_u64(20_261_121);
    let mut service = Service::start();
    let mut acknowledged = Acknowledged::new();
    let mut next_id = 0;
    for kill in 1..=KILLS {
        let delay = Duration::from_millis(random.random_range(5..250));
        write_until_killed(&mut service, &mut acknowledged, &mut next_id, delay).await;
        service.restart();
        check_positions(&service, &acknowledged).await;
        if kill % FULL_CHECK_EVERY == 0 {
            check_ledger_and_folds(&service).await;
        }
    }
    assert!(acknowledged.len() as u64 > KILLS * EVENTS_A_REQUEST, "hardly anything was written");
    println!("{KILLS} kills, {} events acknowledged, none lost", acknowledged.len());
}

/// Writes on two connections until the process is gone; notes every answer that came.
async fn write_until_killed(
    service: &mut Service,
    acknowledged: &mut Acknowledged,
    next_id: &mut u64,
    delay: Duration,
) {
    let killed = tokio::time::sleep(delay);
    tokio::pin!(killed);
    loop {
        let (from, middle) = (*next_id, *next_id + EVENTS_A_REQUEST);
        *next_id = middle + EVENTS_A_REQUEST;
        let both = async {
            tokio::join!(write(service, from..middle), write(service, middle..*next_id))
        };
        tokio::select! {
            (one, two) = both => {
                acknowledged.extend(one);
                acknowledged.extend(two);
            }
            () = &mut killed => break,
        }
    }
    service.kill();
}

async fn write(service: &Service, ids: std::ops::Range<u64>) -> Acknowledged {
    let lines: String = ids.clone().map(|id| event(id) + "\n").collect();
    let path = "/api/v1/events?results=full";
    let request = service
        .request(reqwest::Method::POST, path)
        .header("Content-Type", "application/x-ndjson")
        .body(lines);
    let Ok(response) = request.send().await else { return Acknowledged::new() };
    let answer: Value = response.json().await.unwrap();
    let results = answer["results"].as_array().expect("a row for every event");
    ids.zip(results).map(|(id, row)| (id, row["position"].as_u64().unwrap())).collect()
}

fn event(id: u64) -> String {
    let customer = id % 37;
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"kill","type":"order.updated","subject":"order/{id}","data":{{"customer":{{"external_id":"k:{customer}"}},"status":"Complete","total":{{"amount":"1.50","currency":"USD"}}}}}}"#
    )
}

/// Everything acknowledged stands where it was said to stand, and positions have no gap.
async fn check_positions(service: &Service, acknowledged: &Acknowledged) {
    let mut found: BTreeMap<u64, u64> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = service.json(&format!("/api/v1/ledger/events?after={after}&limit=500")).await;
        let items = page["items"].as_array().unwrap();
        for item in items {
            let position = item["position"].as_u64().unwrap();
            assert_eq!(position, after + 1, "a gap in the positions");
            after = position;
            if item["source"] == "kill" {
                found.insert(item["id"].as_str().unwrap().parse().unwrap(), position);
            }
        }
        if items.len() < 500 {
            break;
        }
    }
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
        let job = service.run_job(&format!("/api/v1/projections/{name}/rebuild")).await;
        assert_eq!(job["state"], "succeeded", "{job}");
    }
    assert_eq!(service.digests().await, live, "a projection differs from a fresh fold");
}
