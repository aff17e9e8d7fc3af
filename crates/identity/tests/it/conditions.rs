//! `expectedposition`: a change of a customer that counts only while it is as its sender knows it.

use crate::script::{Tenant, decision};
use touchbook_events::record::Ineffective;
use touchbook_events::{CustomerId, Data, Decision, Principal, Timestamp};

impl Tenant {
    /// Sends an event that expects its customer as it was at `expected`.
    fn expecting(
        &mut self,
        expected: u64,
        event_type: &str,
        subject: &str,
        data: &str,
    ) -> Decision {
        let data = format!(r#"{data},"expectedposition":"{expected}""#);
        decision(self.send(event_type, subject, &data))
    }

    fn rename(&mut self, expected: u64, customer: CustomerId) -> Decision {
        let data = format!(r#"{{"customer":{{"id":"{customer}"}},"name":"Jane"}}"#);
        self.expecting(expected, "customer.updated", "", &data)
    }

    fn head(&self) -> u64 {
        self.driver.head()
    }

    /// Whose records the last record retracts or reinstates.
    fn last_customers(&self) -> Vec<CustomerId> {
        match &self.records().last().unwrap().data {
            Data::EventRetracted(data) => data.facts.customers.clone(),
            Data::EventReinstated(data) => data.facts.customers.clone(),
            other => panic!("{other:?}"),
        }
    }
}

fn lost_to(winner: u64) -> Decision {
    Decision::Ineffective {
        reason: Ineffective::PositionChanged,
        winner: Some(winner),
    }
}

fn merge(tenant: &mut Tenant, into: CustomerId, member: CustomerId) {
    let data = format!(r#"{{"into":"{into}","members":["{member}"]}}"#);
    tenant.send("customer.merged", "", &data);
}

fn unmerge(tenant: &mut Tenant, from: CustomerId, member: CustomerId) {
    let data = format!(r#"{{"from":"{from}","members":["{member}"]}}"#);
    tenant.send("customer.unmerged", "", &data);
}

#[test]
fn of_two_who_change_the_customer_that_both_have_read_the_first_wins() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"user":"jane"}"#);
    let read_at = tenant.head();
    assert_eq!(tenant.rename(read_at, jane), Decision::Effective);
    let first = tenant.head();
    assert_eq!(tenant.rename(read_at, jane), lost_to(first));
    let lost = tenant.records().last().unwrap();
    assert_eq!(lost.header.customer, Some(jane), "it is a record of hers");
    assert_eq!(
        tenant.rename(first, jane),
        Decision::Effective,
        "what lost changed nothing"
    );
}

/// What a command causes of itself stands before it, or is no change.
#[test]
fn whoever_goes_on_from_the_position_of_a_write_has_missed_nothing() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"user":"jane"}"#);
    tenant.customer(r#"{"email":"other@example.com"}"#);
    let data = r#"{"customer":{"user":"jane","email":"other@example.com","phone":"+27110000001"}}"#;
    let written = tenant
        .send("customer.updated", "", data)
        .position()
        .unwrap();
    assert_eq!(tenant.suggestions().len(), 1);
    assert!(written < tenant.head());
    assert_eq!(tenant.rename(written, jane), Decision::Effective);
}

#[test]
fn what_belongs_to_a_customer_changes_it_and_what_belongs_to_others_does_not() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"user":"jane"}"#);
    let read_at = tenant.head();
    tenant.customer(r#"{"user":"other"}"#);
    assert_eq!(tenant.rename(read_at, jane), Decision::Effective);
    let order = tenant
        .order("order/1", r#"{"user":"jane"}"#, "Complete")
        .position()
        .unwrap();
    assert_eq!(tenant.rename(order - 1, jane), lost_to(order));
}

/// It comes a moment after what somebody wrote, who goes on meanwhile.
#[test]
fn what_our_own_scorer_finds_changes_no_customer() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"user":"jane"}"#);
    let order = tenant.order("order/1", r#"{"user":"jane"}"#, "Complete");
    let written = order.position().unwrap();
    let score = r#"{"score":1}"#;
    tenant.send("sentiment.scored", "order/1", score);
    assert_eq!(tenant.records().last().unwrap().header.customer, Some(jane));
    assert_eq!(tenant.rename(written, jane), Decision::Effective);
    let written = tenant.head();
    let theirs = format!(
        r#"{{"specversion":"1.0","id":"theirs","source":"test","type":"sentiment.scored",
            "subject":"order/1","data":{score}}}"#
    );
    let at = Timestamp::from_micros(1_800_000_000_000_000);
    let producer = Principal::producer();
    let theirs = tenant.driver.send_as(&producer, &theirs, at);
    let theirs = theirs.position().unwrap();
    assert_eq!(tenant.rename(written, jane), lost_to(theirs));
}

