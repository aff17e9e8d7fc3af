use super::*;
use crate::{NODE_SLUG, OutcomeKind};
use std::fmt;
use touchbook_events::envelope::RAW_PAYLOAD;
use touchbook_events::limits::EVENT_BYTES_MAX;
use touchbook_events::{Data, Record};
use touchbook_stream::JetStreamOptions;
use touchbook_testkit::Nats;

pub(super) async fn on_stream(data_dir: &Path, nats: &Nats) -> Engine {
    let stream = StreamConfig::JetStream(options(nats));
    let engine = Engine::open(config(data_dir, stream), toy::registry())
        .await
        .unwrap();
    let stream = || engine.status().stream;
    let connected = fmt::from_fn(|f| write!(f, "connected: {:?}", stream().last_error));
    eventually(connected, || std::future::ready(stream().connected)).await;
    engine
}

/// Two nodes on one stream.
async fn nodes(dirs: &[tempfile::TempDir; 2], nats: &Nats) -> [Engine; 2] {
    let [a, b] = dirs
        .each_ref()
        .map(|dir| Box::pin(on_stream(dir.path(), nats)));
    [a.await, b.await]
}

/// A tenant that one of them makes, as each of them has it.
async fn tenant_of_both(a: &Engine, b: &Engine) -> [Arc<Tenant>; 2] {
    let of_a = a.create_tenant("acme").await.unwrap();
    let known = || b.tenant("acme").is_some();
    until("the other node knows the tenant", known).await;
    [of_a, b.tenant("acme").unwrap()]
}

/// A stream that a server makes on a small disk, too.
pub(super) fn options(nats: &Nats) -> JetStreamOptions {
    JetStreamOptions {
        max_bytes: 256 * 1024 * 1024,
        ..JetStreamOptions::new(nats.url())
    }
}

/// A producer's own connection.
pub(super) async fn producer(nats: &Nats) -> async_nats::jetstream::Context {
    async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap())
}

pub(super) async fn publish(producer: &async_nats::jetstream::Context, subject: &str, json: &str) {
    let sent = producer
        .publish(subject.to_owned(), json.to_owned().into())
        .await
        .unwrap();
    sent.await.unwrap();
}

