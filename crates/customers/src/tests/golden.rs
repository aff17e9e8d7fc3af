//! One customer's summary after a script.

use super::script::{Asked, Script, at, order, person};
use crate::{Customers, State};
use serde_json::{Value, json};
use touchbook_events::Policies;
use touchbook_projection::Projector;

/// S0-001, S0-002, S0-003, S0-004, S0-005, S0-006, S0-007: the seven agent fields, whatever order
/// the events arrive in.
#[test]
fn agent_fields_count_calls_and_what_was_sent() {
    let mut script = Script::new();
    script.send("02-02 10:00:00", "call.started", "call/jane:2", json!({}));
    script.send("01-01 10:00:00", "call.started", "call/jane:1", json!({}));
    script.send(
        "01-01 10:01:30",
        "call.ended",
        "call/jane:1",
        json!({"duration_seconds": 90}),
    );
    script.send(
        "02-02 10:00:45",
        "call.ended",
        "call/jane:2",
        json!({"duration_seconds": 45}),
    );
    script.send(
        "03-01 10:00:00",
        "email.sent",
        "email/jane:1",
        json!({"subject": "Hello"}),
    );
    script.send(
        "03-01 11:00:00",
        "email.sent",
        "email/jane:1",
        json!({"subject": "Hello!"}),
    );
    script.send("03-02 10:00:00", "email.sent", "email/jane:2", json!({}));
    script.send(
        "03-03 10:00:00",
        "email.received",
        "email/jane:3",
        json!({}),
    );
    script.send(
        "03-02 11:00:00",
        "sms.sent",
        "sms/jane:1",
        json!({"body": "Hi"}),
    );
    script.send(
        "03-04 11:00:00",
        "sms.received",
        "sms/jane:2",
        json!({"body": "Hi"}),
    );
    let jane = script.jane(&Policies::default());
    assert_eq!(jane["total_agent_calls"], 2);
    assert_eq!(jane["total_agent_emails"], 2);
    assert_eq!(jane["total_agent_sms"], 1);
    assert_eq!(jane["agent_call_duration_total"].to_string(), "2.25");
    assert_eq!(jane["last_agent_call_date"], "2024-02-02T10:00:00Z");
    assert_eq!(jane["last_agent_interaction_type"], "sms");
    assert_eq!(jane["last_agent_interaction_date"], "2024-03-02T11:00:00Z");
    assert_eq!(jane["interaction_count"], 7);
}

/// S0-005, S0-006: without the sms, the call is the last.
#[test]
fn a_retracted_sms_gives_way_to_the_call_before_it() {
    let mut script = Script::new();
    script.send("02-02 10:00:00", "call.started", "call/jane:1", json!({}));
    let sms = script.send(
        "02-02 11:00:00",
        "sms.sent",
        "sms/jane:1",
        json!({"body": "Hi"}),
    );
    let retraction = json!({ "positions": [sms] });
    script.send(
        "02-03 10:00:00",
        "event.retracted",
        "event/jane:1",
        retraction,
    );
    let jane = script.jane(&Policies::default());
    assert_eq!(jane["last_agent_interaction_type"], "call");
    assert_eq!(jane["last_agent_interaction_date"], "2024-02-02T10:00:00Z");
    assert_eq!(jane["total_agent_sms"], 0);
}

/// C17: importing a balance again sets it, events add to it, merged members' balances add up.
#[test]
fn an_opening_balance_is_set_and_then_added_to() {
    let mut script = Script::new();
    let balance = |calls, name| {
        json!({
            "customer": { "external_id": name },
            "agent_calls": calls,
            "call_duration_seconds": 60,
            "last_agent_interaction": { "type": "email", "at": "2023-12-01T00:00:00Z" },
        })
    };
    let kind = "customer.opening_balance_imported";
    script.send("01-01 00:00:00", kind, "customer/jane", balance(10, "jane"));
    script.send("01-02 00:00:00", kind, "customer/jane", balance(12, "jane"));
    let jane = script.jane(&Policies::default());
    assert_eq!(jane["total_agent_calls"], 12);
    assert_eq!(jane["last_agent_interaction_type"], "email");
    assert_eq!(jane["interaction_count"], 0);
    script.send("01-03 00:00:00", "call.started", "call/jane:1", json!({}));
    script.send("01-02 00:00:00", kind, "customer/joan", balance(5, "joan"));
    let members =
        json!({ "into": super::script::id("jane"), "members": [super::script::id("joan")] });
    script.send(
        "01-04 00:00:00",
        "customer.merged",
        "customer/jane",
        members,
    );
    let jane = script.jane(&Policies::default());
    assert_eq!(jane["total_agent_calls"], 18);
    assert_eq!(jane["last_agent_interaction_type"], "call");
    assert_eq!(jane["agent_call_duration_total"].to_string(), "2");
}

