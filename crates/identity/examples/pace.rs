//! How long the first two deciders take for an event, and how large their state is.
//!
//! `cargo run --release -p touchbook-identity --example pace -- 1000000`
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for a terminal"
)]

use std::time::Instant;
use touchbook_events::incoming::Entrance;
use touchbook_events::{Incoming, Principal, Record, TenantKey, Timestamp};
use touchbook_identity::IdentityDecider;
use touchbook_policies::PoliciesDecider;
use touchbook_projection::{Context, Decided, Decider, Deciders, Draft};

/// Events that are held in memory at once.
const BATCH: usize = 50_000;
const CUSTOMERS: usize = 20_000;

struct Load {
    key: TenantKey,
    sent: usize,
}

impl Load {
    /// Orders of customers in turn, each named by three identifiers; `new` has each order once.
    fn batch(&mut self, subjects: usize, new: bool) -> Vec<Incoming> {
        let one = |load: &mut Self| {
            let number = load.sent;
            load.sent += 1;
            let order = if new { number } else { number % subjects };
            let customer = order % CUSTOMERS;
            let event = format!(
                r#"{{"specversion":"1.0","id":"{number}","source":"shop","type":"order.updated",
                "time":"2024-06-01T10:00:00Z","subject":"order/{order}","data":{{"customer":
                {{"external_id":"shop:{customer}","email":"c{customer}@example.com",
                "phone":"+27{customer:09}"}},"status":"s{number}"}}}}"#
            );
            Incoming::read(
                &event,
                Entrance::Producer,
                &Principal::producer(),
                &load.key,
            )
            .unwrap()
        };
        (0..BATCH).map(|_| one(self)).collect()
    }
}

fn context(key: &TenantKey, next_position: u64) -> Context<'_> {
    let recorded_at = Timestamp::from_micros(1_717_236_000_000_000);
    Context {
        schema_bytes: 0,
        earlier: &[],
        key,
        recorded_at,
        stream_sequence: next_position,
        next_position,
    }
}

/// Nanoseconds an event.
fn pace(begun: Instant, events: usize) -> u128 {
    begun.elapsed().as_nanos() / events as u128
}

/// Decides `incoming` as the writer does; says how long it took, and what was appended.
fn decide(
    deciders: &mut Deciders,
    key: &TenantKey,
    next: &mut u64,
    incoming: Vec<Incoming>,
) -> (u128, Vec<Record>) {
    let events = incoming.len();
    let mut appended = Vec::with_capacity(events * 2);
    let begun = Instant::now();
    for incoming in incoming {
        match deciders.decide(context(key, *next), incoming) {
            Decided::Append { records, .. } => {
                *next += records.len() as u64;
                appended.extend(records);
            }
            other => panic!("not appended: {other:?}"),
        }
    }
    (pace(begun, events), appended)
}

fn main() {
    let subjects: usize = std::env::args()
        .nth(1)
        .map_or(200_000, |text| text.parse().unwrap());
    let key = TenantKey::from_salt(b"pace");
    let mut load = Load {
        key: key.clone(),
        sent: 0,
    };
    let mut alone = IdentityDecider::new(key.clone());
    let mut deciders = Deciders::new(vec![
        Box::new(PoliciesDecider::new()),
        Box::new(IdentityDecider::new(key.clone())),
    ]);
    let mut next = 1;
    let mut paces = Vec::new();
    while load.sent < subjects {
        let incoming = load.batch(subjects, true);
        let (pace, records) = decide(&mut deciders, &key, &mut next, incoming);
        paces.push(pace);
        records.iter().for_each(|record| alone.apply(record));
    }
    println!(
        "new subjects:   {:>6} ns an event, all of it",
        paces.iter().sum::<u128>() / paces.len() as u128
    );

    let mut drafts: Vec<Draft<'_>> = load
        .batch(subjects, false)
        .into_iter()
        .map(|incoming| Draft::new(context(&key, next), incoming))
        .collect();
    let begun = Instant::now();
    drafts.iter_mut().for_each(|draft| alone.decide(draft));
    println!(
        "known subjects: {:>6} ns identity decides",
        pace(begun, BATCH)
    );
    drop(drafts);

    let incoming = load.batch(subjects, false);
    let (all, records) = decide(&mut deciders, &key, &mut next, incoming);
    println!("known subjects: {all:>6} ns an event, all of it, the record too");
    let begun = Instant::now();
    records.iter().for_each(|record| alone.apply(record));
    println!(
        "known subjects: {:>6} ns identity applies",
        pace(begun, BATCH)
    );

    let begun = Instant::now();
    let bytes = alone.encode();
    let counts = (alone.subject_count(), alone.customer_count());
    println!(
        "{counts:?} subjects and customers: {} bytes encoded in {:?}",
        bytes.len(),
        begun.elapsed()
    );
    drop(deciders);
    let before = resident_kib();
    let begun = Instant::now();
    let mut restored = IdentityDecider::new(key);
    restored.restore(&bytes).unwrap();
    println!(
        "restored in {:?}, {} KiB resident",
        begun.elapsed(),
        resident_kib() - before
    );
}

/// Memory of this process, where Linux says.
fn resident_kib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok())
        .unwrap_or(0)
}
