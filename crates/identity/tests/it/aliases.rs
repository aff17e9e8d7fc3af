//! A call's other names are aliases of its subject.

use crate::script::Tenant;
use touchbook_events::{CustomerId, Digest};

const STARTED: &str = r#"{"customer":{"external_id":"shop:1"},"aliases":{"call_sid":"CA1"}}"#;

fn subjects(tenant: &Tenant, event_type: &str) -> Vec<(Digest, Option<CustomerId>)> {
    let records = tenant.records().iter();
    let records = records.filter(|record| record.header.event_type.as_str() == event_type);
    records
        .map(|record| (record.header.subject, record.header.customer))
        .collect()
}

#[test]
fn an_event_under_an_alias_is_about_the_subject() {
    let mut tenant = Tenant::new();
    let jane = tenant.send("call.started", "call/1", STARTED).customer();
    let main = tenant.driver.key().subject("call/1");
    tenant.send(
        "call.recording_updated",
        "",
        r#"{"call_sid":"CA1","recording_sid":"RE1"}"#,
    );
    tenant.send(
        "call.recording_updated",
        "call/RE1",
        r#"{"status":"completed"}"#,
    );
    tenant.send("call.ended", "call/1", "{}");
    assert_eq!(
        subjects(&tenant, "call.recording_updated"),
        [(main, jane), (main, jane)]
    );
    assert_eq!(subjects(&tenant, "call.ended"), [(main, jane)]);
}

/// The recording is told of before the call: what came first gives the object its one name.
#[test]
fn an_alias_that_came_first_is_the_subject() {
    let mut tenant = Tenant::new();
    let recording = r#"{"call_sid":"CA1","status":"completed"}"#;
    let nobody = tenant
        .send("call.recording_updated", "", recording)
        .customer()
        .unwrap();
    let jane = tenant.send("call.started", "call/1", STARTED).customer();
    let main = tenant.driver.key().subject("call/CA1");
    assert_ne!(jane, Some(nobody));
    assert_eq!(
        tenant.types(2),
        ["customer.created", "call.started", "subject.assigned"]
    );
    tenant.send("call.ended", "call/1", "{}");
    assert_eq!(subjects(&tenant, "call.started"), [(main, jane)]);
    assert_eq!(subjects(&tenant, "call.ended"), [(main, jane)]);
}

#[test]
fn two_subjects_that_turn_out_to_be_one_are_one_customers() {
    let mut tenant = Tenant::new();
    tenant.send("call.recording_updated", "", r#"{"call_sid":"CA1"}"#);
    tenant.send("call.ended", "call/1", "{}");
    let jane = tenant
        .send("call.started", "call/1", STARTED)
        .customer()
        .unwrap();
    let assigned = tenant.types(4);
    assert_eq!(
        assigned,
        [
            "customer.created",
            "call.started",
            "subject.assigned",
            "subject.assigned"
        ]
    );
    let later = tenant.send(
        "call.recording_updated",
        "",
        r#"{"call_sid":"CA1","status":"absent"}"#,
    );
    assert_eq!(later.customer(), Some(jane));
}

#[test]
fn a_subject_learns_its_customer_from_another_name() {
    let mut tenant = Tenant::new();
    let jane = tenant
        .send("call.started", "call/CA1", r#"{"customer":{"user":"u"}}"#)
        .customer();
    tenant.send("call.ended", "call/1", "{}");
    let aliases = r#"{"aliases":{"call_sid":"CA1"}}"#;
    assert_eq!(
        tenant.send("call.started", "call/1", aliases).customer(),
        jane
    );
    assert_eq!(tenant.send("call.ended", "call/1", "{}").customer(), jane);
}

#[test]
fn two_names_of_another_subject_assign_it_once() {
    let mut tenant = Tenant::new();
    let both = r#"{"call_sid":"CA1","recording_sid":"RE1"}"#;
    tenant.send("call.recording_updated", "", both);
    tenant.send("call.ended", "call/1", "{}");
    tenant.send("call.recording_updated", "call/1", both);
    assert_eq!(
        tenant.types(4),
        ["call.recording_updated", "subject.assigned"]
    );
}
