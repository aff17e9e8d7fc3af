//! What holds for every value of any customer (the second capability beyond the peers).

use super::script::{Asked, Script, at};
use crate::explain::Field;
use crate::{Explanation, explain};
use proptest::prelude::*;
use proptest::sample::{Index as Pick, select};
use serde_json::{Value, json};
use touchbook_events::{EventType, Policies, Record};

type Sent = (&'static str, String, Value);

fn events() -> impl Strategy<Value = Vec<(u8, Sent)>> {
    let one = (0_u8..12, 0_u8..3, any::<Pick>(), 0_u32..5, 1_u8..29);
    let event = |(what, object, pick, amount, day)| (day, event(what, object, &pick, amount));
    prop::collection::vec(one.prop_map(event), 1..40)
}

fn event(what: u8, object: u8, pick: &Pick, amount: u32) -> Sent {
    let jane = json!({ "external_id": "jane" });
    let money = json!({ "amount": format!("{}", 50 * (amount + 1)), "currency": "ZAR" });
    let order = format!("order/jane:{object}");
    let word = *pick.get(&["Complete", "Pending", "Shipped", "Denied"]);
    let name = *pick.get(&["Jane", "Joan", "J"]);
    match what {
        0 => (
            "order.updated",
            order,
            json!({ "status": word, "total": money }),
        ),
        1 => ("order.updated", order, json!({ "status": word })),
        2 => ("order.updated", order, json!({ "total": money })),
        3 => (
            "order.refunded",
            order,
            json!({ "amount": money, "refund_id": word }),
        ),
        4 => {
            let ended = json!({ "duration_seconds": amount * 30 });
            ("call.ended", format!("call/jane:{object}"), ended)
        }
        5 => {
            let kind = *pick.get(&["sms.sent", "sms.received", "email.sent", "email.received"]);
            (kind, format!("message/jane:{object}"), json!({}))
        }
        6 => {
            let named = json!({ "external_id": "jane", "name": name });
            let logged = json!({ "customer": named, "type": "call" });
            (
                "interaction.logged",
                format!("interaction/jane:{object}"),
                logged,
            )
        }
        7 => {
            let name = (amount > 0).then_some(name);
            let fields = json!({ word: amount });
            let email = format!("{object}@x.example");
            let jane = json!({ "external_id": "jane", "email": email });
            let update = json!({ "customer": jane, "name": name, "fields": fields });
            ("customer.updated", "customer/jane".to_owned(), update)
        }
        8 => {
            let status = *pick.get(&[Some("vip"), Some("blocked"), None]);
            let said = json!({ "customer": jane, "status": status });
            ("customer.status_changed", "customer/jane".to_owned(), said)
        }
        9 => {
            let kind = *pick.get(&["identifier.attached", "identifier.detached"]);
            let email = json!({ "kind": "email", "value": format!("{object}@x.example") });
            (kind, "customer/jane".to_owned(), email)
        }
        10 => {
            let said = json!({ "customer": jane, "channel": "sms", "granted": amount > 2 });
            ("customer.consent_changed", "customer/jane".to_owned(), said)
        }
        _ => {
            let balance = json!({ "customer": jane, "agent_calls": amount,
                "last_agent_interaction": { "type": "email", "at": "2024-01-10T00:00:00Z" } });
            let kind = "customer.opening_balance_imported";
            (kind, "customer/jane".to_owned(), balance)
        }
    }
}

fn slice(events: &[(u8, Sent)]) -> Vec<Record> {
    let mut script = Script::new();
    for (day, (kind, subject, data)) in events {
        script.send(
            &format!("01-{day:02} 00:00:00"),
            kind,
            subject,
            data.clone(),
        );
    }
    script.slice()
}

fn policies(vip: Option<u32>) -> Policies {
    let mut policies = Policies::default();
    policies.set("base_currency", "\"ZAR\"").unwrap();
    policies.set("inactive_after_days", "20").unwrap();
    policies
        .set("vip_threshold", &json!(vip).to_string())
        .unwrap();
    policies
}

fn of(field: &Field, records: &[Record], policies: &Policies) -> Explanation {
    explain(field.name(), records, policies, at("02-01 00:00:00"), 1).unwrap()
}

/// What makes the customer, which an explanation need not name.
fn makes(record: &Record) -> bool {
    use EventType::{CustomerCreated, IdentifierAttached, IdentifierDetached};
    let event_type = record.header.event_type;
    [CustomerCreated, IdentifierAttached, IdentifierDetached].contains(&event_type)
}

fn only(records: &[Record], keep: impl Fn(u64) -> bool) -> Vec<Record> {
    let kept = records.iter();
    kept.filter(|record| keep(record.header.position))
        .cloned()
        .collect()
}

/// At which positions the value became what.
fn changes(of: &Explanation) -> Vec<(u64, &Value)> {
    let steps = of.trail.iter().filter(|step| step.is_change);
    steps.map(|step| (step.position, &step.after)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Folding only what an explanation names, and what makes the customer, gives exactly the
    /// value; leaving any of it out changes the value or how it came about, or it is marked as no
    /// change.
    #[test]
    fn an_explanation_names_all_that_made_the_value_and_nothing_else(
        events in events(),
        vip in select(vec![None, Some(100), Some(300)]),
    ) {
        let (records, policies) = (slice(&events), policies(vip));
        for field in Field::ALL {
            let whole = of(field, &records, &policies);
            prop_assert_eq!(whole.trail_omitted, 0);
            let named = |position| {
                let steps = &whole.trail;
                steps.binary_search_by_key(&position, |step| step.position).is_ok()
            };
            let made = only(&records, |at| named(at) || makes(&records[at as usize - 1]));
            let again = of(field, &made, &policies);
            prop_assert_eq!(&again.value, &whole.value, "{}", field.name());
            prop_assert_eq!(changes(&again), changes(&whole), "{}", field.name());
            for step in whole.trail.iter().filter(|step| step.is_change) {
                let without = only(&made, |at| at != step.position);
                let without = of(field, &without, &policies);
                let differs = without.value != whole.value || changes(&without) != changes(&whole);
                prop_assert!(differs, "{} without {}", field.name(), step.position);
            }
        }
    }

    /// A trail is one: each change begins where the one before it ended, and the last is the value.
    #[test]
    fn a_trail_leads_from_nothing_to_the_value(events in events()) {
        let (records, policies) = (slice(&events), policies(Some(100)));
        for field in Field::ALL {
            let nothing = of(field, &[], &policies).value;
            let explanation = of(field, &records, &policies);
            let mut value = &nothing;
            for step in &explanation.trail {
                prop_assert_eq!(&step.before, value, "{} {}", field.name(), step.position);
                prop_assert_eq!(step.is_change, step.before != step.after);
                value = &step.after;
            }
            prop_assert_eq!(value, &explanation.value);
        }
    }
}
