//! Why a value is what it is, after a script.

use super::script::{Asked, Script, at, order, shown};
use crate::explain::{Field, STEPS_FIRST, STEPS_LAST};
use crate::{Explanation, explain};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use touchbook_customers::{Customers, State, summary};
use touchbook_events::{CustomerId, Policies};
use touchbook_projection::Projector;

const RULES: u32 = 1;

fn explained(script: &Script, field: &str, policies: &Policies) -> Explanation {
    let slice = script.slice();
    explain(field, &slice, policies, at("12-31 00:00:00"), RULES).unwrap()
}

/// Position and value of each step, and whether it is a change.
fn steps(explanation: &Explanation) -> Vec<Value> {
    let trail = explanation.trail.iter();
    trail
        .map(|step| json!([step.position, step.after, step.is_change]))
        .collect()
}

fn zar(amount: &str) -> Value {
    json!([{ "currency": "ZAR", "amount": amount }])
}

/// S1-013, C9: the lifetime value names the orders and refunds that made it, before and after.
#[test]
fn the_lifetime_value_names_its_orders() {
    let mut script = Script::new();
    let kind = "order.updated";
    let placed = order("Complete", "1299.99");
    script.send("01-15 10:00:00", kind, "order/jane:1", placed);
    script.send("01-15 11:00:00", "call.started", "call/jane:1", json!({}));
    let pending = order("Pending", "100");
    script.send("01-16 10:00:00", kind, "order/jane:2", pending);
    let refund = json!({ "amount": { "amount": "99.99", "currency": "ZAR" } });
    script.send("01-17 10:00:00", "order.refunded", "order/jane:1", refund);
    let undone = order("Refunded", "1299.99");
    script.send("01-18 10:00:00", kind, "order/jane:1", undone);
    let explanation = explained(&script, "ltv", &Policies::default());
    insta::assert_snapshot!(serde_json::to_string_pretty(&explanation).unwrap());
}

/// S1-013: where one revision has the total and the next the status that counts, both are named.
#[test]
fn what_prepared_a_change_is_named_and_marked() {
    let mut script = Script::new();
    let kind = "order.updated";
    let pending = order("Pending", "100");
    script.send("01-15 10:00:00", kind, "order/jane:1", pending);
    let complete = json!({ "status": "Complete" });
    script.send("01-16 10:00:00", kind, "order/jane:1", complete);
    let shipped = json!({ "status": "Shipped" });
    script.send("01-17 10:00:00", kind, "order/jane:1", shipped);
    let explanation = explained(&script, "ltv", &Policies::default());
    let wanted = [json!([1, [], false]), json!([2, zar("100.00"), true])];
    assert_eq!(steps(&explanation), wanted);
}

/// However often something is prepared first, all of it is named.
#[test]
fn every_preparation_is_named_however_many_there_are() {
    let mut script = Script::new();
    for number in 0..12 {
        let subject = format!("order/jane:{number}");
        let pending = order("Pending", "10");
        script.send("01-15 10:00:00", "order.updated", &subject, pending);
        let complete = json!({ "status": "Complete" });
        script.send("01-16 10:00:00", "order.updated", &subject, complete);
        let shipped = json!({ "status": "Shipped" });
        script.send("01-15 11:00:00", "order.updated", &subject, shipped);
    }
    let explanation = explained(&script, "ltv", &Policies::default());
    let of = |step: u64| {
        let trail = explanation.trail.iter();
        let steps = trail.filter(move |of| (of.position - 1) % 3 == step);
        steps.map(|of| of.is_change).collect::<Vec<_>>()
    };
    assert_eq!(of(0), [false; 12]);
    assert_eq!(of(1), [true; 12]);
    assert_eq!(explanation.value, zar("120.00"));
}

