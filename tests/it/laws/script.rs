//! Random scripts of everything that is sent, for a few people and objects.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

pub(super) const PEOPLE: u8 = 6;
/// Objects of each kind.
const OBJECTS: u8 = 4;
pub(super) const STEPS: usize = 50;

/// One thing that is sent; who exists by then is told by a number, a position by a part of 256 of
/// the head.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Event {
        kind: &'static str,
        subject: Option<String>,
        minutes_late: u16,
        data: Value,
    },
    Attach {
        customer: u8,
        email: String,
    },
    Detach {
        attachment: u8,
    },
    Merge {
        into: u8,
        members: Vec<u8>,
    },
    Unmerge {
        member: u8,
    },
    Retract {
        positions: Vec<u8>,
    },
    Reinstate {
        position: u8,
    },
    Assign {
        subject: String,
        to: u8,
    },
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..STEPS)
}

fn step() -> impl Strategy<Value = Step> {
    let number = any::<u8>;
    let positions = || vec(any::<u8>(), 1..3);
    let email = (0..PEOPLE).prop_map(|person| format!("{person}@example.com"));
    prop_oneof![
        24 => event(),
        1 => (number(), email).prop_map(|(customer, email)| Step::Attach { customer, email }),
        1 => number().prop_map(|attachment| Step::Detach { attachment }),
        3 => (number(), vec(number(), 1..3))
            .prop_map(|(into, members)| Step::Merge { into, members }),
        2 => number().prop_map(|member| Step::Unmerge { member }),
        2 => positions().prop_map(|positions| Step::Retract { positions }),
        1 => number().prop_map(|position| Step::Reinstate { position }),
        1 => (object(), number()).prop_map(|(subject, to)| Step::Assign { subject, to }),
    ]
}

fn object() -> impl Strategy<Value = String> {
    (
        select(vec!["order", "sms", "email", "call", "social", "visit"]),
        0..OBJECTS,
    )
        .prop_map(|(kind, number)| format!("{kind}/{number}"))
}

/// An event about an object, a third of them late or about the past.
fn event() -> impl Strategy<Value = Step> {
    let late = prop_oneof![2 => Just(0), 1 => 1..50_000_u16];
    (
        prop_oneof![
            3 => order(),
            3 => message(),
            3 => call(),
            3 => other(),
            3 => person_or_policy(),
            2 => visit(),
        ],
        late,
    )
        .prop_map(|((kind, subject, data), minutes_late)| Step::Event {
            kind,
            subject,
            minutes_late,
            data,
        })
}

