//! Projections that can't go on.

use super::{Service, order, registry};
use crate::Access;
use crate::limits::CONNECTIONS_MAX;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use touchbook_events::{CustomerId, Record};
use touchbook_projection::{AnyProjection, Projection, Projector};
use touchbook_timeline::Timeline;

/// Stands where the timeline does, and panics over the first customer that it lists.
struct Broken;

impl Projector for Broken {
    type State = ();
    type Contribution = ();
    type Index = ();

    const NAME: &'static str = Timeline::NAME;
    const VERSION: u32 = 1;

    fn apply((): &mut (), _: &Record) {}

    fn contribution(_: CustomerId, (): &()) -> Option<()> {
        Some(())
    }

    fn contribute((): &mut (), _: CustomerId, _: Option<()>, _: Option<()>) {
        panic!("an index with a flaw");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reads_a_failed_projection_answers_503_at_once_with_the_reason() {
    let mut registry = registry();
    registry
        .projections
        .retain(|projection| projection.name() != Timeline::NAME);
    registry
        .projections
        .push(Arc::new(Projection::<Broken>::default()) as Arc<dyn AnyProjection>);
    let access = Access::Dev {
        default_tenant: "default".to_owned(),
    };
    let service = Service::on(registry, access, CONNECTIONS_MAX).await;
    let position = service.stored(&order("1", "7", json!({}))).await;
    let waiting = |path: &str| format!("/api/v1/{path}?min_position={position}&wait=30");
    for path in [
        waiting("customers/external_id:shop:7/timeline"),
        waiting("entries/order%2F1"),
        // What it could answer without waiting may be half of a state.
        "/api/v1/entries/order%2F1".to_owned(),
    ] {
        let answer = tokio::time::timeout(Duration::from_secs(20), service.get(&path)).await;
        let answer = answer.expect("it waits for nothing");
        assert_eq!(answer.problem(), (503, "projection_failed"), "{path}");
        let detail = answer.body["detail"].as_str().unwrap();
        for part in ["timeline", "panicked", "rebuild"] {
            assert!(detail.contains(part), "{detail}");
        }
        assert_ne!(answer.header("retry-after"), "", "{path}");
    }
    let summary = service.get(&waiting("customers/external_id:shop:7")).await;
    assert_eq!(summary.status, 200, "others go on: {:?}", summary.body);
    let list = service.get("/api/v1/projections").await;
    let stalled = |name: &str| {
        let mut items = list.body["items"].as_array().unwrap().iter();
        items.find(|item| item["name"] == name).unwrap()["stalled"].clone()
    };
    assert!(stalled("timeline").as_str().unwrap().contains("panicked"));
    assert!(stalled("customers").is_null());
    service.stored(&order("2", "7", json!({}))).await;
}
