use super::*;
use crate::OutcomeKind;

async fn fill(engine: &Engine, tenant: &Arc<Tenant>, ids: std::ops::Range<u64>) {
    let ids: Vec<u64> = ids.collect();
    for ids in ids.chunks(500) {
        let orders = ids
            .iter()
            .map(|id| order(*id, &format!("c{}", id % 97), "1.25"));
        let batch = orders.map(|json| submission(tenant, &json)).collect();
        let outcomes = engine.submit(tenant, batch, false).await.unwrap();
        assert!(
            outcomes
                .iter()
                .all(|outcome| outcome.kind == OutcomeKind::Accepted)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_finds_everything_and_goes_on_without_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    fill(&engine, &tenant, 0..3_000).await;
    let (head, before) = (tenant.head(), digest(&tenant).await);
    drop(tenant);
    stop(engine).await;

    let engine = embedded(dir.path()).await;
    let tenant = engine.tenant("acme").unwrap();
    assert_eq!((tenant.head(), digest(&tenant).await), (head, before));
    assert_eq!(tenant.published::<toy::AppliedCount>().unwrap().0, head);
    let known = send(&engine, &tenant, &order(7, "c7", "1.25")).await;
    assert_eq!(
        (known.kind, known.position),
        (OutcomeKind::Duplicate, Some(9))
    );
    let next = send(&engine, &tenant, &order(9_999, "c1", "1")).await;
    assert_eq!(next.position, Some(head + 1));
    drop(tenant);
    stop(engine).await;
}

/// Law 3, and design idea 6: deleting snapshots costs time, never data; damaged ones are discarded.
#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_never_trusted_and_never_needed() {
    for (records, damaged) in [(2_000, &["whole"][..]), (11_000, &["00", "01", "slices"])] {
        let dir = tempfile::tempdir().unwrap();
        let engine = embedded(dir.path()).await;
        let tenant = engine.create_tenant("acme").await.unwrap();
        fill(&engine, &tenant, 0..records).await;
        let want = digest(&tenant).await;
        drop(tenant);
        stop(engine).await;
        for (place, part) in damaged.iter().enumerate() {
            let path = dir.path().join("snapshots/1/totals/1").join(part);
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[place * 40] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }

        let engine = embedded(dir.path()).await;
        assert_eq!(digest(&engine.tenant("acme").unwrap()).await, want);
        stop(engine).await;
        std::fs::remove_dir_all(dir.path().join("snapshots")).unwrap();
        let engine = embedded(dir.path()).await;
        assert_eq!(digest(&engine.tenant("acme").unwrap()).await, want);
        stop(engine).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_tenant_is_one_file_until_it_grows() {
    let dir = tempfile::tempdir().unwrap();
    let files = || {
        std::fs::read_dir(dir.path().join("snapshots/1/totals/1"))
            .unwrap()
            .count()
    };
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    fill(&engine, &tenant, 0..100).await;
    drop(tenant);
    stop(engine).await;
    assert_eq!(files(), 1);
    let engine = embedded(dir.path()).await;
    let tenant = engine.tenant("acme").unwrap();
    fill(&engine, &tenant, 100..10_100).await;
    let want = digest(&tenant).await;
    drop(tenant);
    stop(engine).await;
    assert_eq!(files(), 65);
    let engine = embedded(dir.path()).await;
    assert_eq!(digest(&engine.tenant("acme").unwrap()).await, want);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_one_engines_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let second = Engine::open(config(dir.path(), StreamConfig::Embedded), toy::registry()).await;
    let error = crate::chain(&second.err().unwrap());
    assert!(error.contains("could not open the ledger"), "{error}");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verification_walks_the_whole_chain() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    fill(&engine, &tenant, 0..1_500).await;
    let job = engine.verify(&tenant).unwrap();
    until("the job ends", || {
        engine.jobs().get(&job.id).unwrap().finished_at.is_some()
    })
    .await;
    let job = engine.jobs().get(&job.id).unwrap();
    assert_eq!(job.state, crate::JobState::Succeeded);
    assert_eq!(job.result.unwrap()["records"], tenant.head());
    drop(tenant);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_durable_is_noted_while_the_node_runs() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let witness = dir.path().join("ledger/0001/witness");
    let before = std::fs::read(&witness).unwrap();
    let tenant = engine.create_tenant("acme").await.unwrap();
    until("it is noted", || std::fs::read(&witness).unwrap() != before).await;
    drop(tenant);
    stop(engine).await;
}
