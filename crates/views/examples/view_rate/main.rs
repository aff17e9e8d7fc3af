//! Folds 100,000 records of one customer into each view and says what a record and a page cost;
//! build it with `--release`.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

#[path = "../../../timeline/examples/fold_rate/mix.rs"]
mod mix;

use std::time::Instant;
use touchbook_events::{Policies, Record, TenantKey, Timestamp};
use touchbook_views::explain::Field;
use touchbook_views::{Orders, Threads, explain};

const RECORDS: u64 = 100_000;
const PAGE: usize = 50;

fn main() {
    let key = TenantKey::from_salt(b"view rate");
    threads(&key);
    orders(&key);
    explanations(&key);
}

fn threads(key: &TenantKey) {
    let records: Vec<Record> = (1..=RECORDS).map(|at| mail(key, at)).collect();
    let mut threads = Threads::default();
    let started = Instant::now();
    records.iter().for_each(|record| threads.take(record));
    report("threads", started);
    let started = Instant::now();
    let page = threads.page(PAGE, None);
    let messages: usize = page.items.iter().map(|thread| thread.messages.len()).sum();
    println!("  a page with {messages} messages: {:?}", started.elapsed());
}

fn orders(key: &TenantKey) {
    let records: Vec<Record> = (1..=RECORDS).map(|at| order(key, at)).collect();
    let (mut orders, policies) = (Orders::default(), Policies::default());
    let started = Instant::now();
    records.iter().for_each(|record| orders.take(record));
    report("orders", started);
    let started = Instant::now();
    let rows = orders.page(PAGE, None, &policies).items.len();
    println!("  a page of {rows}: {:?}", started.elapsed());
}

/// Of calls, mail, messages and orders, as the timeline's example mixes them.
fn explanations(key: &TenantKey) {
    let stored = (1..=RECORDS).map(|at| mix::stored(key, at));
    let records: Vec<Record> = stored
        .filter_map(|bytes| Record::decode(&bytes).ok())
        .collect();
    let (policies, now) = (Policies::default(), Timestamp::from_micros(0));
    for field in Field::ALL {
        let started = Instant::now();
        let steps = explain(field.name(), &records, &policies, now, 1)
            .map(|explanation| explanation.trail_omitted + explanation.trail.len() as u64);
        let name = format!("{} with {} steps", field.name(), steps.unwrap_or_default());
        report(&name, started);
    }
}

fn report(what: &str, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!("{what}: {:.0} records/s", RECORDS as f64 / seconds);
}

/// Threads of six mails, each of which refers to those before it.
fn mail(key: &TenantKey, position: u64) -> Record {
    let (thread, step) = (position / 6, position % 6);
    let id = |step| format!(r#""<{thread}.{step}@mail.example>""#);
    let references: Vec<String> = (0..step).map(id).collect();
    let own = id(step);
    let references = references.join(",");
    let said = r#""from":"jane@mail.example","from_name":"Jane Smith","to":["sales@shop.example"]"#;
    let body = r#""subject":"Re: Product inquiry","body":"I'm interested in the amplifiers.""#;
    let thread = format!(r#"{{"references":[{references}]}}"#);
    let data = format!(r#"{{"email_id":{own},{said},{body},"thread":{thread}}}"#);
    let kind = ["email.received", "email.sent"][(step % 2) as usize];
    record(key, position, kind, &data)
}

/// Orders of three revisions.
fn order(key: &TenantKey, position: u64) -> Record {
    let (number, step) = (position / 3, position % 3);
    let status = ["Pending", "Processing", "Complete"][step as usize];
    let total = format!(r#"{{"amount":{number}.99,"currency":"ZAR"}}"#);
    let items = r#"[{"product_id":"4711","name":"Amplifier","quantity":1,"price":1299.99}]"#;
    let own = format!(r#""order_id":"{number}","status":"{status}""#);
    let data = format!(r#"{{{own},"total":{total},"items":{items}}}"#);
    record(key, position, "order.updated", &data)
}

fn record(key: &TenantKey, position: u64, kind: &str, data: &str) -> Record {
    let envelope = format!(r#""specversion":"1.0","id":"{position}","source":"/views""#);
    let json = format!(r#"{{{envelope},"type":"{kind}","data":{data}}}"#);
    mix::decided(key, position, mix::customer(0), &json)
}
