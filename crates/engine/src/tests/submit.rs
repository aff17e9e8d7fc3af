use super::*;
use crate::OutcomeKind;
use crate::SubmitError;
use crate::outcome::Outcome;
use crate::tenants::TENANTS_MAX;
use touchbook_events::{Data, EventType, Problem};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_durable_and_folded_when_it_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let outcome = send(&engine, &tenant, &order(1, "c1", "10.50")).await;
    // Position 1 is the tenant's beginning.
    assert_eq!(
        (outcome.kind, outcome.position),
        (OutcomeKind::Accepted, Some(2))
    );
    assert_eq!(tenant.head(), 2);
    assert_eq!(tenant.published::<toy::AppliedCount>().unwrap().0, 2);
    digest(&tenant).await;
    let totals = tenant.projection::<toy::Totals>().unwrap();
    assert_eq!(totals.index(|total| *total), 10_500_000);
    assert_eq!(
        tenant.record(2).unwrap().unwrap().header.customer,
        outcome.customer
    );
    assert_eq!(tenant.find("shop", "1").unwrap(), Some(2));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_is_a_duplicate_and_with_other_content_a_conflict() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let first = order(1, "c1", "10.50");
    let batch = vec![submission(&tenant, &first), submission(&tenant, &first)];
    let outcomes = engine.submit(&tenant, batch, false).await.unwrap();
    assert_eq!(outcomes[0].kind, OutcomeKind::Accepted);
    assert_eq!(
        (&outcomes[1].kind, outcomes[1].position),
        (&OutcomeKind::Duplicate, Some(2))
    );
    let again = send(&engine, &tenant, &first).await;
    assert_eq!(
        (again.kind, again.position),
        (OutcomeKind::Duplicate, Some(2))
    );
    let other = send(&engine, &tenant, &order(1, "c1", "11")).await;
    assert_eq!(
        (other.kind, other.position),
        (OutcomeKind::Conflict, Some(2))
    );
    assert_eq!(tenant.head(), 2);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_batch_is_stored_as_a_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let batch = |orders: &[(u64, &str)]| {
        let orders = orders.iter();
        orders
            .map(|(id, who)| submission(&tenant, &order(*id, who, "1")))
            .collect::<Vec<_>>()
    };
    let torn = engine
        .submit(&tenant, batch(&[(1, "c1"), (2, "nobody"), (3, "c2")]), true)
        .await;
    let torn = torn.unwrap();
    assert_eq!(torn[0].kind, OutcomeKind::NotStored);
    assert!(
        matches!(&torn[1], Outcome { kind: OutcomeKind::Refused(Problem { code, .. }), .. }
        if *code == "unknown_customer")
    );
    assert_eq!(tenant.head(), 1);
    let whole = engine
        .submit(&tenant, batch(&[(1, "c1"), (3, "c2")]), true)
        .await
        .unwrap();
    assert_eq!(
        whole
            .iter()
            .map(|outcome| outcome.position)
            .collect::<Vec<_>>(),
        [Some(2), Some(3)]
    );
    assert_eq!(tenant.published::<toy::AppliedCount>().unwrap().0, 3);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_larger_than_a_commit_is_stored_with_positions_without_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let batch = (0..900).map(|id| submission(&tenant, &wide(id, "c1", 4_000)));
    let batch = batch.collect();
    let outcomes = engine.submit(&tenant, batch, false).await.unwrap();
    let positions: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.position)
        .collect();
    assert_eq!(positions, (2..902).collect::<Vec<u64>>());
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_never_see_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let one = engine.create_tenant("one").await.unwrap();
    let two = engine.create_tenant("two").await.unwrap();
    assert_ne!(one.number(), two.number());
    let in_one = send(&engine, &one, &order(1, "c1", "1")).await;
    let in_two = send(&engine, &two, &order(1, "c1", "2")).await;
    assert_eq!(in_two.kind, OutcomeKind::Accepted);
    assert_ne!(in_one.customer, in_two.customer);
    assert_eq!((one.head(), two.head()), (2, 2));
    assert!(Arc::ptr_eq(
        &engine.create_tenant("one").await.unwrap(),
        &one
    ));
    drop((one, two));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_at_once_for_what_can_not_come() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let ahead = tenant
        .applied(&[toy::NAME], 99, Duration::from_secs(60))
        .await;
    assert_eq!(
        ahead,
        Err(crate::WaitError::Ahead {
            position: 99,
            head: 1
        })
    );
    drop(tenant);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_is_taken_or_kept_as_a_dead_letter_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let deliver = async |json: String| {
        let kind = EventType::OrderUpdated;
        engine.deliver(&tenant, kind, json.into()).await.unwrap()
    };
    let good = deliver(order(1, "c1", "10.50")).await;
    assert_eq!(good.kind, OutcomeKind::Accepted);
    let sent = order(2, "c1", "ten");
    let bad = deliver(sent.clone()).await;
    assert!(matches!(bad.kind, OutcomeKind::Refused(_)), "{bad:?}");
    let Data::DeadLetter(dead) = tenant.record(3).unwrap().unwrap().data else {
        panic!("it is no dead letter");
    };
    assert_eq!(dead.facts.reason.as_str(), "invalid_value");
    assert_eq!(dead.personal.unwrap().raw.0, sent.into_bytes());
    stop(engine).await;
}

