//! Folds a million records, lists 200,000 customers, and says what each costs; build with
//! `--release`.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

#[path = "../../../timeline/examples/fold_rate/mix.rs"]
mod mix;

use std::collections::HashMap;
use std::time::{Duration, Instant};
use touchbook_customers::{Customers, Index, State};
use touchbook_events::incoming::Entrance;
use touchbook_events::{CustomerId, Header, Incoming, Policies, Principal, Record, TenantKey};
use touchbook_projection::Projector;

const RECORDS: u64 = 1_000_000;
const CHUNK: usize = 10_000;
const LISTED: u64 = 200_000;
const QUESTIONS: u32 = 100;

fn main() {
    let key = TenantKey::from_salt(b"fold rate");
    let stored: Vec<Vec<u8>> = (1..=RECORDS).map(|at| mix::stored(&key, at)).collect();
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
            Customers::apply(states.entry(customer).or_default(), record);
        }
        folding += started.elapsed();
    }
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
        "{} customers: {} resident bytes a record",
        states.len(),
        resident / stored.len()
    );
    drop(states);
    lists(&key, &stored);
}

fn lists(key: &TenantKey, stored: &[Vec<u8>]) {
    let mut index = Index::default();
    let resident_before = resident_bytes();
    let mut indexing = Duration::ZERO;
    for number in 0..LISTED {
        let customer = mix::customer(number);
        let mut state = State::default();
        Customers::apply(&mut state, &created(key, number, &stored[0]));
        for at in 0..5 {
            if let Ok(record) = Record::decode(&stored[(number as usize * 5 + at) % stored.len()]) {
                Customers::apply(&mut state, &record);
            }
        }
        let started = Instant::now();
        let after = Customers::contribution(customer, &state);
        Customers::contribute(&mut index, customer, None, after);
        indexing += started.elapsed();
    }
    let resident = resident_bytes().saturating_sub(resident_before);
    let each = LISTED as u32;
    println!(
        "{} listed: {:?} and {} bytes each",
        index.count(),
        indexing / each,
        resident / LISTED as usize
    );
    let policies = Policies::default();
    ask("first ranking", 1, || {
        index
            .top(&policies, None, 50)
            .map_or(0, |top| top.page.rows.len())
    });
    ask("top 50", QUESTIONS, || {
        index
            .top(&policies, None, 50)
            .map_or(0, |top| top.page.rows.len())
    });
    ask("recent 50", QUESTIONS, || index.recent(None, 50).rows.len());
    for query in [
        "jane 199999",
        "zzzz",
        "a",
        "jane",
        "jane1234@",
        "27000123456",
        "0000123456",
    ] {
        ask(query, QUESTIONS, || {
            index.search(query, &policies, None, 50).rows.len()
        });
    }
}

fn created(key: &TenantKey, number: u64, header_of: &[u8]) -> Record {
    let json = format!(
        r#"{{"specversion":"1.0","id":"{number}","source":"/mix","type":"customer.created","subject":"customer/{number}","data":{{"anonymous":false,"name":"Jane {number} Müller-Smith","company":"Company {} Ltd","identifiers":[{{"kind":"email","value":"jane{number}@example.com","as_sent":"jane{number}@example.com"}},{{"kind":"phone","value":"+27{number:09}","as_sent":"0{number:09}"}}]}}}}"#,
        number % 1000
    );
    let incoming = Incoming::read(&json, Entrance::Service, &Principal::touchbook(), key)
        .unwrap_or_else(|problem| panic!("{json}: {problem:?}"));
    let header = Header::peek(header_of).unwrap_or_else(|error| panic!("{error}"));
    let header = Header {
        event_type: incoming.data.event_type(),
        ..header
    };
    Record {
        header,
        data: incoming.data,
        sent: Some(incoming.sent),
    }
}

fn ask(what: &str, times: u32, rows: impl Fn() -> usize) {
    let mut took: Vec<Duration> = Vec::new();
    let mut shown = 0;
    for _ in 0..times {
        let started = Instant::now();
        shown = rows();
        took.push(started.elapsed());
    }
    took.sort_unstable();
    println!(
        "{what}: {shown} rows, median {:?}, worst {:?}",
        took[took.len() / 2],
        took[took.len() - 1]
    );
}

fn resident_bytes() -> usize {
    const PAGE_BYTES: usize = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0_usize) * PAGE_BYTES
}
