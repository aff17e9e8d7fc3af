//! What must be true of a node, whatever happened to it.

use crate::service::{Service, TENANT};
use serde_json::Value;
use std::collections::BTreeMap;

/// Positions by number.
pub(crate) type Positions = BTreeMap<u64, u64>;

/// Where the events of a source stand whose ids are numbers; no position is missing, and no event
/// is there twice.
pub(crate) async fn stored(service: &Service, source: &str) -> Positions {
    taken(&service.records().await, source)
}

/// The same among `records`.
pub(crate) fn taken(records: &[Value], source: &str) -> Positions {
    let sent = records.iter().filter(|record| record["source"] == source);
    let found: Vec<(u64, u64)> = sent
        .map(|record| {
            let id = record["event_id"].as_str().unwrap().parse().unwrap();
            (id, record["position"].as_u64().unwrap())
        })
        .collect();
    let count = found.len();
    let found: Positions = found.into_iter().collect();
    assert_eq!(found.len(), count, "an event was taken twice");
    found
}

/// Everything acknowledged stands where it was said to stand.
pub(crate) fn holds(stored: &Positions, acknowledged: &Positions) {
    for (id, position) in acknowledged {
        assert_eq!(
            stored.get(id),
            Some(position),
            "event {id} was acknowledged"
        );
    }
}

/// `touchbook verify`, of what is served or of what nobody serves.
pub(crate) fn verifies(service: &Service) {
    let output = service.command(&["verify", "--tenant", TENANT]);
    assert!(output.status.success(), "it does not verify: {output:?}");
}

/// Every projection equals a fresh fold.
pub(crate) async fn folds(service: &Service) {
    let live = service.digests().await;
    for name in live.as_object().unwrap().keys() {
        let path = format!("/api/v1/projections/{name}/rebuild");
        let job = service.run_job(&path).await;
        assert_eq!(job["state"], "succeeded", "{job}");
    }
    let fresh = service.digests().await;
    assert_eq!(fresh, live, "a projection differs from a fresh fold");
}
