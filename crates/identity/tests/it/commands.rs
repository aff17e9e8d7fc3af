//! Retractions, and identifiers that a person gives and takes.

use crate::script::{Tenant, decision, problem};
use touchbook_events::record::Ineffective;
use touchbook_events::{CustomerId, Data, Decision, EventType, IdentifierKind};
use touchbook_identity::Identifiers;
use touchbook_projection::driver::Outcome;

fn identifier(tenant: &mut Tenant, what: &str, customer: CustomerId, value: &str) -> Outcome {
    let data = format!(r#"{{"kind":"email","value":"{value}"}}"#);
    tenant.send(
        &format!("identifier.{what}"),
        &format!("customer/{customer}"),
        &data,
    )
}

fn lost(reason: Ineffective, winner: Option<u64>) -> Decision {
    Decision::Ineffective { reason, winner }
}

#[test]
fn only_records_that_exist_are_retracted_and_each_once() {
    let mut tenant = Tenant::new();
    tenant.customer(r#"{"user":"u"}"#);
    let mut send = |what: &str, positions: &str| {
        tenant.send(
            &format!("event.{what}"),
            "",
            &format!(r#"{{"positions":{positions}}}"#),
        )
    };
    let refused = problem(send("retracted", "[2,3]"));
    assert_eq!(
        (refused.code, &*refused.pointer),
        ("unknown_position", "/data/positions/1")
    );
    assert_eq!(
        decision(send("reinstated", "[2]")),
        lost(Ineffective::NotRetracted, None)
    );
    let first = send("retracted", "[2]");
    let again = decision(send("retracted", "[2]"));
    assert_eq!(again, lost(Ineffective::AlreadyRetracted, first.position()));
    assert_eq!(decision(send("reinstated", "[2]")), Decision::Effective);
    assert_eq!(
        decision(send("reinstated", "[2]")),
        lost(Ineffective::NotRetracted, None)
    );
}

#[test]
fn records_that_others_stand_on_are_not_retracted() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"user":"jane"}"#);
    let joe = tenant.customer(r#"{"user":"joe"}"#);
    identifier(&mut tenant, "attached", jane, "jane@example.com");
    identifier(&mut tenant, "detached", jane, "jane@example.com");
    let pair = format!(r#"{{"customer":"{jane}","other":"{joe}"}}"#);
    tenant.send("merge.dismissed", "", &pair);
    let merged = format!(r#"{{"into":"{jane}","members":["{joe}"]}}"#);
    tenant.send("customer.merged", "", &merged);
    let unmerged = format!(r#"{{"from":"{jane}","members":["{joe}"]}}"#);
    tenant.send("customer.unmerged", "", &unmerged);
    tenant.send("policy.defined", "policy/response_sla", r#"{"value":60}"#);
    tenant.order("order/1", r#"{"user":"jane"}"#, "Pending");
    let subject = tenant.driver.key().subject("order/1");
    let assigned = format!(r#"{{"subject":"{subject}","to":"{joe}"}}"#);
    tenant.send("subject.assigned", "", &assigned);
    tenant.send("event.retracted", "", r#"{"positions":[2]}"#);
    tenant.send("event.reinstated", "", r#"{"positions":[2]}"#);
    let structural: Vec<u64> = tenant
        .records()
        .iter()
        .filter(|record| !matches!(record.data, Data::SmsReceived(_) | Data::OrderUpdated(_)))
        .map(|record| record.header.position)
        .collect();
    assert_eq!(structural.len(), 11);
    for position in structural {
        let data = format!(r#"{{"positions":[2,{position}]}}"#);
        let refused = problem(tenant.send("event.retracted", "", &data));
        assert_eq!(
            (refused.code, &*refused.pointer),
            ("not_retractable", "/data/positions/1")
        );
    }
}

#[test]
fn a_command_about_an_unknown_interaction_changes_nothing_and_opens_no_customer() {
    let mut tenant = Tenant::new();
    let done = r#"{"outcome":"contacted"}"#;
    let outcome = tenant.send("interaction.completed", "interaction/1", done);
    assert_eq!(outcome.customer(), None);
    assert_eq!(decision(outcome), lost(Ineffective::UnknownSubject, None));
    assert_eq!(tenant.types(0), ["interaction.completed"]);

    let step = r#"{"customer":{"user":"u"},"type":"call","title":"Call"}"#;
    let created = tenant.send("interaction.created", "interaction/1", step);
    let outcome = tenant.send("interaction.completed", "interaction/1", done);
    assert_eq!(outcome.customer(), created.customer());
    assert_eq!(decision(outcome), Decision::Effective);

    let logged = tenant.send("interaction.logged", "interaction/2", r#"{"type":"call"}"#);
    let archived = tenant.send("interaction.archived", "interaction/2", "{}");
    assert_eq!(archived.customer(), logged.customer());
    assert_eq!(decision(archived), Decision::Effective);
}

#[test]
fn an_identifier_is_given_in_normal_form_and_taken_away() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"user":"u"}"#);
    let given = identifier(&mut tenant, "attached", jane, " Jane@Example.com");
    assert_eq!(given.customer(), Some(jane));
    let Data::IdentifierAttached(attached) = &tenant.records()[2].data else {
        panic!()
    };
    let personal = attached.personal.as_ref().unwrap();
    assert_eq!(&*personal.value, "jane@example.com");
    assert_eq!(personal.as_sent.as_deref(), Some(" Jane@Example.com"));
    assert_eq!(tenant.customer(r#"{"email":"jane@example.com"}"#), jane);
    let again = decision(identifier(
        &mut tenant,
        "attached",
        jane,
        "jane@example.com",
    ));
    assert_eq!(again, lost(Ineffective::Unchanged, None));

    identifier(&mut tenant, "detached", jane, "JANE@example.com");
    let again = decision(identifier(
        &mut tenant,
        "detached",
        jane,
        "jane@example.com",
    ));
    assert_eq!(again, lost(Ineffective::Unchanged, None));
    assert_ne!(tenant.customer(r#"{"email":"jane@example.com"}"#), jane);
}

#[test]
fn an_identifier_of_another_stays_there_and_suggests_a_merge() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"email":"jane@example.com"}"#);
    let joe = tenant.customer(r#"{"email":"joe@example.com"}"#);
    let outcome = identifier(&mut tenant, "attached", joe, "jane@example.com");
    assert_eq!(
        tenant.suggestions(),
        [(jane, joe, outcome.position().unwrap())]
    );
    assert_eq!(
        decision(outcome),
        lost(Ineffective::NotAllowedInState, None)
    );
    let outcome = identifier(&mut tenant, "detached", joe, "jane@example.com");
    assert_eq!(decision(outcome), lost(Ineffective::Unchanged, None));
}

#[test]
fn an_identifier_needs_a_customer_and_a_form() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"user":"u"}"#);
    let nobody = "0190f3a0-0000-7000-8000-000000000001".parse().unwrap();
    let refused = problem(identifier(
        &mut tenant,
        "attached",
        nobody,
        "jane@example.com",
    ));
    assert_eq!(
        (refused.code, &*refused.pointer),
        ("unknown_customer", "/subject")
    );
    assert_eq!(
        problem(identifier(&mut tenant, "attached", jane, "jane")).pointer,
        "/data/value"
    );
    let data = r#"{"kind":"email","value":"jane@example.com"}"#;
    assert_eq!(
        problem(tenant.send("identifier.attached", "", data)).pointer,
        "/subject"
    );
}

#[test]
fn what_only_the_writer_makes_is_refused() {
    let mut tenant = Tenant::new();
    let data = r#"{"anonymous":false,"identifiers":[]}"#;
    let refused = problem(tenant.send("customer.created", "customer/1", data));
    assert_eq!(
        (refused.code, &*refused.pointer),
        ("type_not_allowed", "/type")
    );
}

#[test]
fn what_this_version_does_not_carry_out_is_refused() {
    let mut tenant = Tenant::new();
    for event_type in [
        EventType::CustomerErased,
        EventType::InteractionDeleted,
        EventType::ImportUndone,
        EventType::WorkflowStarted,
    ] {
        let refused = problem(tenant.send_example(event_type));
        assert_eq!(
            (refused.code, &*refused.pointer),
            ("type_not_available", "/type"),
            "{event_type}"
        );
    }
    assert_eq!(tenant.records().len(), 0);
}

/// S1-026.
#[test]
fn readers_find_customers_by_identifier() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"email":"jane@example.com","phone":"+27123456789"}"#);
    let joe = tenant.customer(r#"{"user":"joe"}"#);
    tenant.order("order/1", "", "Pending");
    identifier(&mut tenant, "detached", jane, "jane@example.com");
    identifier(&mut tenant, "attached", joe, "jane@example.com");
    let identifiers = tenant.identifiers();
    let find = |kind, value| identifiers.index(|index| Identifiers::find(index, kind, value));
    assert_eq!(find(IdentifierKind::Phone, "+27123456789"), Some(jane));
    assert_eq!(find(IdentifierKind::Email, "jane@example.com"), Some(joe));
    assert_eq!(find(IdentifierKind::User, "joe"), Some(joe));
    assert_eq!(find(IdentifierKind::User, "jane"), None);
}

/// S2-005: whoever signs in as that user is that customer.
#[test]
fn a_user_who_is_a_customer_is_found_by_the_users_id() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"email":"jane@example.com"}"#);
    let joe = tenant.customer(r#"{"email":"joe@example.com"}"#);
    let define = |tenant: &mut Tenant, customer: &str| {
        let data = format!(r#"{{"role":"customer_self","user_id":"u-1","customer":"{customer}"}}"#);
        tenant.send("user.defined", "", &data)
    };
    let first = define(&mut tenant, &jane.to_string());
    assert_eq!(first.customer(), Some(jane));
    let head = tenant.records().len();
    define(&mut tenant, &jane.to_string());
    assert_eq!(tenant.records().len(), head + 1, "it is attached once");
    let identifiers = tenant.identifiers();
    let find = |kind, value| identifiers.index(|index| Identifiers::find(index, kind, value));
    assert_eq!(find(IdentifierKind::User, "u-1"), Some(jane));

    let taken = problem(define(&mut tenant, &joe.to_string()));
    assert_eq!(
        (taken.code, &*taken.pointer),
        ("identifier_taken", "/data/customer")
    );
    let nobody = problem(define(&mut tenant, "01a1fe29-a511-7ba8-9f6c-ca62f244ac92"));
    assert_eq!(
        (nobody.code, &*nobody.pointer),
        ("unknown_customer", "/data/customer")
    );
}
