//! A million stored records of 20,000 customers, as a stream might bring them.

use touchbook_events::incoming::Entrance;
use touchbook_events::record::NOT_SEALED;
use touchbook_events::{
    CustomerId, Decision, Header, Incoming, Principal, Record, TenantKey, Timestamp,
};

const CUSTOMERS: u64 = 20_000;

/// The stored bytes of record `position`.
pub(crate) fn stored(key: &TenantKey, position: u64) -> Vec<u8> {
    let (kind, subject, data) = event(position);
    let json = format!(
        r#"{{"specversion":"1.0","id":"{:032x}","source":"/mix","type":"{kind}","subject":"{subject}","data":{data}}}"#,
        position.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    );
    let customer = customer(position / 10 % CUSTOMERS);
    decided(key, position, customer, &json)
        .to_bytes()
        .unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// An event as a record of `customer`.
pub(crate) fn decided(key: &TenantKey, position: u64, customer: CustomerId, json: &str) -> Record {
    let incoming = Incoming::read(json, Entrance::Service, &Principal::touchbook(), key)
        .unwrap_or_else(|problem| panic!("{json}: {problem:?}"));
    let event_type = incoming.data.event_type();
    let header = Header {
        position,
        event_key: incoming.event_key,
        customer: Some(customer),
        event_type,
        version: event_type.version(),
        time: Timestamp::from_micros(1_700_000_000_000_000 + position.cast_signed() * 977_000),
        recorded_at: Timestamp::from_micros(1_800_000_000_000_000),
        principal: incoming.principal,
        stream_sequence: position,
        decision: Decision::Effective,
        cause: None,
        correlation: None,
        subject: incoming.subject,
        content: incoming.content,
        key: NOT_SEALED,
    };
    Record {
        header,
        data: incoming.data,
        sent: Some(incoming.sent),
    }
}

pub(crate) fn customer(number: u64) -> CustomerId {
    CustomerId::from_bytes(
        u128::from(number + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            .to_be_bytes(),
    )
}

/// Ten records make six entries: two calls of two records each, a mail, three messages' worth of
/// SMS and orders with one revision, one score.
fn event(position: u64) -> (&'static str, String, String) {
    let group = position / 10;
    let at = "\"ordered_at\":\"2024-01-15T10:30:00Z\"";
    match position % 10 {
        step @ (0 | 2) => {
            let data =
                r#"{"direction":"inbound","agent_id":"agent-7","source_log":"alex_call_logs"}"#;
            (
                "call.started",
                format!("call/CA{group:08}{step}"),
                data.to_owned(),
            )
        }
        step @ (1 | 3) => {
            let data = format!(
                r#"{{"duration_seconds":{},"disposition":"completed"}}"#,
                30 + group % 900
            );
            ("call.ended", format!("call/CA{group:08}{}", step - 1), data)
        }
        4 => {
            let data = format!(
                r#"{{"subject":"Product inquiry {group}","body":"I'm interested in the amplifiers that you showed us last week, and in a visit.","category":"inquiry","status":"classified"}}"#
            );
            ("email.received", format!("email/msg_{group:08}"), data)
        }
        5 => (
            "sms.sent",
            format!("sms/s{group:08}"),
            r#"{"body":"We are on our way and arrive at ten."}"#.to_owned(),
        ),
        6 => (
            "sms.received",
            format!("sms/r{group:08}"),
            r#"{"body":"Thank you, see you then."}"#.to_owned(),
        ),
        7 => (
            "order.updated",
            format!("order/opencart:{group}"),
            format!(
                r#"{{"status":"Pending","total":{{"amount":{}.99,"currency":"ZAR"}},{at}}}"#,
                group % 5000
            ),
        ),
        8 => (
            "order.updated",
            format!("order/opencart:{group}"),
            format!(
                r#"{{"status":"Complete","total":{{"amount":{}.99,"currency":"ZAR"}},{at}}}"#,
                group % 5000
            ),
        ),
        _ => (
            "sentiment.scored",
            format!("email/msg_{group:08}"),
            r#"{"score":0.25}"#.to_owned(),
        ),
    }
}
