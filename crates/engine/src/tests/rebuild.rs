use super::*;
use crate::{JobState, JobView};
use std::sync::atomic::{AtomicBool, Ordering};

async fn ended(engine: &Engine, job: &JobView) -> JobView {
    until("the job ends", || {
        engine.jobs().get(&job.id).unwrap().finished_at.is_some()
    })
    .await;
    engine.jobs().get(&job.id).unwrap()
}

/// Writes orders until told to stop; answers how many.
async fn load(engine: Engine, tenant: Arc<Tenant>, stop: Arc<AtomicBool>) -> u64 {
    let mut next = 0;
    while !stop.load(Ordering::Relaxed) {
        let orders = (next..next + 100).map(|id| order(id, &format!("c{}", id % 50), "2.5"));
        let batch = orders.map(|json| submission(&tenant, &json)).collect();
        engine.submit(&tenant, batch, false).await.unwrap();
        next += 100;
    }
    next
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_under_load_gives_the_live_state_and_takes_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn(load(engine.clone(), Arc::clone(&tenant), Arc::clone(&done)));
    until("there is something to rebuild", || tenant.head() > 10_000).await;
    let live = tenant.projection::<toy::Totals>().unwrap();
    let job = engine.rebuild(&tenant, &[]).unwrap();
    let job = ended(&engine, &job).await;
    assert_eq!((job.state, job.done), (JobState::Succeeded, job.total));
    done.store(true, Ordering::Relaxed);
    let written = writing.await.unwrap();

    let rebuilt = tenant.projection::<toy::Totals>().unwrap();
    assert!(!Arc::ptr_eq(&live, &rebuilt));
    digest(&tenant).await;
    assert_eq!(
        rebuilt.index(|total| *total),
        i128::from(written) * 2_500_000
    );
    drop((tenant, live, rebuilt));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_rebuild_leaves_the_live_state_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn(load(engine.clone(), Arc::clone(&tenant), Arc::clone(&done)));
    until("there is something to rebuild", || tenant.head() > 10_000).await;
    let live = tenant.projection::<toy::Totals>().unwrap();
    let job = engine.rebuild(&tenant, &[toy::NAME]).unwrap();
    assert!(matches!(
        engine.rebuild(&tenant, &[]),
        Err(crate::JobError::Running(_))
    ));
    assert!(engine.jobs().cancel(&job.id));
    assert_eq!(ended(&engine, &job).await.state, JobState::Cancelled);
    done.store(true, Ordering::Relaxed);
    let written = writing.await.unwrap();
    digest(&tenant).await;
    assert!(Arc::ptr_eq(
        &live,
        &tenant.projection::<toy::Totals>().unwrap()
    ));
    assert_eq!(live.index(|total| *total), i128::from(written) * 2_500_000);
    drop((tenant, live));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_projection_is_refused_with_those_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let error = engine
        .rebuild(&tenant, &["nothing"])
        .unwrap_err()
        .to_string();
    assert!(error.contains(toy::NAME), "{error}");
    drop(tenant);
    stop(engine).await;
}