/// A commit's boundary falls between an event and its repeat: the repeat is noticed all the same.
#[tokio::test(flavor = "multi_thread")]
async fn repeats_are_noticed_across_the_boundary_of_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let twice = (0..500).flat_map(|id| [id, id]);
    let batch = twice
        .map(|id| submission(&tenant, &wide(id, "c1", 3_000)))
        .collect();
    let outcomes = engine.submit(&tenant, batch, false).await.unwrap();
    for pair in outcomes.chunks(2) {
        assert_eq!(pair[0].kind, OutcomeKind::Accepted);
        assert_eq!(pair[1].kind, OutcomeKind::Duplicate);
        assert_eq!(pair[0].position, pair[1].position);
    }
    assert_eq!(tenant.head(), 501);
    drop(tenant);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_batch_names_no_position_that_was_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let known = send(&engine, &tenant, &order(1, "c1", "1")).await;
    let orders = [(1, "c1"), (2, "c1"), (2, "c1"), (3, "nobody")];
    let batch = orders.map(|(id, who)| submission(&tenant, &order(id, who, "1")));
    let torn = engine.submit(&tenant, batch.into(), true).await.unwrap();
    assert_eq!(
        (&torn[0].kind, torn[0].position),
        (&OutcomeKind::Duplicate, known.position)
    );
    assert_eq!(
        (&torn[1].kind, torn[1].position),
        (&OutcomeKind::NotStored, None)
    );
    assert_eq!(
        (&torn[2].kind, torn[2].position),
        (&OutcomeKind::NotStored, None)
    );
    assert_eq!(tenant.head(), 2);
    drop(tenant);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_two_begin_at_once_begins_once() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let tenants = futures::future::join_all((0..8).map(|_| engine.create_tenant("acme"))).await;
    let tenant = tenants[0].as_ref().unwrap();
    assert!(
        tenants
            .iter()
            .all(|other| Arc::ptr_eq(other.as_ref().unwrap(), tenant))
    );
    assert_eq!(
        send(&engine, tenant, &order(1, "c1", "1")).await.position,
        Some(2)
    );
    drop(tenants);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_has_so_many_tenants_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let engine = embedded(dir.path()).await;
    let slug = |number| format!("tenant-{number}");
    for number in 0..TENANTS_MAX {
        engine.create_tenant(&slug(number)).await.unwrap();
    }
    let refused = engine.create_tenant(&slug(TENANTS_MAX)).await;
    let Err(SubmitError::Refused(problem)) = refused else {
        panic!("it is one too many");
    };
    assert_eq!(problem.code, "too_many_tenants");
    engine
        .create_tenant(&slug(0))
        .await
        .expect("it is there already");
    stop(engine).await;
}
