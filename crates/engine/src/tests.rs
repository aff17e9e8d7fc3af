//! The engine on a real ledger in a temporary folder, with a decider and a projector of its own.

mod jetstream;
mod memory;
mod rebuild;
mod restart;
mod sharing;
mod split;
mod stall;
mod submit;
mod toy;

use crate::{Config, Engine, Outcome, StreamConfig, Submission, Tenant};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use touchbook_events::incoming::Entrance;
use touchbook_events::{Envelope, Incoming, Principal};
use touchbook_testkit::{FakeClock, eventually};

/// The head of a tenant's hash chain.
fn chain(tenant: &Tenant) -> [u8; 32] {
    tenant.reader().head(tenant.number()).chain
}

/// An order of `customer`, as `POST /events` would take it.
pub(crate) fn order(id: u64, customer: &str, total: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"shop","type":"order.updated",
            "subject":"order/{id}","data":{{"customer":{{"external_id":"{customer}"}},
            "status":"Complete","total":{{"amount":"{total}","currency":"USD"}}}}}}"#
    )
}

/// The same with an address of `bytes`.
fn wide(id: u64, customer: &str, bytes: usize) -> String {
    let address = format!(r#""shipping_address":{{"line":"{}"}},"#, "x".repeat(bytes));
    let member = r#""status":"Complete""#;
    order(id, customer, "1").replace(member, &(address + member))
}

pub(crate) fn submission(tenant: &Tenant, json: &str) -> Submission {
    let principal = Principal::touchbook();
    let envelope = Envelope::parse(json).unwrap();
    let bytes = envelope.sent_bytes(json);
    let key = tenant.key();
    let incoming =
        Incoming::from_envelope(&envelope, bytes, Entrance::Service, &principal, key).unwrap();
    let json = Incoming::republish(&envelope, &principal, tenant.slug());
    Submission {
        incoming,
        json: json.into(),
    }
}

async fn send(engine: &Engine, tenant: &Arc<Tenant>, json: &str) -> Outcome {
    let sent = vec![submission(tenant, json)];
    engine.submit(tenant, sent, false).await.unwrap().remove(0)
}

fn config(data_dir: &Path, stream: StreamConfig) -> Config {
    let clock = FakeClock::default();
    Config {
        data_dir: data_dir.to_owned(),
        stream,
        ledger: touchbook_ledger::Options::default(),
        snapshot_records: 1_000,
        scrub: crate::ScrubConfig::default(),
        clock: Arc::new(move || clock.now()),
    }
}

pub(crate) async fn embedded(data_dir: &Path) -> Engine {
    Engine::open(config(data_dir, StreamConfig::Embedded), toy::registry())
        .await
        .unwrap()
}

pub(crate) async fn stop(engine: Engine) {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || engine.shutdown(&runtime))
        .await
        .unwrap();
}

/// Waits until the toy projection has everything, and answers its digest.
async fn digest(tenant: &Tenant) -> [u8; 32] {
    tenant
        .applied(&[toy::NAME], tenant.head(), Duration::from_secs(20))
        .await
        .unwrap();
    tenant.projection::<toy::Totals>().unwrap().digest()
}

/// Waits until `condition` holds.
async fn until(what: &str, condition: impl Fn() -> bool) {
    eventually(what, || std::future::ready(condition())).await;
}
