//! Finds entries among a million by their subject, and says what a look-up and its index cost;
//! build it with `--release`.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

#[path = "../fold_rate/mix.rs"]
mod mix;

use std::time::Instant;
use touchbook_events::{Digest, EntrySource, Record, TenantKey};
use touchbook_projection::{Folding, Projection};
use touchbook_timeline::{State, Timeline};

/// Six of ten records make an entry.
const RECORDS: u64 = 1_666_670;
const CHUNK: u64 = 10_000;
const FOUND: u64 = 1_000_000;
/// Of these, looked for in everybody's timeline; that takes long.
const SCANNED: u64 = 100;

fn main() {
    let key = TenantKey::from_salt(b"find rate");
    let past = Vec::<Record>::new();
    let timeline = Projection::<Timeline>::new(Folding::Bulk);
    let mut subjects = Vec::new();
    for from in (1..=RECORDS).step_by(CHUNK as usize) {
        let to = RECORDS.min(from + CHUNK - 1);
        let stored = (from..=to).map(|position| mix::stored(&key, position));
        let records: Vec<Record> = stored
            .filter_map(|bytes| Record::decode(&bytes).ok())
            .collect();
        subjects.extend(records.iter().filter_map(made_by));
        let folded = timeline.apply_batch(&records, &past);
        folded.unwrap_or_else(|error| panic!("{error}"));
    }
    let mut entries = 0;
    timeline.for_each(|_, state| entries += state.len());
    let (before, started) = (resident_bytes(), Instant::now());
    let live = timeline.go_live(&past);
    live.unwrap_or_else(|error| panic!("{error}"));
    println!(
        "{entries} entries indexed in {:?}, {} bytes each",
        started.elapsed(),
        resident_bytes().saturating_sub(before) / entries
    );
    let rate = |name: &str, times: u64, found: &dyn Fn(Digest) -> bool| {
        let started = Instant::now();
        let all = picked(&subjects, times).filter(|subject| found(*subject));
        assert_eq!(all.count() as u64, times, "every entry is found");
        let each = started.elapsed() / times as u32;
        println!(
            "{name}: {each:?} a look-up, {:.0} a second",
            1.0 / each.as_secs_f64()
        );
    };
    rate("all timelines, one by one", SCANNED, &|subject| {
        let mut found = false;
        timeline.for_each(|_, state: &State| found |= state.entry(subject).is_some());
        found
    });
    rate("by key", FOUND, &|subject| {
        let found = timeline.find(subject, |_, state| state.entry(subject).map(|_| ()));
        found.is_some()
    });
}

fn made_by(record: &Record) -> Option<Digest> {
    let source: Option<EntrySource> = record.header.event_type.entry_source();
    source.map(|_| record.header.subject)
}

/// Subjects here and there.
fn picked(subjects: &[Digest], times: u64) -> impl Iterator<Item = Digest> {
    let spread = |at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    (1..=times).map(move |at| subjects[spread(at) as usize % subjects.len()])
}

fn resident_bytes() -> usize {
    const PAGE_BYTES: usize = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0_usize) * PAGE_BYTES
}