/// Type, subject, payload.
pub(super) type Sent = (&'static str, Option<String>, Value);

/// Some of a person's names, now and then together with somebody else's; nobody's for a few.
fn customer() -> impl Strategy<Value = Option<Value>> {
    (
        0..PEOPLE,
        1..16_u8,
        prop::option::weighted(0.1, 0..PEOPLE),
        0..6_u8,
    )
        .prop_map(|(person, names, stray, nobody)| {
            if nobody == 0 {
                return None;
            }
            let mut reference = json!({});
            let known = [
                ("external_id", format!("shop:{person}")),
                ("email", format!("{}@Example.com", stray.unwrap_or(person))),
                ("phone", format!("+27 11 000 000{person}")),
                ("handle", format!("instagram:p{person}")),
            ];
            for (bit, (name, value)) in known.into_iter().enumerate() {
                if names & (1 << bit) != 0 {
                    reference[name] = json!(value);
                }
            }
            Some(reference)
        })
}

/// The payload with the customer in it, if there is one.
fn of(customer: Option<Value>, mut data: Value) -> Value {
    if let Some(customer) = customer {
        data["customer"] = customer;
    }
    data
}

fn subject(kind: &str, number: u8) -> Option<String> {
    Some(format!("{kind}/{number}"))
}

fn order() -> impl Strategy<Value = Sent> {
    let status = select(vec!["Complete", "Pending", "Shipped", "Refunded"]);
    let currency = select(vec!["USD", "ZAR"]);
    (
        0..OBJECTS,
        customer(),
        status,
        currency,
        1..9_000_u32,
        0..8_u8,
        1..28_u8,
    )
        .prop_map(|(number, customer, status, currency, cents, has, day)| {
            let amount = format!("{}.{:02}", cents / 100, cents % 100);
            let amount = json!({ "amount": amount, "currency": currency });
            if has == 0 {
                let refund = json!({ "refund_id": format!("r{day}"), "amount": amount });
                return ("order.refunded", subject("order", number), refund);
            }
            let mut order = json!({ "status": status });
            if has & 1 != 0 {
                order["total"] = amount;
            }
            if has & 2 != 0 {
                order["ordered_at"] = json!(format!("2023-10-{day:02} 09:00:00"));
            }
            if has & 4 != 0 {
                order["payment_method"] = Value::Null;
            }
            (
                "order.updated",
                subject("order", number),
                of(customer, order),
            )
        })
}

fn message() -> impl Strategy<Value = Sent> {
    let kind = select(vec![
        "sms.sent",
        "sms.received",
        "email.sent",
        "email.received",
        "social.received",
    ]);
    (kind, 0..OBJECTS, customer(), "[a-z ]{0,12}").prop_map(|(kind, number, customer, text)| {
        let (object, data) = match kind {
            "sms.sent" | "sms.received" => {
                let agent = text
                    .chars()
                    .next()
                    .map(|first| format!("agent-{}", u32::from(first) % 3));
                ("sms", json!({ "body": text, "agent_id": agent }))
            }
            "social.received" => {
                let kind = json!({ "platform": "instagram", "interaction_type": "mention" });
                ("social", kind)
            }
            _ => ("email", json!({ "subject": text, "body": "Hello" })),
        };
        (kind, subject(object, number), of(customer, data))
    })
}

/// Several events of few calls, in any order; a recording knows its call's other name alone.
fn call() -> impl Strategy<Value = Sent> {
    (0..7_u8, 0..OBJECTS, customer(), 1..900_u32).prop_map(|(what, number, customer, seconds)| {
        let call = || subject("call", number);
        match what {
            0 | 1 => {
                let aliases = json!({ "call_sid": format!("CA{number}") });
                let started =
                    json!({ "agent_id": "agent-7", "direction": "outbound", "aliases": aliases });
                ("call.started", call(), of(customer, started))
            }
            2 => ("call.ended", call(), json!({ "duration_seconds": seconds })),
            3 => (
                "call.outcome_recorded",
                call(),
                json!({ "outcome": "no answer" }),
            ),
            4 => ("call.scored", call(), json!({ "call_score": 8.5 })),
            5 => (
                "call.transcribed",
                call(),
                json!({ "text": "Good morning.", "language": "en" }),
            ),
            _ => {
                let (sid, recording) = (format!("CA{number}"), format!("RE{number}"));
                let data =
                    json!({ "call_sid": sid, "recording_sid": recording, "status": "completed" });
                ("call.recording_updated", None, data)
            }
        }
    })
}

fn other() -> impl Strategy<Value = Sent> {
    (0..4_u8, 0..OBJECTS, object(), customer()).prop_map(|(what, number, object, customer)| {
        let created = "2023-11-01T09:00:00Z";
        match what {
            0 => {
                let quote = json!({ "created_at": created, "status": "quote_sent" });
                (
                    "quote.updated",
                    subject("quote", number),
                    of(customer, quote),
                )
            }
            1 => (
                "chat.received",
                subject("chat", number),
                of(customer, json!({ "body": "Hi" })),
            ),
            2 => {
                let meeting = json!({ "type": "meeting", "description": "Measured the room." });
                (
                    "interaction.logged",
                    subject("interaction", number),
                    of(customer, meeting),
                )
            }
            _ => (
                "sentiment.scored",
                Some(object),
                json!({ "score": 0.82, "label": "positive" }),
            ),
        }
    })
}

/// The tenant's own type, whose second version counts otherwise and names its customer elsewhere.
pub(super) fn registration(version: u32) -> Value {
    let mapping = match version {
        1 => json!({ "title": "/title", "customer": "/customer", "sentiment": "/mood" }),
        _ => json!({
            "title_default": "Visit",
            "preview": "/title",
            "customer": { "email": "/customer/email", "handle": "/customer/handle" },
            "sentiment": "/mood",
            "direction": "/way",
            "counts_as": "sms",
        }),
    };
    json!({ "name": "shop.visit", "version": version, "schema": {}, "mapping": mapping })
}

/// Visits of the tenant's own type, and now and then its second version.
fn visit() -> impl Strategy<Value = Sent> {
    let way = select(vec!["inbound", "outbound"]);
    (0..8_u8, 0..OBJECTS, customer(), way, -9..10_i8).prop_map(
        |(what, number, customer, way, mood)| {
            if what == 0 {
                return ("event_type.registered", None, registration(2));
            }
            let visit = json!({ "title": format!("Saw {what} sofas"), "way": way });
            let mut visit = of(customer, visit);
            if what % 2 == 0 {
                visit["mood"] = json!(f64::from(mood) / 10.0);
            }
            ("shop.visit", subject("visit", number), visit)
        },
    )
}

/// What is known of a person, and the policies.
fn person_or_policy() -> impl Strategy<Value = Sent> {
    let named = customer().prop_map(|customer| {
        let nobody = json!({ "external_id": "shop:0" });
        customer.unwrap_or(nobody)
    });
    (0..6_u8, named, 0..20_u32).prop_map(|(what, customer, number)| {
        let data = |mut data: Value| {
            data["customer"] = customer.clone();
            data
        };
        match what {
            0 | 1 => {
                let colour = json!({ "colour": number });
                let name = json!({ "name": format!("Jane {number}"), "custom_fields": colour });
                ("customer.updated", None, data(name))
            }
            2 => (
                "customer.status_changed",
                None,
                data(json!({ "status": "vip" })),
            ),
            3 => {
                let granted = json!({ "channel": "sms", "granted": number % 2 == 0 });
                ("customer.consent_changed", None, data(granted))
            }
            4 => {
                let balance = json!({ "agent_calls": number, "call_duration_seconds": 60 });
                ("customer.opening_balance_imported", None, data(balance))
            }
            _ => {
                let policies = [
                    ("zone", json!("Africa/Johannesburg")),
                    ("counted_order_statuses", json!(["Pending", "Shipped"])),
                    ("vip_threshold", json!("50")),
                    ("zone", json!("UTC")),
                ];
                let (name, value) = &policies[number as usize % policies.len()];
                let policy = json!({ "name": name, "value": value });
                ("policy.defined", Some(format!("policy/{name}")), policy)
            }
        }
    })
}
