//! Events to load a service with, and the ways in which they are sent.

use crate::service::{Service, TENANT};
use async_nats::jetstream::{self, Context};
use std::ops::Range;
use std::time::Duration;
use touchbook_testkit::Nats;

/// Events of one message.
const BATCH: usize = 100;
pub(crate) const CUSTOMERS: u64 = 200;

/// One of four kinds of touchpoints, of one of [`CUSTOMERS`] customers.
pub(crate) fn event(source: &str, number: u64) -> String {
    let customer = format!(r#""customer":{{"external_id":"{}"}}"#, customer(number));
    let (kind, data) = match number % 4 {
        0 => ("sms.sent", r#""body":"See you on Monday.""#.to_owned()),
        1 => {
            let total = format!(r#"{{"amount":"{number}.50","currency":"USD"}}"#);
            (
                "order.updated",
                format!(r#""status":"Complete","total":{total}"#),
            )
        }
        2 => {
            let body = "It was a pleasure to talk to you. ".repeat(10);
            (
                "email.received",
                format!(r#""subject":"Hello","body":"{body}""#),
            )
        }
        _ => ("call.started", r#""direction":"outbound""#.to_owned()),
    };
    format!(
        r#"{{"specversion":"1.0","id":"{number}","source":"{source}","type":"{kind}","subject":"{source}/{number}","data":{{{customer},{data}}}}}"#
    )
}

/// The external id of the customer that an event names.
pub(crate) fn customer(number: u64) -> String {
    format!("load:{}", number / 4 % CUSTOMERS)
}

/// Events one a line.
pub(crate) fn lines(source: &str, numbers: Range<u64>) -> String {
    numbers.map(|number| event(source, number) + "\n").collect()
}

/// A machine that is busy with other tests is late, not broken.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);

/// A producer on a NATS server.
pub(crate) async fn producer(nats: &Nats) -> Context {
    let mut context = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    context.set_timeout(ACKNOWLEDGED_WITHIN);
    context
}

/// Publishes generated events in messages of [`BATCH`].
pub(crate) async fn publish(context: &Context, source: &str, numbers: Range<u64>) {
    let events: Vec<String> = numbers.map(|number| event(source, number)).collect();
    publish_batches(context, &events).await;
}

/// Publishes events in messages of [`BATCH`], each acknowledged before the next is sent.
pub(crate) async fn publish_batches(context: &Context, events: &[String]) {
    for batch in events.chunks(BATCH) {
        let subject = format!("touchbook.events.{TENANT}.batch");
        let batch = format!("[{}]", batch.join(","));
        let acknowledged = context.publish(subject, batch.into()).await.unwrap();
        acknowledged.await.unwrap();
    }
}

/// Posts events in requests of 500; each must be taken.
pub(crate) async fn post(service: &Service, source: &str, numbers: Range<u64>) {
    let mut from = numbers.start;
    while from < numbers.end {
        let to = numbers.end.min(from + 500);
        let answer = service.post_lines(lines(source, from..to)).await.unwrap();
        assert_eq!(answer.status(), 200);
        from = to;
    }
}
