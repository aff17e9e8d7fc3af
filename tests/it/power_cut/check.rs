//! Whether a folder that a power cut left holds what was promised.

use super::recorded::Promise;
use super::workload::{DATA_DIR, PROJECTIONS};
use crate::service::Service;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use tempfile::TempDir;
use touchbook_engine::peek;
use touchbook_events::{Data, Digest, Record, TenantNumber};
use touchbook_ledger::{Commit, Error, Ledger, NewRecord, OpenReport, Options, Reader};
use touchbook_testkit::eventually_blocking;

/// Opens the ledger and compares; then appends to it and opens it again.
pub(super) fn ledger(home: &Path, promises: &[Promise], closes: bool) -> Result<OpenReport> {
    let data_dir = home.join(DATA_DIR);
    let (mut ledger, report) = open(&data_dir)?;
    holds(&ledger.reader(), promises)?;
    let heads = heads(&ledger.reader());
    let appended = append_again(&mut ledger)?;
    if closes {
        ledger.close().context("closing")?;
    } else {
        drop(ledger);
    }
    let (ledger, second) = open(&data_dir).context("opening for the second time")?;
    ensure!(
        second.dropped_commit.is_none(),
        "the second opening drops {second:?}"
    );
    let reader = ledger.reader();
    holds(&reader, promises).context("after the second opening")?;
    for (tenant, head) in heads {
        let expected = head + u64::from(appended == Some(tenant));
        let found = reader.head(tenant).position;
        ensure!(
            found == expected,
            "{tenant} has {found} records instead of {expected}"
        );
    }
    Ok(report)
}

fn open(data_dir: &Path) -> Result<(Ledger, OpenReport)> {
    let mut opened = Ledger::open(data_dir, &Options::default(), peek);
    // In one process the store's threads hold its files for a moment after it was dropped.
    eventually_blocking("nobody has the ledger open", || {
        if matches!(opened, Err(Error::InUse { .. })) {
            opened = Ledger::open(data_dir, &Options::default(), peek);
        }
        !matches!(opened, Err(Error::InUse { .. }))
    });
    opened.context("the ledger does not open")
}

fn heads(reader: &Reader) -> BTreeMap<TenantNumber, u64> {
    let tenants = reader.tenants().into_iter();
    tenants
        .map(|tenant| (tenant, reader.head(tenant).position))
        .collect()
}

/// The chain is whole, positions have no gap, and every promise is kept.
fn holds(reader: &Reader, promises: &[Promise]) -> Result<()> {
    let mut slugs = BTreeMap::new();
    for tenant in reader.tenants() {
        let head = reader.head(tenant);
        let verified = reader.verify(tenant, &mut |_, _| ControlFlow::Continue(()))?;
        ensure!(verified.head == head, "{tenant} verifies to another head");
        if let Data::TenantCreated(created) = record(reader, tenant, 1)?.data {
            slugs.insert(created.facts.slug.to_string(), tenant);
        }
    }
    let mut promised: BTreeMap<&str, BTreeMap<u64, &str>> = BTreeMap::new();
    for promise in promises {
        let tenant = promised.entry(&promise.tenant).or_default();
        tenant.insert(promise.position, &promise.event_id);
    }
    for (slug, promised) in promised {
        let tenant = slugs.get(slug);
        let tenant = tenant.with_context(|| format!("the tenant {slug} is lost"))?;
        keeps(reader, *tenant, &promised).with_context(|| format!("of {slug}"))?;
    }
    Ok(())
}

/// At every promised position stands the event that was promised.
fn keeps(reader: &Reader, tenant: TenantNumber, promised: &BTreeMap<u64, &str>) -> Result<()> {
    let head = reader.head(tenant).position;
    if let Some((position, event_id)) = promised.last_key_value() {
        let is_there = *position <= head;
        ensure!(
            is_there,
            "event {event_id} is lost, {position} is beyond the head {head}"
        );
    }
    let positions: Vec<u64> = promised.keys().copied().collect();
    let mut found = Vec::with_capacity(positions.len());
    reader.gather(tenant, &positions, |position, bytes| {
        found.push((position, Record::decode(bytes)));
    })?;
    ensure!(
        found.len() == positions.len(),
        "promised records are missing"
    );
    for (position, record) in found {
        let record = record?;
        let sent = record.sent.context("what was sent is missing")?;
        let is_it = record.header.position == position && *sent.id == *promised[&position];
        ensure!(
            is_it,
            "{} stands at {position} instead of {}",
            sent.id,
            promised[&position]
        );
    }
    Ok(())
}

fn record(reader: &Reader, tenant: TenantNumber, position: u64) -> Result<Record> {
    let bytes = reader.record(tenant, position)?;
    let bytes = bytes.with_context(|| format!("nothing stands at position {position}"))?;
    let record = Record::decode(&bytes)?;
    ensure!(record.header.position == position, "another position");
    Ok(record)
}

/// The last record of a tenant once more, as a new one.
fn append_again(ledger: &mut Ledger) -> Result<Option<TenantNumber>> {
    let reader = ledger.reader();
    let Some(tenant) = reader.tenants().pop() else {
        return Ok(None);
    };
    let head = reader.head(tenant).position;
    let mut last = record(&reader, tenant, head)?;
    last.header.position = head + 1;
    last.header.event_key = Digest([7; 16]);
    let bytes = last.to_bytes()?;
    let peek = peek(&bytes).context("it was just written")?;
    let record = NewRecord {
        bytes: &bytes,
        peek,
    };
    ledger.append(&Commit {
        tenants: vec![(tenant, vec![record])],
        checkpoint: None,
    })?;
    Ok(Some(tenant))
}

/// Serves the folder: every projection, from snapshots and records, equals a fresh fold.
pub(super) async fn service(home: TempDir) -> Result<TempDir> {
    let data_dir = home.path().join(DATA_DIR);
    let mut service = Service::start_at(home, data_dir, &["--log-level", "error"], Vec::new());
    let tenants = service.json("/api/v1/tenants").await;
    for tenant in tenants["items"].as_array().context("a list of tenants")? {
        service.ask_as(tenant["tenant"].as_str().context("a slug")?);
        let verified = service.run_job("/api/v1/ledger/verify").await;
        ensure!(verified["state"] == "succeeded", "{verified}");
        let live = service.digests().await;
        for name in PROJECTIONS {
            let path = format!("/api/v1/projections/{name}/rebuild");
            let job = service.run_job(&path).await;
            ensure!(job["state"] == "succeeded", "{job}");
        }
        let fresh = service.digests().await;
        ensure!(live == fresh, "{live} was served, a fresh fold is {fresh}");
    }
    Ok(service.into_home())
}