fn dead_letters(tenant: &Tenant) -> Vec<(String, Record)> {
    let mut found = Vec::new();
    tenant
        .records(1..=tenant.head(), &mut |record| {
            if let Data::DeadLetter(dead) = &record.data {
                found.push((dead.facts.reason.to_string(), record.clone()));
            }
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    found
}

/// An event is as large as it was sent: who sent it and the payload as it came do not count, not
/// for another node either, which has it from the stream alone.
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_event_is_taken_with_all_that_the_service_adds() {
    let nats = Nats::start();
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [a, b] = nodes(&dirs, &nats).await;
    let [of_a, of_b] = tenant_of_both(&a, &b).await;
    let compact = |id, bytes| wide(id, "c1", bytes).replace("\n            ", "");
    let largest = compact(1, EVENT_BYTES_MAX - compact(1, 0).len());
    assert_eq!(largest.len(), EVENT_BYTES_MAX);
    let raw = format!(
        r#","{RAW_PAYLOAD}":"{}"}}"#,
        "x".repeat(EVENT_BYTES_MAX / 2)
    );
    let delivered = compact(2, EVENT_BYTES_MAX * 2 / 3);
    let delivered = delivered.strip_suffix('}').unwrap().to_owned() + &raw;
    for json in [largest, delivered] {
        let outcome = send(&a, &of_a, &json).await;
        assert_eq!(outcome.kind, OutcomeKind::Accepted);
    }
    until("the other node has them", || of_b.head() == of_a.head()).await;
    assert_eq!(dead_letters(&of_b), []);
    assert_eq!(chain(&of_a), chain(&of_b));
    drop((of_a, of_b));
    stop(a).await;
    stop(b).await;
}

/// Law 5: two nodes on one stream have equal chain heads.
#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_on_one_stream_hold_the_same_ledger() {
    let nats = Nats::start();
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [a, b] = nodes(&dirs, &nats).await;
    let [of_a, of_b] = tenant_of_both(&a, &b).await;
    let one = async {
        for id in 0..50 {
            send(&a, &of_a, &order(id, "c1", "1")).await;
        }
    };
    let two = async {
        for id in 50..100 {
            send(&b, &of_b, &order(id, "c2", "1")).await;
        }
    };
    tokio::join!(one, two);
    until("both have everything", || {
        of_a.head() == 101 && of_b.head() == 101
    })
    .await;
    assert_eq!(chain(&of_a), chain(&of_b));
    assert_eq!(digest(&of_a).await, digest(&of_b).await);
    drop((of_a, of_b));
    stop(a).await;
    stop(b).await;
}

/// A server that dies in the middle of an ingest: nothing lost, nothing twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_and_restarted_loses_and_repeats_nothing() {
    let mut nats = Nats::start();
    let dir = tempfile::tempdir().unwrap();
    let engine = on_stream(dir.path(), &nats).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let (sender, tenant_of_sender) = (engine.clone(), Arc::clone(&tenant));
    let writing = tokio::spawn(async move {
        for id in 0..400 {
            let json = order(id, &format!("c{}", id % 7), "1");
            // A producer that got no answer sends the same event again.
            loop {
                let sent = vec![submission(&tenant_of_sender, &json)];
                if sender.submit(&tenant_of_sender, sent, false).await.is_ok() {
                    break;
                }
            }
        }
    });
    for head in [50, 150] {
        until("some were taken", || tenant.head() > head).await;
        nats.kill();
        nats.restart();
    }
    writing.await.unwrap();
    assert_eq!(tenant.head(), 401);
    assert!(engine.status().ready);
    drop(tenant);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_used_is_kept_byte_for_byte_with_its_reason() {
    let nats = Nats::start();
    let dir = tempfile::tempdir().unwrap();
    let engine = on_stream(dir.path(), &nats).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let producer = producer(&nats).await;
    let good = order(1, "c1", "1");
    let refused = order(2, "nobody", "1");
    let of_other_tenant = good.replace(r#""id""#, r#""tenantid":"other","id""#);
    publish(
        &producer,
        "touchbook.events.acme.order.updated",
        "{ not json",
    )
    .await;
    publish(&producer, "touchbook.events.acme.order.updated", &refused).await;
    publish(&producer, "touchbook.events.acme.sms.sent", &good).await;
    publish(&producer, "touchbook.events.acme.customer.created", &good).await;
    publish(&producer, "touchbook.events.nowhere.order.updated", &good).await;
    publish(
        &producer,
        "touchbook.events.acme.order.updated",
        &of_other_tenant,
    )
    .await;
    publish(
        &producer,
        "touchbook.events.acme.batch",
        &format!("[{good},{{}}]"),
    )
    .await;
    until("all are taken", || tenant.head() == 7).await;

    let dead = dead_letters(&tenant);
    let reasons: Vec<_> = dead.iter().map(|(reason, _)| reason.as_str()).collect();
    let contradicts = "type_contradicts_subject";
    assert_eq!(
        reasons[..4],
        ["unreadable", "unknown_customer", contradicts, contradicts]
    );
    let Data::DeadLetter(first) = &dead[0].1.data else {
        panic!("it is one")
    };
    assert_eq!(first.personal.as_ref().unwrap().raw.0, b"{ not json");
    assert_eq!(
        first.facts.origin.as_str(),
        "touchbook.events.acme.order.updated"
    );
    let node = engine.tenant(NODE_SLUG).unwrap();
    let of_node: Vec<_> = dead_letters(&node)
        .into_iter()
        .map(|(reason, _)| reason)
        .collect();
    assert_eq!(of_node, ["unknown_tenant", "tenant_contradicts_subject"]);
    // The good event of the batch stands although its neighbour does not.
    assert!(tenant.find("shop", "1").unwrap().is_some());
    drop((tenant, node));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_before_a_restart_is_not_read_again() {
    let nats = Nats::start();
    let dir = tempfile::tempdir().unwrap();
    let engine = on_stream(dir.path(), &nats).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    send(&engine, &tenant, &order(1, "c1", "1")).await;
    drop(tenant);
    stop(engine).await;
    let producer = producer(&nats).await;
    publish(
        &producer,
        "touchbook.events.acme.order.updated",
        &order(2, "c1", "1"),
    )
    .await;
    publish(
        &producer,
        "touchbook.events.acme.order.updated",
        &order(1, "c1", "1"),
    )
    .await;

    let engine = on_stream(dir.path(), &nats).await;
    let tenant = engine.tenant("acme").unwrap();
    let third = send(&engine, &tenant, &order(3, "c1", "1")).await;
    assert_eq!(
        (third.kind, third.position),
        (OutcomeKind::Accepted, Some(4))
    );
    drop(tenant);
    stop(engine).await;
}

/// The server drops a repeat within minutes; what it stood for is asked of the ledger.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_drops_as_a_repeat_is_answered_by_the_ledger() {
    let nats = Nats::start();
    let dir = tempfile::tempdir().unwrap();
    let engine = on_stream(dir.path(), &nats).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let first = send(&engine, &tenant, &order(1, "c1", "1")).await;
    drop(tenant);
    stop(engine).await;

    let engine = on_stream(dir.path(), &nats).await;
    let tenant = engine.tenant("acme").unwrap();
    let again = send(&engine, &tenant, &order(1, "c1", "1")).await;
    assert_eq!(
        (again.kind, again.position),
        (OutcomeKind::Duplicate, first.position)
    );
    let other = send(&engine, &tenant, &order(1, "c1", "2")).await;
    assert_eq!(
        (other.kind, other.position),
        (OutcomeKind::Conflict, first.position)
    );
    // What was refused is decided again, not taken for stored.
    for _ in 0..2 {
        let refused = send(&engine, &tenant, &order(2, "nobody", "1")).await;
        assert!(
            matches!(refused.kind, OutcomeKind::Refused(_)),
            "{refused:?}"
        );
    }
    drop(tenant);
    stop(engine).await;
}

/// One message can't stop a node, however large and however odd it is.
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_messages_are_kept_and_stop_nothing() {
    let nats = Nats::start();
    let dir = tempfile::tempdir().unwrap();
    let engine = on_stream(dir.path(), &nats).await;
    let tenant = engine.create_tenant("acme").await.unwrap();
    let producer = producer(&nats).await;
    let largest = "x".repeat(1024 * 1024 - 256);
    publish(&producer, "touchbook.events.acme.order.updated", &largest).await;
    let zeros = format!("[{}0]", "0,".repeat(400_000));
    publish(&producer, "touchbook.events.acme.batch", &zeros).await;
    let atomic = (0..3_000)
        .map(|id| order(id, "c1", "1"))
        .collect::<Vec<_>>()
        .join(",");
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Touchbook-Atomic", "true");
    let subject = "touchbook.events.acme.batch".to_owned();
    let payload = format!("[{atomic}]").into();
    let sent = producer
        .publish_with_headers(subject, headers, payload)
        .await
        .unwrap();
    sent.await.unwrap();
    publish(
        &producer,
        "touchbook.events.acme.order.updated",
        &order(1, "c1", "1"),
    )
    .await;
    until("all are taken", || tenant.head() == 5).await;
    let reasons: Vec<_> = dead_letters(&tenant)
        .into_iter()
        .map(|(reason, _)| reason)
        .collect();
    assert_eq!(
        reasons,
        ["event_too_large", "batch_too_large", "batch_too_large"]
    );
    assert!(engine.status().ready);
    drop(tenant);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_into_the_nodes_own_ledger() {
    let nats = Nats::start();
    let dir = tempfile::tempdir().unwrap();
    let engine = on_stream(dir.path(), &nats).await;
    drop(engine.create_tenant("acme").await.unwrap());
    let producer = producer(&nats).await;
    publish(
        &producer,
        "touchbook.events._node.order.updated",
        &order(1, "c1", "1"),
    )
    .await;
    let node = engine.tenant(NODE_SLUG).unwrap();
    until("it is taken", || node.head() == 1).await;
    assert_eq!(dead_letters(&node)[0].0, "unknown_tenant");
    drop(node);
    stop(engine).await;
}

fn resolved(id: u64) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"operator","type":"dead_letter.resolved",
            "subject":"dead_letter/1","data":{{"position":1,"dismissed":true}}}}"#
    )
}

