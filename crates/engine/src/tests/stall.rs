//! Projections that can't go on, and what they leave alone.

use super::*;
use crate::runner::{self, Command};
use crate::{FoldError, JobState, Registry, WaitError};
use touchbook_events::{CustomerId, Data, Record};
use touchbook_projection::projection::AnyProjection;
use touchbook_projection::{Projection, Projector};

/// Far longer than any test may wait for what should come at once.
const LONG: Duration = Duration::from_secs(600);
/// Longer than a runner needs, whatever else the machine does.
const SOON: Duration = Duration::from_secs(60);

/// Counts each customer's orders. Its index can't take a customer from fewer orders to
/// [`SUDDEN`], and none that has [`FATAL`].
struct Fickle;

const SUDDEN: u64 = 3;
const FATAL: u64 = 13;

impl Projector for Fickle {
    type State = u64;
    type Contribution = u64;
    type Index = u64;

    const NAME: &'static str = "fickle";
    const VERSION: u32 = 1;

    fn apply(state: &mut u64, record: &Record) {
        *state += u64::from(matches!(record.data, Data::OrderUpdated(_)));
    }

    fn contribution(_: CustomerId, state: &u64) -> Option<u64> {
        Some(*state)
    }

    fn contribute(index: &mut u64, _: CustomerId, before: Option<u64>, after: Option<u64>) {
        *index -= before.unwrap_or_default();
        assert!(before.is_none() || after != Some(SUDDEN), "too sudden");
        assert_ne!(after, Some(FATAL), "always too many");
        *index += after.unwrap_or_default();
    }
}

fn registry() -> Registry {
    let mut registry = toy::registry();
    registry
        .projections
        .push(Arc::new(Projection::<Fickle>::default()) as Arc<dyn AnyProjection>);
    registry
}

async fn open(dir: &Path) -> Engine {
    let config = config(dir, StreamConfig::Embedded);
    Engine::open(config, registry()).await.unwrap()
}

/// Sends orders of one customer in one commit; answers that customer.
async fn orders(engine: &Engine, tenant: &Arc<Tenant>, ids: std::ops::Range<u64>) -> CustomerId {
    let batch = ids.map(|id| submission(tenant, &order(id, "c1", "1")));
    let outcomes = engine.submit(tenant, batch.collect(), false).await;
    outcomes.unwrap()[0].customer.unwrap()
}

/// Waits for what was sent last, as a read of `projection` would; an error must come at once.
async fn read(tenant: &Tenant, projection: &str) -> Result<u64, WaitError> {
    let (projections, head) = ([projection], tenant.head());
    let reading = tenant.applied(&projections, head, LONG);
    let answer = tokio::time::timeout(SOON, reading).await;
    answer.expect("it answers at once")
}