/// S1-013, S1-014, C9: syncing an order again replaces it; what counts is read from the policies.
#[test]
fn a_synced_order_replaces_itself_and_refunds_lower_what_counts() {
    let mut script = Script::new();
    script.send(
        "01-15 10:30:00",
        "order.updated",
        "order/jane:1",
        order("Complete", "1299.99"),
    );
    script.send(
        "01-16 10:30:00",
        "order.updated",
        "order/jane:2",
        order("Pending", "100"),
    );
    script.send(
        "01-17 10:30:00",
        "order.updated",
        "order/jane:3",
        order("Shipped", "700.02"),
    );
    let jane = script.jane(&Policies::default());
    assert_eq!(
        jane["ltv"],
        json!([{ "currency": "ZAR", "amount": "2000.01" }])
    );
    script.send(
        "01-18 10:30:00",
        "order.updated",
        "order/jane:1",
        json!({"status": "Complete"}),
    );
    let amount = json!({ "amount": { "amount": "0.02", "currency": "ZAR" } });
    script.send(
        "01-19 10:30:00",
        "order.refunded",
        "order/jane:3",
        amount.clone(),
    );
    script.send("01-19 10:30:00", "order.refunded", "order/jane:2", amount);
    let jane = script.jane(&Policies::default());
    assert_eq!(
        jane["ltv"][0]["amount"], "1999.99",
        "the uncounted order's refund lowers nothing"
    );
    assert_eq!(jane["average_order_value"][0]["amount"], "1000.01");
    assert_eq!(jane["order_count"], 3);
    assert_eq!(jane["interaction_count"], 3);
    script.send(
        "01-20 10:30:00",
        "order.updated",
        "order/jane:1",
        order("Refunded", "1299.99"),
    );
    assert_eq!(
        script.jane(&Policies::default())["ltv"][0]["amount"],
        "700.00"
    );
    let mut policies = Policies::default();
    policies
        .set("counted_order_statuses", r#"["Pending"]"#)
        .unwrap();
    assert_eq!(script.jane(&policies)["ltv"][0]["amount"], "99.98");
    policies.set("counted_order_statuses", "[]").unwrap();
    assert_eq!(script.jane(&policies)["average_order_value"], json!(null));
}

/// C9: the refund's own id tells it, else its event does; erasing what was sent changes no number.
#[test]
fn a_refund_sent_again_replaces_itself_and_counts_alike_once_erased() {
    let mut script = Script::new();
    let refund = |id: Option<&str>, amount: &str| json!({ "refund_id": id, "amount": { "amount": amount, "currency": "ZAR" } });
    for number in ["1", "2"] {
        let subject = format!("order/jane:{number}");
        let placed = order("Complete", "100");
        script.send("01-15 10:00:00", "order.updated", &subject, placed);
    }
    for (time, subject, refund) in [
        ("01-17 10:00:00", "order/jane:1", refund(Some("R1"), "5")),
        ("01-16 10:00:00", "order/jane:1", refund(Some("R1"), "50")),
        ("01-17 10:00:00", "order/jane:1", refund(Some("R1"), "7")),
        ("01-17 10:00:00", "order/jane:1", refund(Some("R2"), "1")),
        ("01-17 10:00:00", "order/jane:2", refund(Some("R1"), "2")),
        ("01-17 10:00:00", "order/jane:2", refund(None, "0.25")),
        ("01-17 10:00:00", "order/jane:2", refund(Some(" "), "0.25")),
    ] {
        script.send(time, "order.refunded", subject, refund);
    }
    let ltv = json!([{ "currency": "ZAR", "amount": "189.50" }]);
    assert_eq!(script.jane(&Policies::default())["ltv"], ltv);
    let (mut whole, mut erased) = (State::default(), State::default());
    for record in script.driver.records() {
        Customers::apply(&mut whole, record);
        let mut record = record.clone();
        record.data.erase();
        record.sent = None;
        Customers::apply(&mut erased, &record);
    }
    assert_eq!(whole.orders, erased.orders);
}

/// S1-018, S1-019, S1-020, S1-021: by hand, else by value, else by days, as of the instant of the
/// question.
#[test]
fn status_is_what_people_say_else_value_else_activity() {
    let mut script = Script::new();
    script.send(
        "01-15 10:00:00",
        "order.updated",
        "order/jane:1",
        order("Complete", "500"),
    );
    let mut policies = Policies::default();
    let status = |script: &Script, policies: &Policies, now| {
        script.jane_at(policies, at(now))["status"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        status(&script, &policies, "07-13 10:00:00"),
        "active",
        "180 days after"
    );
    assert_eq!(status(&script, &policies, "07-13 10:00:01"), "inactive");
    policies.set("vip_threshold", "\"500\"").unwrap();
    assert_eq!(
        status(&script, &policies, "12-01 10:00:00"),
        "inactive",
        "ranked in USD"
    );
    policies.set("base_currency", "\"ZAR\"").unwrap();
    assert_eq!(status(&script, &policies, "12-01 10:00:00"), "vip");
    let last = json!({
        "customer": { "external_id": "jane" },
        "last_agent_interaction": { "type": "call", "at": "2024-11-01T00:00:00Z" },
    });
    let kind = "customer.opening_balance_imported";
    script.send("02-01 00:00:00", kind, "customer/jane", last);
    let default = Policies::default();
    assert_eq!(
        status(&script, &default, "12-01 10:00:00"),
        "active",
        "by its opening balance"
    );
    let said = |status| json!({ "customer": { "external_id": "jane" }, "status": status });
    let kind = "customer.status_changed";
    script.send(
        "02-02 00:00:00",
        kind,
        "customer/jane",
        said(Some("blocked")),
    );
    script.send(
        "02-01 00:00:00",
        kind,
        "customer/jane",
        said(Some("active")),
    );
    assert_eq!(
        status(&script, &policies, "12-01 10:00:00"),
        "blocked",
        "the later word holds"
    );
    script.send("02-03 00:00:00", kind, "customer/jane", said(None));
    assert_eq!(
        status(&script, &policies, "12-01 10:00:00"),
        "vip",
        "null is automatic"
    );
}

/// S1-011, S1-012: who she is, with the primary identifier of each kind.
#[test]
fn a_summary_shows_who_a_customer_is() {
    let mut script = Script::new();
    let identifiers = [("email", "jane@old.com"), ("phone", "+27123456789")];
    script.send(
        "01-01 00:00:00",
        "customer.created",
        "customer/jane",
        person("J", None, &identifiers),
    );
    let email = json!({ "kind": "email", "value": "jane@new.com", "as_sent": "Jane@New.com" });
    script.send(
        "01-02 00:00:00",
        "identifier.attached",
        "customer/jane",
        email,
    );
    let update = json!({
        "customer": { "external_id": "jane", "email": "jane@old.com" },
        "name": "Jane Smith",
        "company": "Smith Corp",
        "fields": { "city": "Cape Town" },
        "custom_fields": { "Favourite_Colour": "green", "Shoe_Size": 39 },
    });
    script.send(
        "01-04 00:00:00",
        "customer.updated",
        "customer/jane",
        update,
    );
    let late = json!({
        "customer": { "external_id": "jane", "name": "Janet" },
        "custom_fields": { "Favourite_Colour": "red", "Pet": "cat" },
    });
    script.send("01-03 00:00:00", "customer.updated", "customer/jane", late);
    let no = json!({ "customer": { "external_id": "jane" }, "channel": "sms", "granted": false });
    script.send(
        "01-05 00:00:00",
        "customer.consent_changed",
        "customer/jane",
        no,
    );
    let jane = script.jane(&Policies::default());
    insta::assert_snapshot!(serde_json::to_string_pretty(&jane).unwrap());
}

/// S0-026, S1-011: null in an update clears, absence keeps, and a later word is taken again.
#[test]
fn null_in_an_update_clears_what_was_known_before() {
    let mut script = Script::new();
    let jane = person("J", None, &[("user", "jane")]);
    script.send("01-01 00:00:00", "customer.created", "customer/jane", jane);
    let kind = "customer.updated";
    let mut update = |time: &str, mut data: Value| {
        data["customer"] = json!({ "external_id": "jane" });
        script.send(time, kind, "customer/jane", data);
        script.jane(&Policies::default())
    };
    let known = json!({
        "name": "Jane Smith",
        "company": "Smith Corp",
        "fields": { "city": "Cape Town" },
        "custom_fields": { "Shoe_Size": 39, "Pet": "cat" },
    });
    update("01-02 00:00:00", known.clone());
    let kept = update("01-03 00:00:00", json!({}));
    assert_eq!(
        (&kept["name"], &kept["fields"]),
        (&known["name"], &known["fields"])
    );
    let some = json!({ "name": null, "custom_fields": { "Pet": null } });
    let jane = update("01-04 00:00:00", some);
    assert_eq!(
        (&jane["name"], &jane["company"]),
        (&Value::Null, &json!("Smith Corp"))
    );
    assert_eq!(jane["custom_fields"], json!({ "Shoe_Size": 39 }));
    let all = json!({ "company": null, "fields": null, "custom_fields": null });
    let jane = update("01-05 00:00:00", all);
    assert_eq!(
        (&jane["company"], &jane["fields"]),
        (&Value::Null, &json!({}))
    );
    assert_eq!(jane["custom_fields"], json!({}));
    let late = json!({ "name": "J", "fields": { "zip": "8001" }, "custom_fields": { "Hat": 7 } });
    let jane = update("01-03 12:00:00", late);
    assert_eq!(jane["name"], Value::Null, "it was cleared after that");
    assert_eq!(
        (&jane["fields"], &jane["custom_fields"]),
        (&json!({}), &json!({}))
    );
    let jane = update(
        "01-06 00:00:00",
        json!({ "name": "Jane", "fields": { "city": "Durban" } }),
    );
    assert_eq!(
        (&jane["name"], &jane["fields"]),
        (&json!("Jane"), &json!({ "city": "Durban" }))
    );
    assert_eq!(jane["company"], Value::Null);
    // What was recorded stands: up to the first update, she is who she was.
    let mut before = State::default();
    let told = &script.driver.records()[..2];
    told.iter()
        .for_each(|record| Customers::apply(&mut before, record));
    assert_eq!(
        before.person.name.get().map(|name| &**name),
        Some("Jane Smith")
    );
    let found = |query| {
        script.index(|index| {
            index
                .search(query, &Policies::default(), None, 9)
                .rows
                .len()
        })
    };
    assert_eq!((found("jane"), found("smith")), (1, 0));
}

/// Erased records keep their numbers and show no person.
#[test]
fn numbers_stay_when_the_person_is_erased() {
    let mut script = Script::new();
    let identifiers = [("email", "jane@example.com")];
    script.send(
        "01-01 00:00:00",
        "customer.created",
        "customer/jane",
        person("Jane", None, &identifiers),
    );
    script.send(
        "01-15 10:30:00",
        "order.updated",
        "order/jane:1",
        order("Complete", "10"),
    );
    let mut state = crate::State::default();
    for record in script.driver.records() {
        let mut record = record.clone();
        record.data.erase();
        record.sent = None;
        <crate::Customers as touchbook_projection::Projector>::apply(&mut state, &record);
    }
    assert!(state.is_listed());
    let policies = Policies::default();
    let shown = crate::summary(
        super::script::id("jane"),
        &state,
        &policies,
        at("02-01 00:00:00"),
    );
    assert_eq!((shown.name, shown.identifiers.len()), (None, 0));
    assert_eq!((shown.interaction_count, shown.ltv.len()), (1, 1));
}
