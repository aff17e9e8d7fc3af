//! How fast events are read, records written and read: nanoseconds an event, on one core.
//!
//! `cargo run --release -p touchbook-events --example read_rate`

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::hint::black_box;
use std::time::Instant;
use touchbook_events::incoming::Entrance;
use touchbook_events::record::NOT_SEALED;
use touchbook_events::{
    CustomerId, Decision, Envelope, EventType, Header, Incoming, Principal, Record, TenantKey,
    Timestamp, canonical,
};

const ROUNDS: usize = 50_000;
/// The best of these, since whatever else runs only makes a run slower.
const RUNS: usize = 5;

const EVENTS: [&str; 4] = [
    r#"{"specversion":"1.0","id":"01HN3V6Z8Q-00001","source":"/shops/opencart","type":"order.updated","time":"2024-01-16T08:00:00Z","data":{"customer":{"external_id":"opencart:67890","email":"john@example.com"},"order_id":"12345","status":"Complete","total":{"amount":1299.99,"currency":"ZAR"},"items":[{"product_id":50,"quantity":1,"price":1299.99}],"payment_method":"Credit Card","ordered_at":"2024-01-15T10:30:00Z"}}"#,
    r#"{"specversion":"1.0","id":"01HN3V6Z8Q-00002","source":"/telephony/sms","type":"sms.sent","time":"2024-01-16T08:00:01Z","data":{"customer":{"phone":"+27123456789"},"from":"+27219876543","to":"+27123456789","body":"Your order 12345 is on its way; it should be with you by Friday. Reply STOP if you do not wish to hear from us again. Thank you for shopping with us!","agent_id":"agent-7","source_log":"alex_sms_logs"}}"#,
    r#"{"specversion":"1.0","id":"01HN3V6Z8Q-00003","source":"/mail/gateway","type":"email.received","time":"2024-01-16T08:00:02Z","data":{"customer":{"email":"customer@example.com","name":"Customer Name"},"email_id":"msg_xyz789","from":"customer@example.com","to":["sales@shop.example"],"subject":"Product inquiry","body":"I'm interested in the amplifier that I saw on your page yesterday.","category":"inquiry"}}"#,
    r#"{"specversion":"1.0","id":"01HN3V6Z8Q-00004","source":"/telephony/calls","type":"call.started","time":"2024-01-16T08:00:03Z","data":{"customer":{"phone":"+27123456789","name":"Jane Smith"},"call_id":"call-1001","agent_id":"agent-7","direction":"outbound","queue":{"type":"winback","priority_score":7.5,"position":3},"call_source":"queue","from":"+27219876543","to":"+27123456789","aliases":{"call_sid":"CA9f0c1d"}}}"#,
];

fn main() {
    let key = TenantKey::from_salt(b"read rate");
    let principal = Principal::producer();
    let read = |json: &str| Incoming::read(json, Entrance::Producer, &principal, &key);
    let records = EVENTS.map(|json| record(read(json).expect("the events are valid")));
    let bytes = records
        .each_ref()
        .map(|record| record.to_bytes().expect("a record is written"));
    let sent: usize = EVENTS.iter().map(|json| json.len()).sum();
    let stored: usize = bytes.iter().map(Vec::len).sum();
    println!(
        "{} bytes sent, {} stored, on average",
        sent / EVENTS.len(),
        stored / EVENTS.len()
    );

    for (index, json) in EVENTS.iter().enumerate() {
        let event_type = records[index].header.event_type;
        rate("read", event_type, || {
            drop(black_box(read(black_box(json))))
        });
        rate("envelope", event_type, || {
            drop(black_box(Envelope::parse(black_box(json))))
        });
        let mut out = Vec::with_capacity(1024);
        let mut canonical = Vec::with_capacity(1024);
        rate("canonical", event_type, || {
            canonical.clear();
            canonical::write(black_box(json), &mut canonical).expect("the events are JSON");
        });
        rate("digest", event_type, || {
            black_box(key.digest("content", black_box(json.as_bytes())));
        });
        rate("encode", event_type, || {
            out.clear();
            black_box(&records[index])
                .encode(&mut out)
                .expect("a record is written");
            black_box(&out);
        });
        rate("decode", event_type, || {
            drop(black_box(Record::decode(black_box(&bytes[index]))))
        });
        rate("peek", event_type, || {
            drop(black_box(Header::peek(black_box(&bytes[index]))))
        });
    }
}

fn rate(what: &str, event_type: EventType, mut step: impl FnMut()) {
    let best = (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            (0..ROUNDS).for_each(|_| step());
            begin.elapsed().as_nanos() / ROUNDS as u128
        })
        .min();
    println!(
        "{:16} {what:9} {:6} ns",
        event_type.as_str(),
        best.unwrap_or_default()
    );
}

fn record(incoming: Incoming) -> Record {
    let at = Timestamp::from_micros(1_705_392_000_000_000);
    let event_type = incoming.data.event_type();
    Record {
        header: Header {
            position: 1_000_000,
            event_key: incoming.event_key,
            customer: Some(CustomerId::default()),
            event_type,
            version: event_type.version(),
            time: at,
            recorded_at: at,
            principal: incoming.principal,
            stream_sequence: 1_000_000,
            decision: Decision::Effective,
            cause: None,
            correlation: None,
            subject: incoming.subject,
            content: incoming.content,
            key: NOT_SEALED,
        },
        data: incoming.data,
        sent: Some(incoming.sent),
    }
}
