//! Messages whose records do not fit one commit.

use super::jetstream::{on_stream, options, producer, publish};
use super::*;
use crate::intake::{Preparer, Source};
use crate::peek;
use crate::resume::resume_tenants;
use crate::runner::Runners;
use crate::shared::Shared;
use crate::writer::Writer;
use touchbook_ledger::Ledger;
use touchbook_stream::{Delivery, Received, Stream};
use touchbook_testkit::Nats;

const BATCH: &str = "touchbook.events.acme.batch";
/// Wide events of one message: their records are more than one commit holds.
const WIDE: u64 = 245;
/// The event after that message.
const LAST: u64 = 20_000;

/// Says under its own `id` that order 9999 has a total.
fn revision(id: u64, total: u64) -> String {
    order(9_999, "c1", &total.to_string()).replace(r#""id":"9999""#, &format!(r#""id":"{id}""#))
}

/// Orders that fill most of a message, and between them one that changes there and back and is
/// repeated as it was: repeats leave no record, and which of them are repeats depends on every
/// change before.
fn script() -> String {
    let mut events = Vec::new();
    let mut revisions = 10_000..;
    let mut change = |events: &mut Vec<String>, totals: &[u64]| {
        let changes = totals.iter().zip(&mut revisions);
        events.extend(changes.map(|(total, id)| revision(id, *total)));
    };
    change(&mut events, &[1, 2, 2, 1]);
    for id in 0..WIDE {
        events.push(wide(id, "c1", 3_900));
        if id % 40 == 0 {
            change(&mut events, &[1, 2, 2, 1, 1]);
        }
    }
    change(&mut events, &[1, 2, 1, 1]);
    format!("[{}]", events.join(","))
}

/// The first messages of the stream.
async fn messages(nats: &Nats, count: usize) -> Vec<Delivery<Incoming>> {
    let (stream, mut reader) = Stream::jetstream(options(nats), None).await.unwrap();
    let mut messages = Vec::new();
    while messages.len() < count {
        let received = reader.next(&mut messages, usize::MAX).await;
        assert_eq!(received, Received::Some);
    }
    stream.close().await;
    messages
}

/// A node whose writer gets all `messages` at once, and dies over one of them. A message that does
/// not fit what is left of a commit is then half committed.
fn die_over(data_dir: &Path, messages: Vec<Delivery<Incoming>>) {
    let config = config(data_dir, StreamConfig::Embedded);
    let (ledger, _) = Ledger::open(data_dir, &config.ledger, peek).unwrap();
    let reader = ledger.reader();
    let registry = toy::fragile_registry();
    let data_dir = data_dir.to_owned();
    let shared = Shared::new(registry, config.clock, data_dir, reader.clone(), true);
    let shared = Arc::new(shared);
    let tenants = resume_tenants(&shared, &reader).unwrap();
    let (runners, _threads) = Runners::start(&shared).unwrap();
    let mut preparer = Preparer::new(Arc::clone(&shared.tenants));
    let work = messages.into_iter().map(|next| preparer.prepare(next));
    let (sender, receiver) = crossbeam_channel::bounded(1);
    sender.send(work.collect()).unwrap();
    let source = Source::Decoded(receiver);
    let writer = Writer::new(ledger, Arc::clone(&shared), runners, source, tenants);
    let died = std::thread::spawn(move || writer.run().is_some()).join();
    assert!(died.is_err(), "the writer lived");
    shared.release();
}

/// A node that died between the halves of a message ends with the ledger of one that did not.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_half_committed_is_not_decided_again_over_its_own_half() {
    let nats = Nats::start();
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let steady = on_stream(whole.path(), &nats).await;
    let of_steady = steady.create_tenant("acme").await.unwrap();
    let producer = producer(&nats).await;
    publish(&producer, BATCH, &script()).await;
    let last = order(LAST, toy::POISON, "1");
    publish(&producer, "touchbook.events.acme.order.updated", &last).await;
    let has_last = |tenant: &Tenant| tenant.find("shop", &LAST.to_string()).unwrap().is_some();
    until("all is taken", || has_last(&of_steady)).await;

    let messages = messages(&nats, 3).await;
    let data_dir = broken.path().to_owned();
    let died = tokio::task::spawn_blocking(move || die_over(&data_dir, messages));
    died.await.unwrap();
    let (ledger, _) =
        Ledger::open(broken.path(), &touchbook_ledger::Options::default(), peek).unwrap();
    let checkpoint = ledger.reader().checkpoint().unwrap();
    let partial = checkpoint.partial.unwrap();
    assert_eq!(checkpoint.sequence, 1);
    assert!((1..300).contains(&partial.items_done), "{partial:?}");
    drop(ledger);

    let again = on_stream(broken.path(), &nats).await;
    let of_again = again.tenant("acme").unwrap();
    until("the rest is taken", || has_last(&of_again)).await;
    // Its beginning, the wide orders, the last one, and of nine runs of changes two records each,
    // of the first run three.
    assert_eq!(of_steady.head(), 1 + WIDE + 1 + 2 * 9 + 1);
    assert_eq!(chain(&of_steady), chain(&of_again));
    assert_eq!(digest(&of_steady).await, digest(&of_again).await);
    drop((of_steady, of_again));
    stop(steady).await;
    stop(again).await;
}