/// S1-011: an identifier that is attached again, earlier, is not the one to use first.
#[test]
fn what_makes_the_customer_may_change_less_than_it_would_alone() {
    let mut script = Script::new();
    let attach = |email: &str| json!({ "kind": "email", "value": email });
    let (subject, kind) = ("customer/jane", "identifier.attached");
    script.send("01-01 00:00:00", kind, subject, attach("a@x.example"));
    script.send("01-01 00:00:00", kind, subject, attach("b@x.example"));
    let jane = json!({ "external_id": "jane", "email": "b@x.example" });
    let update = json!({ "customer": jane });
    script.send("01-09 00:00:00", "customer.updated", subject, update);
    script.send("01-02 00:00:00", kind, subject, attach("a@x.example"));
    let explanation = explained(&script, "identifiers", &Policies::default());
    assert_eq!(explanation.value[1]["primary"], true);
    let steps = explanation.trail.iter();
    let told: Vec<_> = steps.map(|step| (step.position, step.is_change)).collect();
    assert_eq!(told, [(1, true), (2, true), (3, false)]);
}

/// S1-014: an order of the average's own worth changes the average by nothing, and is part of it.
#[test]
fn an_average_names_every_order_that_is_in_it() {
    let mut script = Script::new();
    for (number, total) in ["50", "50", "80"].into_iter().enumerate() {
        let subject = format!("order/jane:{number}");
        let time = format!("01-{} 00:00:00", 10 + number);
        script.send(&time, "order.updated", &subject, order("Complete", total));
    }
    let explanation = explained(&script, "average_order_value", &Policies::default());
    let wanted = [
        json!([1, zar("50.00"), true]),
        json!([2, zar("50.00"), false]),
        json!([3, zar("60.00"), true]),
    ];
    assert_eq!(steps(&explanation), wanted);
}

/// S1-018, S1-019, S1-020, S1-021: a status names the activity, the orders and the words that it
/// follows from, and the policies with their values.
#[test]
fn a_status_names_what_it_follows_from() {
    let mut script = Script::new();
    script.send("01-01 00:00:00", "call.started", "call/jane:1", json!({}));
    script.send("12-01 00:00:00", "call.started", "call/jane:2", json!({}));
    script.send("12-02 00:00:00", "call.started", "call/jane:3", json!({}));
    let kind = "order.updated";
    for number in 1..3 {
        let subject = format!("order/jane:{number}");
        script.send("01-02 00:00:00", kind, &subject, order("Complete", "250"));
    }
    let mut policies = Policies::default();
    let explanation = explained(&script, "status", &policies);
    assert_eq!(steps(&explanation), [json!([2, "active", true])]);
    policies.set("vip_threshold", "500").unwrap();
    policies.set("base_currency", "\"ZAR\"").unwrap();
    let explanation = explained(&script, "status", &policies);
    let wanted = [
        json!([2, "active", true]),
        json!([4, "active", false]),
        json!([5, "vip", true]),
    ];
    assert_eq!(steps(&explanation), wanted);
    let in_force = shown(&explanation.policies);
    assert_eq!(
        in_force[0],
        json!({ "name": "vip_threshold", "value": 500 })
    );
    let said = json!({ "customer": { "external_id": "jane" }, "status": "blocked" });
    let kind = "customer.status_changed";
    script.send("12-03 00:00:00", kind, "customer/jane", said);
    let explanation = explained(&script, "status", &policies);
    assert_eq!(explanation.value, "blocked");
    assert_eq!(
        steps(&explanation).last(),
        Some(&json!([6, "blocked", true]))
    );
}

/// S1-011: a name and who said it.
#[test]
fn a_name_names_the_events_that_brought_it() {
    let mut script = Script::new();
    let order = |name: &str| json!({ "customer": { "external_id": "jane", "name": name } });
    let kind = "order.updated";
    script.send("01-02 00:00:00", kind, "order/jane:1", order("Jane"));
    script.send("01-03 00:00:00", kind, "order/jane:2", order("Jane"));
    script.send("01-01 00:00:00", kind, "order/jane:3", order("Janet"));
    let update = json!({ "customer": { "external_id": "jane" }, "name": "Jane Smith" });
    script.send(
        "01-04 00:00:00",
        "customer.updated",
        "customer/jane",
        update,
    );
    let explanation = explained(&script, "name", &Policies::default());
    let wanted = [json!([1, "Jane", true]), json!([4, "Jane Smith", true])];
    assert_eq!(steps(&explanation), wanted);
    assert_eq!(explanation.policies, []);
}

