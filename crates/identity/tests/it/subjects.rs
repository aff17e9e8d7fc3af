//! A subject is a customer's.

use crate::script::{Tenant, decision, problem};
use touchbook_events::record::Ineffective;
use touchbook_events::{Data, Decision};

const JANE: &str = r#"{"external_id":"shop:1"}"#;
const JOE: &str = r#"{"external_id":"shop:2"}"#;

#[test]
fn a_known_subject_stays_its_customers_whatever_an_event_says() {
    let mut tenant = Tenant::new();
    let joe = tenant.customer(JOE);
    let jane = tenant.order("order/1", JANE, "Pending").customer().unwrap();
    let outcome = tenant.order("order/1", JOE, "Complete");
    assert_eq!(outcome.customer(), Some(jane));
    assert_eq!(
        tenant.suggestions(),
        [(joe, jane, outcome.position().unwrap())]
    );
    tenant.order("order/1", JOE, "Refunded");
    assert_eq!(tenant.suggestions().len(), 1);
    let again = tenant.send(
        "order.refunded",
        "order/1",
        r#"{"amount":{"amount":"1","currency":"ZAR"}}"#,
    );
    assert_eq!(again.customer(), Some(jane), "{again:?}");
}

#[test]
fn a_known_subject_gives_its_customer_the_kinds_that_it_lacks() {
    let mut tenant = Tenant::new();
    let jane = tenant.order("order/1", JANE, "Pending").customer().unwrap();
    tenant.order("order/1", r#"{"email":"jane@example.com"}"#, "Complete");
    assert_eq!(tenant.customer(r#"{"email":"jane@example.com"}"#), jane);
    // Another external id differs: it stays in the event, and names nobody yet.
    tenant.order("order/1", r#"{"external_id":"shop:9"}"#, "Shipped");
    assert_ne!(tenant.customer(r#"{"external_id":"shop:9"}"#), jane);
}

#[test]
fn a_subject_that_names_nobody_opens_an_anonymous_customer() {
    let mut tenant = Tenant::new();
    let nobody = tenant.order("order/1", "", "Pending").customer().unwrap();
    assert_eq!(tenant.types(0), ["customer.created", "order.updated"]);
    let Data::CustomerCreated(created) = &tenant.records()[0].data else {
        panic!()
    };
    assert!(created.facts.anonymous);
    assert_eq!(
        tenant.order("order/1", "", "Shipped").customer(),
        Some(nobody)
    );
    assert_ne!(
        tenant.order("order/2", "", "Pending").customer(),
        Some(nobody)
    );
}

#[test]
fn the_first_event_that_names_both_assigns_the_subject() {
    let mut tenant = Tenant::new();
    let nobody = tenant.order("order/1", "", "Pending").customer().unwrap();
    let jane = tenant.order("order/1", JANE, "Shipped").customer().unwrap();
    assert_ne!(jane, nobody);
    assert_eq!(
        tenant.types(2),
        ["customer.created", "order.updated", "subject.assigned"]
    );
    let Data::SubjectAssigned(assigned) = &tenant.records()[4].data else {
        panic!()
    };
    assert_eq!(
        assigned.facts.subject,
        tenant.driver.key().subject("order/1")
    );
    assert_eq!(
        (assigned.facts.from, assigned.facts.to),
        (Some(nobody), jane)
    );
    assert_eq!(tenant.records()[4].header.cause, Some(4));
    assert_eq!(
        tenant.order("order/1", "", "Complete").customer(),
        Some(jane)
    );
    assert_eq!(
        tenant.order("order/1", JANE, "Refunded").customer(),
        Some(jane)
    );
    assert_eq!(tenant.suggestions(), []);
}

#[test]
fn an_anonymous_subject_is_assigned_to_a_known_customer_too() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(JANE);
    tenant.order("order/1", "", "Pending");
    let reference = r#"{"external_id":"shop:1","email":"jane@example.com"}"#;
    assert_eq!(
        tenant.order("order/1", reference, "Shipped").customer(),
        Some(jane)
    );
    assert_eq!(
        tenant.types(4),
        ["identifier.attached", "order.updated", "subject.assigned"]
    );
}

#[test]
fn an_anonymous_customer_is_named_by_an_identifier() {
    let mut tenant = Tenant::new();
    let nobody = tenant.order("order/1", "", "Pending").customer().unwrap();
    let data = r#"{"kind":"email","value":"jane@example.com"}"#;
    tenant.send("identifier.attached", &format!("customer/{nobody}"), data);
    assert_eq!(tenant.customer(r#"{"email":"jane@example.com"}"#), nobody);
    tenant.customer(JANE);
    tenant.order("order/1", JANE, "Shipped");
    assert_eq!(
        tenant.suggestions().len(),
        1,
        "it is somebody now, and differs"
    );
}

#[test]
fn a_person_assigns_a_subject() {
    let mut tenant = Tenant::new();
    let jane = tenant.order("order/1", JANE, "Pending").customer().unwrap();
    let joe = tenant.customer(JOE);
    let subject = tenant.driver.key().subject("order/1");
    let assign = |to: String| format!(r#"{{"subject":"{subject}","to":"{to}"}}"#);
    let outcome = tenant.send("subject.assigned", "", &assign(joe.to_string()));
    assert_eq!(outcome.customer(), Some(joe));
    let Data::SubjectAssigned(assigned) = &tenant.records().last().unwrap().data else {
        panic!()
    };
    assert_eq!(
        assigned.facts.from,
        Some(jane),
        "the decision fills in whose it was"
    );
    assert_eq!(tenant.order("order/1", "", "Shipped").customer(), Some(joe));

    let again = decision(tenant.send("subject.assigned", "", &assign(joe.to_string())));
    assert_eq!(
        again,
        Decision::Ineffective {
            reason: Ineffective::Unchanged,
            winner: None
        }
    );
    let stale = format!(r#"{{"subject":"{subject}","from":"{jane}","to":"{jane}"}}"#);
    let stale = decision(tenant.send("subject.assigned", "", &stale));
    let reason = Ineffective::NotAllowedInState;
    assert_eq!(
        stale,
        Decision::Ineffective {
            reason,
            winner: None
        }
    );
    let unknown = format!(r#"{{"subject":"{:032x}","to":"{jane}"}}"#, 7);
    let unknown = decision(tenant.send("subject.assigned", "", &unknown));
    let reason = Ineffective::UnknownSubject;
    assert_eq!(
        unknown,
        Decision::Ineffective {
            reason,
            winner: None
        }
    );
    let nobody = assign("0190f3a0-0000-7000-8000-000000000001".to_owned());
    assert_eq!(
        problem(tenant.send("subject.assigned", "", &nobody)).pointer,
        "/data/to"
    );
}

#[test]
fn a_subject_is_assigned_by_its_name() {
    let mut tenant = Tenant::new();
    tenant.order("order/o1", JANE, "Pending");
    let joe = tenant.customer(JOE);
    let to = format!(r#"{{"to":"{joe}"}}"#);
    let outcome = tenant.send("subject.assigned", "order/o1", &to);
    assert_eq!(decision(outcome), Decision::Effective);
    let Data::SubjectAssigned(assigned) = &tenant.records().last().unwrap().data else {
        panic!()
    };
    let subject = tenant.driver.key().subject("order/o1");
    assert_eq!(assigned.facts.subject, subject);
    let shipped = tenant.order("order/o1", "", "Shipped");
    assert_eq!(shipped.customer(), Some(joe));
    let refused = problem(tenant.send("subject.assigned", "", &to));
    assert_eq!(refused.pointer, "/subject");
}