#[test]
fn every_change_of_a_customer_may_depend_on_a_position() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"user":"jane"}"#);
    let other = tenant.customer(r#"{"user":"other"}"#);
    merge(&mut tenant, jane, other);
    let merged = tenant.head();
    let subject = format!("customer/{jane}");
    let customer = r#""customer":{"user":"jane","email":"new@example.com"}"#;
    let identifier = r#"{"kind":"user","value":"jane"}"#.to_owned();
    for (event_type, subject, data) in [
        ("customer.updated", "", format!("{{{customer}}}")),
        (
            "customer.status_changed",
            "",
            format!(r#"{{{customer},"status":"vip"}}"#),
        ),
        (
            "customer.consent_changed",
            "",
            format!(r#"{{{customer},"channel":"sms","granted":true}}"#),
        ),
        (
            "customer.opening_balance_imported",
            "",
            format!("{{{customer}}}"),
        ),
        ("identifier.attached", &*subject, identifier.clone()),
        ("identifier.detached", &*subject, identifier),
        (
            "customer.merged",
            "",
            format!(r#"{{"into":"{jane}","members":["{other}"]}}"#),
        ),
        (
            "customer.unmerged",
            "",
            format!(r#"{{"from":"{jane}","members":["{other}"]}}"#),
        ),
    ] {
        let before = tenant.head();
        let decision = tenant.expecting(merged - 1, event_type, subject, &data);
        assert_eq!(decision, lost_to(merged), "{event_type}");
        assert_eq!(
            tenant.head(),
            before + 1,
            "{event_type} causes nothing where it lost"
        );
    }
}

/// A group is one object, whichever of its members is named.
#[test]
fn a_merge_and_an_unmerge_change_everybody_concerned() {
    let mut tenant = Tenant::new();
    let [a, b, c] = ["a", "b", "c"].map(|user| tenant.customer(&format!(r#"{{"user":"{user}"}}"#)));
    merge(&mut tenant, b, c);
    merge(&mut tenant, a, b);
    let merged = tenant.head();
    for member in [a, b, c] {
        assert_eq!(tenant.rename(merged - 1, member), lost_to(merged));
    }
    tenant.sms(r#"{"user":"c"}"#);
    let of_c = tenant.head();
    assert_eq!(
        tenant.rename(merged, a),
        lost_to(of_c),
        "what c did, the group did"
    );
    // Named by one who goes along; a stays behind without them.
    unmerge(&mut tenant, c, b);
    let unmerged = tenant.head();
    for member in [a, b, c] {
        assert_eq!(tenant.rename(unmerged - 1, member), lost_to(unmerged));
    }
    tenant.sms(r#"{"user":"c"}"#);
    let of_c = tenant.head();
    assert_eq!(tenant.rename(unmerged, a), Decision::Effective);
    assert_eq!(tenant.rename(unmerged, b), lost_to(of_c));
}

#[test]
fn a_retraction_changes_whose_records_it_drops_and_nobody_else() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"user":"jane"}"#);
    let of_jane = tenant.head();
    let other = tenant.customer(r#"{"user":"other"}"#);
    let read_at = tenant.head();
    for event_type in ["event.retracted", "event.reinstated"] {
        let positions = format!(r#"{{"positions":[{of_jane}],"customers":["{other}"]}}"#);
        tenant.send(event_type, "", &positions);
        assert_eq!(tenant.last_customers(), [jane], "whatever its sender says");
        let changed = tenant.head();
        assert_eq!(tenant.rename(changed - 1, jane), lost_to(changed));
        tenant.send(event_type, "", &positions);
        assert!(tenant.last_customers().is_empty(), "it lost");
    }
    assert_eq!(tenant.rename(read_at, other), Decision::Effective);
}

/// A call from an unknown number, given to Jane once it names her, is hers to lose.
#[test]
fn an_assignment_changes_both_and_takes_the_records_along() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"user":"jane"}"#);
    let call = tenant
        .send("call.ended", "call/1", "{}")
        .position()
        .unwrap();
    let anonymous = tenant.records()[call as usize - 1].header.customer.unwrap();
    tenant.send("call.started", "call/1", r#"{"customer":{"user":"jane"}}"#);
    let assigned = tenant.head();
    for customer in [jane, anonymous] {
        assert_eq!(tenant.rename(assigned - 1, customer), lost_to(assigned));
    }
    tenant.send(
        "event.retracted",
        "",
        &format!(r#"{{"positions":[{call}]}}"#),
    );
    assert_eq!(tenant.last_customers(), [jane]);
}

/// An order whose sender calls it by a customer's name takes nothing of that customer along.
#[test]
fn an_object_that_is_called_like_a_customer_moves_alone() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"user":"jane"}"#);
    let other = tenant.customer(r#"{"user":"other"}"#);
    let subject = format!("customer/{jane}");
    tenant.order(&subject, r#"{"user":"jane"}"#, "Complete");
    let digest = tenant.driver.key().subject(&subject);
    tenant.send(
        "subject.assigned",
        "",
        &format!(r#"{{"subject":"{digest}","to":"{other}"}}"#),
    );
    let identifiers = tenant.identifiers();
    let of = |customer| identifiers.read(customer, |state, _| state.len());
    assert_eq!((of(jane), of(other)), (Some(1), Some(1)));
}

#[test]
fn somebody_who_is_yet_to_begin_never_changed() {
    let mut tenant = Tenant::new();
    tenant.customer(r#"{"user":"other"}"#);
    let begin = r#"{"customer":{"user":"jane"},"name":"Jane"}"#;
    let effective = tenant.expecting(0, "customer.updated", "", begin);
    assert_eq!(effective, Decision::Effective);
    let begun = tenant.head();
    assert_eq!(
        tenant.expecting(0, "customer.updated", "", begin),
        lost_to(begun)
    );
}

#[test]
fn a_retry_of_what_lost_has_lost_and_of_what_won_has_won() {
    let mut tenant = Tenant::new();
    tenant.customer(r#"{"user":"jane"}"#);
    let read_at = tenant.head();
    let send = |tenant: &mut Tenant, id: &str| {
        let data = format!(r#"{{"customer":{{"user":"jane"}}}},"expectedposition":{read_at}"#);
        tenant.send_as(id, "customer.updated", "", &data)
    };
    let won = send(&mut tenant, "one").position();
    let lost = send(&mut tenant, "two").position();
    assert_eq!(send(&mut tenant, "one").position(), won);
    assert_eq!(send(&mut tenant, "two").position(), lost);
    assert_eq!(tenant.head(), lost.unwrap(), "nothing was added");
}