fn is_broken(answer: &Result<u64, WaitError>) -> bool {
    let reason = match answer {
        Err(WaitError::Stalled { projection, reason }) if *projection == Fickle::NAME => reason,
        _ => return false,
    };
    reason.contains("panicked") && reason.contains("rebuild")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_whose_index_panicked_says_so_at_once_until_it_is_rebuilt() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path()).await;
    let (acme, calm) = (
        engine.create_tenant("acme").await,
        engine.create_tenant("calm").await,
    );
    let (acme, calm) = (acme.unwrap(), calm.unwrap());
    orders(&engine, &acme, 0..1).await;
    assert_eq!(read(&acme, Fickle::NAME).await, Ok(2));
    let customer = orders(&engine, &acme, 1..3).await;
    let answer = read(&acme, Fickle::NAME).await;
    assert!(is_broken(&answer), "{answer:?}");
    // Half an index answers nothing, not even what stood before.
    let answer = acme.applied_now(&[Fickle::NAME]);
    assert!(is_broken(&answer), "{answer:?}");

    // What else there is goes on: writes, other projections, the same one of other tenants.
    orders(&engine, &acme, 3..4).await;
    assert_eq!(read(&acme, toy::NAME).await, Ok(5));
    orders(&engine, &calm, 0..1).await;
    assert_eq!(read(&calm, Fickle::NAME).await, Ok(2));
    let refolded = engine.refold(&acme, Fickle::NAME, customer);
    assert!(matches!(refolded, Err(FoldError::Panicked)), "{refolded:?}");
    let answer = read(&acme, Fickle::NAME).await;
    assert!(is_broken(&answer), "it stays so: {answer:?}");

    let job = engine.rebuild(&acme, &[Fickle::NAME]).unwrap();
    until("it is rebuilt", || {
        engine.jobs().get(&job.id).unwrap().finished_at.is_some()
    })
    .await;
    let job = engine.jobs().get(&job.id).unwrap();
    assert_eq!(job.state, JobState::Succeeded);
    assert_eq!(read(&acme, Fickle::NAME).await, Ok(5));
    let rebuilt = acme.projection::<Fickle>().unwrap();
    assert_eq!(rebuilt.index(|orders| *orders), 4);
    drop((acme, calm, rebuilt));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_starts_without_a_projection_that_panics() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path()).await;
    let acme = engine.create_tenant("acme").await.unwrap();
    orders(&engine, &acme, 0..FATAL).await;
    let answer = read(&acme, Fickle::NAME).await;
    assert!(is_broken(&answer), "{answer:?}");
    drop(acme);
    stop(engine).await;

    let engine = open(dir.path()).await;
    let acme = engine.tenant("acme").unwrap();
    let answer = read(&acme, Fickle::NAME).await;
    assert!(is_broken(&answer), "{answer:?}");
    assert_eq!(read(&acme, toy::NAME).await, Ok(1 + FATAL));
    let job = engine.rebuild(&acme, &[Fickle::NAME]).unwrap();
    until("the rebuild ends", || {
        engine.jobs().get(&job.id).unwrap().finished_at.is_some()
    })
    .await;
    let JobState::Failed { reason } = engine.jobs().get(&job.id).unwrap().state else {
        panic!("it can't be rebuilt");
    };
    assert!(reason.contains("panicked"), "{reason}");
    // One more order, and there is nothing that it can't count.
    orders(&engine, &acme, FATAL..FATAL + 1).await;
    drop(acme);
    stop(engine).await;
    let engine = open(dir.path()).await;
    let acme = engine.tenant("acme").unwrap();
    assert_eq!(read(&acme, Fickle::NAME).await, Ok(2 + FATAL));
    drop(acme);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_that_waits_is_not_tried_with_every_commit_and_goes_on_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path()).await;
    let acme = engine.create_tenant("acme").await.unwrap();
    orders(&engine, &acme, 0..1).await;
    assert_eq!(read(&acme, toy::NAME).await, Ok(2));
    // The same ledger, where no runner looks around.
    let projection: Arc<dyn AnyProjection> = Arc::new(Projection::<toy::Totals>::default());
    let (key, reader) = (acme.key().clone(), acme.reader().clone());
    let apart = Tenant::new("acme", acme.number(), key, reader, vec![projection], true);
    let apart = Arc::new(apart);
    let commit = || Command::Records {
        tenant: Arc::clone(&apart),
        records: Arc::new(vec![acme.record(2).unwrap().unwrap()]),
    };
    let live = apart.live(toy::NAME).unwrap();
    assert!(live.set_waiting("it can't be read"));
    assert!(!live.set_waiting("it can't be read"), "that is no news");
    assert!(live.set_waiting("it can't be read at all"));
    runner::obey(toy::NAME, commit());
    assert_eq!(live.current().applied(), 0);
    assert!(live.stalled().is_some());
    // What was applied before stands.
    assert_eq!(apart.applied_now(&[toy::NAME]), Ok(0));
    live.clear_waiting();
    runner::obey(toy::NAME, commit());
    assert_eq!(live.current().applied(), 2);

    let live = acme.live(toy::NAME).unwrap();
    live.set_waiting("it can't be read");
    orders(&engine, &acme, 1..2).await;
    until("it goes on", || live.stalled().is_none()).await;
    assert_eq!(read(&acme, toy::NAME).await, Ok(3));
    drop((acme, apart));
    stop(engine).await;
}
