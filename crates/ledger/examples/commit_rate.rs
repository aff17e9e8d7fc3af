//! What the ledger does on this machine: syncs, commits, scans and starts in a second.
//!
//! `cargo run --release -p touchbook-ledger --example commit_rate -- [DIRECTORY]`
//!
//! The directory should be on the disk that is to be measured; the default is the working one.

#![expect(clippy::print_stdout, reason = "a program that reports to its user")]

use std::fs::File;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};
use touchbook_events::TenantNumber;
use touchbook_ledger::{Commit, Ledger, NewRecord, Options, Peek};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const TENANT: TenantNumber = TenantNumber(1);
const RECORD_BYTES: usize = 200;
const BULK_RECORDS: u64 = 1_000_000;
const CUSTOMERS: u64 = 50_000;

fn main() -> Outcome {
    let parent = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let directory = tempfile::tempdir_in(parent)?;
    println!("records of {RECORD_BYTES} bytes, {CUSTOMERS} customers");
    syncs(directory.path())?;
    for (per_commit, commits) in [(1, 5_000), (10, 2_000), (32, 2_000), (100, 1_000)] {
        let path = directory.path().join(per_commit.to_string());
        appends(&path, per_commit, commits)?;
    }
    let bulk = directory.path().join("bulk");
    appends(&bulk, 1_000, BULK_RECORDS / 1_000)?;
    start(&bulk, "start after a close")?;
    reads(&bulk)?;
    start(&bulk, "start without a close before it")
}

fn syncs(directory: &Path) -> Outcome {
    let mut file = File::create(directory.join("syncs"))?;
    let mut took = Vec::new();
    for _ in 0..3_000 {
        let begin = Instant::now();
        file.write_all(&[7; 4_096])?;
        file.sync_data()?;
        took.push(begin.elapsed());
    }
    report("fdatasync of 4 KiB, growing file", &mut took, 1);
    Ok(())
}

/// Compresses about as well as a record does: half noise, half text.
fn record(position: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(RECORD_BYTES);
    bytes.extend_from_slice(&position.to_le_bytes());
    bytes.extend_from_slice(&blake3::hash(&position.to_le_bytes()).as_bytes()[..16]);
    let customer = blake3::hash(&(position * 7_919 % CUSTOMERS).to_be_bytes());
    bytes.extend_from_slice(&customer.as_bytes()[..16]);
    let mut noise = [0; 60];
    blake3::Hasher::new()
        .update(&bytes)
        .finalize_xof()
        .fill(&mut noise);
    bytes.extend_from_slice(&noise);
    bytes.extend_from_slice(b"order.placed web USD processing Jane Smith jane@example.com ");
    bytes.resize(RECORD_BYTES, b' ');
    bytes
}

fn peek(bytes: &[u8]) -> Option<Peek> {
    let (position, rest) = bytes.split_first_chunk()?;
    let (event_key, rest) = rest.split_first_chunk()?;
    let position = u64::from_le_bytes(*position);
    Some(Peek {
        position,
        event_key: *event_key,
        customer: rest.first_chunk().copied(),
    })
}

fn appends(path: &Path, per_commit: u64, commits: u64) -> Outcome {
    let (mut ledger, _) = Ledger::open(path, &Options::default(), peek)?;
    let mut took = Vec::new();
    for commit in 0..commits {
        let first = commit * per_commit + 1;
        let records: Vec<_> = (first..first + per_commit).map(record).collect();
        let begin = Instant::now();
        let new = records.iter().map(|bytes| NewRecord {
            bytes,
            peek: peek(bytes).expect("ours"),
        });
        let tenants = vec![(TENANT, new.collect())];
        ledger.append(&Commit {
            tenants,
            checkpoint: None,
        })?;
        took.push(begin.elapsed());
    }
    report(&format!("commits of {per_commit}"), &mut took, per_commit);
    let stats = ledger.reader().stats()?;
    println!(
        "  {} records: {:.1} MB logical, {:.1} MB on disk, {:.1} index bytes a record, {} blocks, {} frames",
        stats.records,
        stats.logical_bytes as f64 / 1e6,
        stats.disk_bytes as f64 / 1e6,
        stats.index_bytes as f64 / stats.records as f64,
        stats.blocks,
        stats.frames,
    );
    let begin = Instant::now();
    ledger.close()?;
    println!("  closed in {:?}", begin.elapsed());
    Ok(())
}

fn start(path: &Path, what: &str) -> Outcome {
    let begin = Instant::now();
    let (ledger, report) = Ledger::open(path, &Options::default(), peek)?;
    println!(
        "{what}: {} records in {:?}",
        report.records,
        begin.elapsed()
    );
    drop(ledger);
    Ok(())
}

fn reads(path: &Path) -> Outcome {
    let (ledger, _) = Ledger::open(path, &Options::default(), peek)?;
    let reader = ledger.reader();
    let head = reader.head(TENANT).position;
    for turn in ["first", "second"] {
        let begin = Instant::now();
        let mut bytes = 0;
        for run in reader.scan(TENANT, 1, head) {
            bytes += run?.iter().map(|(_, record)| record.len()).sum::<usize>();
        }
        let rate = head as f64 / begin.elapsed().as_secs_f64() / 1e6;
        println!("scan ({turn}): {rate:.1}M records/s, {bytes} bytes");
    }
    let mut took = Vec::new();
    for turn in 0..2_000 {
        let begin = Instant::now();
        reader.record(TENANT, turn * 7_919 % head + 1)?;
        took.push(begin.elapsed());
    }
    report("random record", &mut took, 1);
    let mut took = Vec::new();
    for turn in 0..500 {
        let customer = peek(&record(turn + 1))
            .and_then(|peek| peek.customer)
            .expect("ours");
        let begin = Instant::now();
        let positions = reader.positions_of(TENANT, &customer, 1, head);
        reader.gather(TENANT, &positions, |_, _| {})?;
        took.push(begin.elapsed());
    }
    report("a customer's records, about 20", &mut took, 1);
    let begin = Instant::now();
    for position in 1..=head {
        let key = blake3::hash(&(position + head).to_le_bytes());
        let key = key
            .as_bytes()
            .first_chunk()
            .expect("32 bytes begin with 16");
        assert_eq!(reader.find(TENANT, key)?, None);
    }
    let each = begin.elapsed() / head as u32;
    println!("duplicate check of a new event, with its hash: {each:?}");
    let begin = Instant::now();
    let verified = reader.verify(TENANT, &mut |_, _| ControlFlow::Continue(()))?;
    println!(
        "verified {} records in {:?}",
        verified.records,
        begin.elapsed()
    );
    Ok(())
}

fn report(what: &str, took: &mut [Duration], each: u64) {
    let total: Duration = took.iter().sum();
    took.sort_unstable();
    let rate = took.len() as f64 * each as f64 / total.as_secs_f64();
    let at = |percent: usize| took[(took.len() - 1) * percent / 100];
    println!(
        "{what}: {rate:.0}/s, p50 {:?}, p99 {:?}, max {:?}",
        at(50),
        at(99),
        at(100)
    );
}
