//! How projections are weighed: what moved, a little at a time.

use super::{digest, embedded, order, send, stop, toy};
use crate::memory::{Key, Memory};
use crate::{Engine, Tenant};
use std::sync::Arc;
use touchbook_events::TenantNumber;
use touchbook_projection::Projection;
use touchbook_projection::projection::{AnyProjection, SHARDS};

type Weighed = (Key, Arc<dyn AnyProjection>);

/// A tenant with one order, folded.
async fn tenant(engine: &Engine, slug: &str) -> Arc<Tenant> {
    let tenant = engine.create_tenant(slug).await.unwrap();
    send(engine, &tenant, &order(1, "c1", "1")).await;
    digest(&tenant).await;
    tenant
}

fn weighed(tenant: &Tenant) -> Weighed {
    let current = tenant.live(toy::NAME).unwrap().current();
    ((tenant.number(), toy::NAME), current)
}

/// How many projections a round weighed that has time for `most`.
fn round(memory: &mut Memory, all: &[Weighed], most: usize) -> usize {
    let mut count = 0;
    memory.weigh(all, || {
        count += 1;
        count < most
    });
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_moved_is_not_weighed_again() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let acme = tenant(&engine, "acme").await;
    let calm = tenant(&engine, "calm").await;
    let all = [weighed(&acme), weighed(&calm)];
    let mut memory = Memory::default();
    assert_eq!(round(&mut memory, &all, usize::MAX), 2);
    assert!(memory.bytes_of(toy::NAME) > 0);
    assert_eq!(round(&mut memory, &all, usize::MAX), 0);

    send(&engine, &acme, &order(2, "c1", "1")).await;
    digest(&acme).await;
    assert_eq!(round(&mut memory, &all, usize::MAX), 1);
    drop((acme, calm, all));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_runs_out_of_time_is_continued_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let mut all = Vec::new();
    for slug in ["acme", "bolt", "calm"] {
        let tenant = tenant(&engine, slug).await;
        all.push(weighed(&tenant));
    }
    let mut memory = Memory::default();
    let mut last = 0;
    for _ in 0..3 {
        assert_eq!(round(&mut memory, &all, 1), 1);
        let bytes = memory.bytes_of(toy::NAME);
        assert!(bytes > last, "another one each time");
        last = bytes;
    }
    assert_eq!(round(&mut memory, &all, 1), 0);
    drop(all);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_large_projection_one_shard_is_weighed_a_round() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let acme = tenant(&engine, "acme").await;
    let record = acme.record(acme.head()).unwrap().unwrap();
    let records: Vec<_> = (1..=10_001)
        .map(|position| {
            let mut record = record.clone();
            record.header.position = position;
            record
        })
        .collect();
    let large = Projection::<toy::Totals>::default();
    large.apply_batch(&records, &acme.history()).unwrap();
    let large: Arc<dyn AnyProjection> = Arc::new(large);
    let all = [((TenantNumber(9), toy::NAME), Arc::clone(&large))];
    let mut memory = Memory::default();
    let rounds = std::iter::repeat_with(|| round(&mut memory, &all, usize::MAX));
    assert_eq!(rounds.take_while(|weighed| *weighed == 1).count(), SHARDS);
    let whole: usize = (0..SHARDS).map(|shard| large.weigh_shard(shard)).sum();
    assert_eq!(memory.bytes_of(toy::NAME), whole);
    drop(acme);
    stop(engine).await;
}