#[test]
fn an_unknown_field_is_refused_with_those_that_are() {
    let now = at("12-31 00:00:00");
    let problem = explain("shoe_size", [], &Policies::default(), now, RULES).unwrap_err();
    assert_eq!(problem.code, "unknown_field");
    assert!(problem.allowed.iter().any(|name| name == "ltv"));
    assert_eq!(problem.allowed.len(), Field::ALL.len());
}

/// The table has every value of a summary, each as the answer shows it.
#[test]
fn every_value_of_a_summary_can_be_explained_as_it_is_shown() {
    let mut script = Script::new();
    let identifiers =
        json!([{ "kind": "email", "value": "j@x.example", "as_sent": "j@x.example" }]);
    let jane = json!({ "anonymous": false, "name": "Jane", "identifiers": identifiers });
    script.send("01-01 00:00:00", "customer.created", "customer/jane", jane);
    let update = json!({
        "customer": { "external_id": "jane" },
        "company": "Smith Corp",
        "fields": { "city": "Cape Town" },
        "custom_fields": { "Shoe_Size": 39.50, "Pets": ["cat"] },
    });
    script.send(
        "01-02 00:00:00",
        "customer.updated",
        "customer/jane",
        update,
    );
    let no = json!({ "customer": { "external_id": "jane" }, "channel": "sms", "granted": false });
    let kind = "customer.consent_changed";
    script.send("01-03 00:00:00", kind, "customer/jane", no);
    let ended = json!({ "duration_seconds": 135 });
    script.send("01-04 00:00:00", "call.ended", "call/jane:1", ended);
    let placed = order("Complete", "99.999");
    script.send("01-05 00:00:00", "order.updated", "order/jane:1", placed);
    let (policies, now) = (Policies::default(), at("12-31 00:00:00"));
    let mut state = State::default();
    for record in [None].into_iter().chain(script.slice().iter().map(Some)) {
        if let Some(record) = record {
            Customers::apply(&mut state, record);
        }
        let summary = summary(CustomerId::NIL, &state, &policies, now);
        let json = shown(&summary);
        let names: BTreeSet<_> = Field::ALL.iter().map(Field::name).collect();
        let members = json.as_object().unwrap().keys().map(String::as_str);
        assert_eq!(
            names,
            members.filter(|name| *name != "customer_id").collect()
        );
        for field in Field::ALL {
            let value = field.read(&summary);
            assert_eq!(value.to_string(), json[field.name()].to_string());
        }
    }
    for field in Field::ALL {
        for policy in field.policies() {
            assert!(policies.value(policy).is_some(), "{policy}");
        }
    }
}

/// Of a long trail both ends are shown, and how much is between them.
#[test]
fn a_long_trail_shows_its_ends() {
    let mut script = Script::new();
    let (all, late) = (STEPS_FIRST + STEPS_LAST + 7, 3);
    for number in 0..all + late {
        let subject = format!("order/jane:{number}");
        let pending = order("Pending", "1");
        script.send("01-02 00:00:00", "order.updated", &subject, pending);
    }
    for number in 0..all {
        let complete = json!({ "status": "Complete" });
        let subject = format!("order/jane:{number}");
        script.send("01-03 00:00:00", "order.updated", &subject, complete);
    }
    let explanation = explained(&script, "ltv", &Policies::default());
    assert_eq!(explanation.value, zar(&format!("{all}.00")));
    let positions: Vec<_> = explanation.trail.iter().map(|step| step.position).collect();
    assert!(positions.is_sorted());
    assert_eq!(
        (positions[0], positions.len()),
        (1, STEPS_FIRST + STEPS_LAST)
    );
    assert_eq!(positions.last(), Some(&((2 * all + late) as u64)));
    let shown = (STEPS_FIRST + STEPS_LAST) as u64;
    assert_eq!(explanation.trail_omitted, (2 * all + late) as u64 - shown);
}