/// Law 5, of the nodes' own ledgers: only what deals with their dead letters is written into them.
#[tokio::test(flavor = "multi_thread")]
async fn the_nodes_own_letters_are_dealt_with_alike_on_every_node() {
    let nats = Nats::start();
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [a, b] = nodes(&dirs, &nats).await;
    let (of_a, of_b) = (a.node_tenant().unwrap(), b.node_tenant().unwrap());
    let producer = producer(&nats).await;
    let order = order(1, "c1", "1");
    publish(&producer, "touchbook.events.nowhere.order.updated", &order).await;
    until("it is kept", || of_a.head() == 1).await;
    let both = [1, 2].map(|id| submission(&of_a, &resolved(id)));
    let outcomes = a.submit(&of_a, both.into(), false).await.unwrap();
    let positions = outcomes.iter().map(|outcome| outcome.position);
    assert_eq!(positions.collect::<Vec<_>>(), [Some(2), Some(3)]);
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.kind == OutcomeKind::Accepted)
    );
    for (subject, event) in [
        ("touchbook.events._node.dead_letter.resolved", &resolved(3)),
        ("touchbook.commands._node.order.updated", &order),
    ] {
        publish(&producer, subject, event).await;
    }
    until("all are taken", || of_a.head() == 5 && of_b.head() == 5).await;
    let reasons: Vec<_> = dead_letters(&of_b)
        .into_iter()
        .map(|(reason, _)| reason)
        .collect();
    assert_eq!(
        reasons,
        ["unknown_tenant", "unknown_tenant", "type_not_allowed"]
    );
    assert_eq!(chain(&of_a), chain(&of_b));
    drop((of_a, of_b));
    stop(a).await;
    stop(b).await;
}
