//! Folds a million records and says what a record and an entry cost; build it with `--release`.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

mod mix;

use std::collections::HashMap;
use std::time::{Duration, Instant};
use touchbook_events::{CustomerId, Record, TenantKey};
use touchbook_projection::Projector;
use touchbook_timeline::{Filter, State, Timeline};

const RECORDS: u64 = 1_000_000;
const CHUNK: usize = 10_000;
const PAGES: u32 = 10_000;

fn main() {
    let key = TenantKey::from_salt(b"fold rate");
    let stored: Vec<Vec<u8>> = (1..=RECORDS).map(|at| mix::stored(&key, at)).collect();
    let bytes: usize = stored.iter().map(Vec::len).sum();
    println!(
        "{RECORDS} records of {} bytes on average",
        bytes / stored.len()
    );
    let resident_before = resident_bytes();
    let mut states = HashMap::<CustomerId, State>::new();
    let (mut decoding, mut folding) = (Duration::ZERO, Duration::ZERO);
    for chunk in stored.chunks(CHUNK) {
        let started = Instant::now();
        let records: Vec<Record> = chunk
            .iter()
            .filter_map(|bytes| Record::decode(bytes).ok())
            .collect();
        decoding += started.elapsed();
        let started = Instant::now();
        for record in &records {
            let customer = record.header.customer.unwrap_or_default();
            Timeline::apply(states.entry(customer).or_default(), record);
        }
        folding += started.elapsed();
    }
    let entries: usize = states.values().map(State::len).sum();
    let packed: usize = states.values().map(State::packed_bytes).sum();
    let resident = resident_bytes().saturating_sub(resident_before);
    println!(
        "decode {} ns a record",
        decoding.as_nanos() / u128::from(RECORDS)
    );
    println!(
        "fold {} ns a record",
        folding.as_nanos() / u128::from(RECORDS)
    );
    println!(
        "{entries} entries: {} bytes packed each, {} resident with their maps",
        packed / entries,
        resident / entries
    );
    pages(&stored);
}

/// Pages of one customer who has everybody's entries.
fn pages(stored: &[Vec<u8>]) {
    let mut state = State::default();
    for bytes in stored.iter().take(170_000) {
        if let Ok(record) = Record::decode(bytes) {
            Timeline::apply(&mut state, &record);
        }
    }
    let started = Instant::now();
    let mut shown = 0;
    for _ in 0..PAGES {
        shown += state.page(&Filter::default(), 50, None).entries.len();
    }
    println!(
        "page of 50 of {} entries: {:?} ({shown} shown)",
        state.len(),
        started.elapsed() / PAGES
    );
    let mut json = Vec::new();
    let started = Instant::now();
    for _ in 0..PAGES {
        json.clear();
        let page = state.page(&Filter::default(), 50, None);
        serde_json::to_writer(&mut json, &page.entries).unwrap_or_default();
    }
    println!(
        "the same as {} bytes of JSON: {:?}",
        json.len(),
        started.elapsed() / PAGES
    );
}

fn resident_bytes() -> usize {
    const PAGE_BYTES: usize = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0_usize) * PAGE_BYTES
}
