//! Builds the list of a tenant's calls one customer after another and all at once, and says what
//! each costs; build with `--release`.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

#[path = "../../../timeline/examples/fold_rate/mix.rs"]
mod mix;

use std::collections::BTreeMap;
use std::time::Instant;
use touchbook_calls::{Calls, Index, State};
use touchbook_events::{CustomerId, Record, TenantKey};
use touchbook_projection::Projector;

const RECORDS: u64 = 2_000_000;

fn main() {
    let key = TenantKey::from_salt(b"index rate");
    let mut states: BTreeMap<CustomerId, State> = BTreeMap::new();
    for position in 1..=RECORDS {
        let record = Record::decode(&mix::stored(&key, position));
        let record = record.unwrap_or_else(|error| panic!("{error}"));
        if Calls::concerns(&record) {
            let customer = record.header.customer.unwrap_or_default();
            Calls::apply(states.entry(customer).or_default(), &record);
        }
    }
    let contributions = |take: &mut dyn FnMut(CustomerId, _)| {
        for (customer, state) in &states {
            if let Some(contribution) = Calls::contribution(*customer, state) {
                take(*customer, contribution);
            }
        }
    };
    report("one after another", |index| {
        contributions(&mut |customer, contribution| {
            Calls::contribute(index, customer, None, Some(contribution));
        });
    });
    report("at once", |index| {
        Calls::contribute_all(index, &mut |take| contributions(take));
    });
}

fn report(what: &str, build: impl Fn(&mut Index)) {
    let (before, started) = (resident_bytes(), Instant::now());
    let mut index = Index::default();
    build(&mut index);
    let (took, calls) = (started.elapsed(), index.count());
    let resident = resident_bytes().saturating_sub(before);
    println!(
        "{calls} calls, {what}: {took:?}, {} bytes a call",
        resident / calls.max(1)
    );
    std::mem::forget(index);
}

fn resident_bytes() -> usize {
    const PAGE_BYTES: usize = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * PAGE_BYTES
}
