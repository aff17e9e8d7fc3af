//! Lists 200,000 customers who need attention, folds a million records, and says what each costs;
//! build with `--release`.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

#[path = "../../../timeline/examples/fold_rate/mix.rs"]
mod mix;
mod needy;

use std::collections::HashMap;
use std::time::{Duration, Instant};
use touchbook_engagement::{Cursor, Engagement, Index, State, insights};
use touchbook_events::{CustomerId, Policies, Record, TenantKey};
use touchbook_projection::Projector;

const RECORDS: u64 = 1_000_000;
const CHUNK: usize = 10_000;
const LISTED: u64 = 200_000;
const QUESTIONS: u32 = 1_000;

fn main() {
    let key = TenantKey::from_salt(b"fold rate");
    let started = Instant::now();
    let mut index = Index::default();
    let resident_before = resident_bytes();
    let mut indexing = Duration::ZERO;
    let mut states = Vec::new();
    let needy = needy::Needy::new(&key);
    for number in 0..LISTED {
        let state = needy.state(number);
        let customer = mix::customer(number);
        let began = Instant::now();
        let after = Engagement::contribution(customer, &state);
        Engagement::contribute(&mut index, customer, None, after);
        indexing += began.elapsed();
        states.push(state);
    }
    let own: usize = states.iter().map(State::heap_bytes).sum();
    println!(
        "{} listed in {:?}: {:?} each; {} bytes of state and index each, {} of them entries and scores",
        index.count(),
        started.elapsed(),
        indexing / LISTED as u32,
        resident_bytes().saturating_sub(resident_before) / LISTED as usize,
        own / LISTED as usize,
    );
    lists(&index);
    drop((index, states));
    fold(&key);
}

fn fold(key: &TenantKey) {
    let stored: Vec<Vec<u8>> = (1..=RECORDS).map(|at| mix::stored(key, at)).collect();
    let resident_before = resident_bytes();
    let mut states = HashMap::<CustomerId, Box<State>>::new();
    let mut folding = Duration::ZERO;
    for chunk in stored.chunks(CHUNK) {
        let records: Vec<Record> = chunk
            .iter()
            .filter_map(|bytes| Record::decode(bytes).ok())
            .collect();
        let started = Instant::now();
        for record in &records {
            let customer = record.header.customer.unwrap_or_default();
            Engagement::apply(states.entry(customer).or_default(), record);
        }
        folding += started.elapsed();
    }
    let entries: usize = states.values().map(|state| state.len()).sum();
    let own: usize = states.values().map(|state| state.heap_bytes()).sum();
    let resident = resident_bytes().saturating_sub(resident_before);
    println!(
        "fold {} ns a record; {} customers of {} records and {} entries: {} + {} bytes each, \
         {} resident",
        folding.as_nanos() / u128::from(RECORDS),
        states.len(),
        stored.len() / states.len(),
        entries / states.len(),
        size_of::<State>(),
        own / states.len(),
        resident / states.len(),
    );
    let policies = Policies::default();
    if let Some(state) = states.values().next() {
        ask("insights", || {
            insights(state, &policies, needy::NOW)
                .sentiment_series
                .len()
        });
    }
}

fn lists(index: &Index) {
    let mut policies = Policies::default();
    let narrow = r#"{"scores":3,"difference":0.2}"#;
    let page =
        |policies: &Policies, after| index.attention(policies, needy::NOW, 50, after, |_| true);
    ask("first 50", || page(&policies, None).rows.len());
    deep("default weights", index, &policies);
    let weights = r#"{"unanswered":1,"social_open":5,"complaint_open":10,"declining_trend":2,"bad_sentiment":3}"#;
    if policies.set("attention", weights).is_err() || policies.set("trend", narrow).is_err() {
        println!("the policies are not as they were");
    }
    let started = Instant::now();
    page(&policies, None);
    println!("first 50 under another trend: {:?}", started.elapsed());
    ask("the same again", || page(&policies, None).rows.len());
    deep("other weights", index, &policies);
}

/// Every page of the list.
fn deep(what: &str, index: &Index, policies: &Policies) {
    let mut took = Vec::new();
    let mut cursor: Option<Cursor> = None;
    let mut shown = 0;
    loop {
        let started = Instant::now();
        let page = index.attention(policies, needy::NOW, 50, cursor, |_| true);
        took.push(started.elapsed());
        shown += page.rows.len();
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    report(&format!("all pages, {what}"), shown, took);
}

fn ask(what: &str, rows: impl Fn() -> usize) {
    let mut took: Vec<Duration> = Vec::new();
    let mut shown = 0;
    for _ in 0..QUESTIONS {
        let started = Instant::now();
        shown = rows();
        took.push(started.elapsed());
    }
    report(what, shown, took);
}

fn report(what: &str, shown: usize, mut took: Vec<Duration>) {
    took.sort_unstable();
    println!(
        "{what}: {shown} rows, {} times, median {:?}, p99 {:?}, worst {:?}",
        took.len(),
        took[took.len() / 2],
        took[took.len() * 99 / 100],
        took[took.len() - 1]
    );
}

fn resident_bytes() -> usize {
    const PAGE_BYTES: usize = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0_usize) * PAGE_BYTES
}
