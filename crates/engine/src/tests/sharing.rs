//! A commit is shared among the tenants that wait.

use super::*;
use crate::OutcomeKind;
use crate::intake::DRAIN_BYTES_MAX;
use futures::future::join_all;
use std::ops::ControlFlow;
use touchbook_events::limits::BATCH_EVENTS_MAX;

const EVENT_BYTES: usize = 4_000;
const EVENTS: usize = 3_800;
const EVENTS_A_REQUEST: usize = 500;
const _: () = assert!(EVENTS * EVENT_BYTES > 14 * DRAIN_BYTES_MAX);
const _: () = assert!(EVENTS_A_REQUEST <= BATCH_EVENTS_MAX);

/// Sequences of a tenant's records after `position`, in order.
fn sequences(tenant: &Tenant, position: u64) -> Vec<u64> {
    let mut found = Vec::new();
    let from = position + 1;
    tenant
        .records(from..=tenant.head(), &mut |record| {
            found.push(record.header.stream_sequence);
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

/// What waits of one tenant is all that one node takes, yet another's event is not behind it.
#[tokio::test]
async fn a_single_event_is_in_the_next_commit_but_one_behind_a_flood() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let many = engine.create_tenant("many").await.unwrap();
    let one = engine.create_tenant("one").await.unwrap();
    let ids: Vec<_> = (0..EVENTS as u64).collect();
    let batches: Vec<Vec<_>> = ids
        .chunks(EVENTS_A_REQUEST)
        .map(|ids| {
            let event = |id: &u64| submission(&many, &wide(*id, "c1", EVENT_BYTES));
            ids.iter().map(event).collect()
        })
        .collect();
    let flood = batches
        .into_iter()
        .map(|batch| engine.submit(&many, batch, false));
    let mut flood = Box::pin(join_all(flood));
    let json = order(1, "c1", "1");
    let mut single = Box::pin(send(&engine, &one, &json));
    assert!(futures::poll!(&mut flood).is_pending());
    assert!(futures::poll!(&mut single).is_pending());
    // The commit that is being made now may hold as much as one takes, the next one a share.
    let durable = many.head();
    assert_eq!(single.await.kind, OutcomeKind::Accepted);
    let stored = flood.await.into_iter().flat_map(Result::unwrap);
    assert!(
        stored
            .into_iter()
            .all(|of| of.kind == OutcomeKind::Accepted)
    );

    let place = *sequences(&one, 1).last().unwrap();
    let of_many = sequences(&many, durable);
    assert!(of_many.is_sorted());
    let before = of_many.iter().filter(|sequence| **sequence < place).count();
    assert!(
        before * EVENT_BYTES <= 2 * DRAIN_BYTES_MAX,
        "{before} events"
    );
    drop((many, one));
    stop(engine).await;
}

/// What several tenants send at once is answered to each, whatever the order of the commits.
#[tokio::test(flavor = "multi_thread")]
async fn tenants_that_send_at_once_all_get_their_own_answers() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let slugs = ["a", "b", "c", "d", "e", "f"];
    let tenants = join_all(slugs.map(|slug| engine.create_tenant(slug))).await;
    let tenants: Vec<_> = tenants.into_iter().map(Result::unwrap).collect();
    let sent = (0..10).flat_map(|round| {
        let (engine, events) = (&engine, round * 7 % 10 + 1);
        tenants.iter().map(move |tenant| async move {
            let ids = (0..events).map(|id| 100 * round + id);
            let batch = ids.map(|id| submission(tenant, &wide(id, "c1", 2_000)));
            engine.submit(tenant, batch.collect(), false).await.unwrap()
        })
    });
    for outcomes in join_all(sent).await {
        let positions: Vec<_> = outcomes.iter().filter_map(|of| of.position).collect();
        let first = positions[0];
        let next = (first..).take(outcomes.len()).collect::<Vec<_>>();
        assert_eq!(positions, next);
        assert!(outcomes.iter().all(|of| of.kind == OutcomeKind::Accepted));
    }
    drop(tenants);
    stop(engine).await;
}
