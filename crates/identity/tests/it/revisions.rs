//! Whole objects: only what equals the latest revision is a duplicate.

use crate::script::Tenant;
use touchbook_projection::driver::Outcome;

const JANE: &str = r#"{"external_id":"shop:1"}"#;

#[test]
fn content_equal_to_the_latest_is_a_duplicate() {
    let mut tenant = Tenant::new();
    let jane = tenant.order("order/1", JANE, "Complete").customer();
    let again = tenant.order("order/1", JANE, "Complete");
    assert_eq!(
        again,
        Outcome::Duplicate {
            position: 2,
            customer: jane
        }
    );
    assert_eq!(tenant.records().len(), 2);
}

/// Complete → Refunded → Complete.
#[test]
fn an_old_content_that_returns_is_a_new_revision() {
    let mut tenant = Tenant::new();
    for status in ["Complete", "Refunded", "Complete"] {
        assert!(matches!(
            tenant.order("order/1", JANE, status),
            Outcome::Appended { .. }
        ));
    }
    let last = tenant.records().len() as u64;
    assert_eq!(
        tenant.order("order/1", JANE, "Complete").position(),
        Some(last)
    );
}

#[test]
fn equal_contents_of_two_objects_are_two() {
    let mut tenant = Tenant::new();
    for subject in ["order/1", "order/2"] {
        assert!(matches!(
            tenant.order(subject, JANE, "Complete"),
            Outcome::Appended { .. }
        ));
    }
}

#[test]
fn other_events_of_the_object_are_no_revisions() {
    let mut tenant = Tenant::new();
    tenant.order("order/1", JANE, "Complete");
    let refund = r#"{"amount":{"amount":"1","currency":"ZAR"}}"#;
    assert!(matches!(
        tenant.send("order.refunded", "order/1", refund),
        Outcome::Appended { .. }
    ));
    assert!(matches!(
        tenant.send("order.refunded", "order/1", refund),
        Outcome::Appended { .. }
    ));
    let again = tenant.order("order/1", JANE, "Complete");
    assert!(matches!(again, Outcome::Duplicate { position: 2, .. }));
}

#[test]
fn a_retracted_revision_can_be_sent_again() {
    let mut tenant = Tenant::new();
    tenant.order("order/1", JANE, "Complete");
    tenant.send("event.retracted", "", r#"{"positions":[2]}"#);
    assert!(matches!(
        tenant.order("order/1", JANE, "Complete"),
        Outcome::Appended { .. }
    ));
}

#[test]
fn a_whole_object_of_nobody_has_revisions_too() {
    let mut tenant = Tenant::new();
    let on = r#"{"status":"on"}"#;
    tenant.send("campaign.updated", "campaign/1", on);
    let again = tenant.send("campaign.updated", "campaign/1", on);
    assert_eq!(
        again,
        Outcome::Duplicate {
            position: 1,
            customer: None
        }
    );
}
