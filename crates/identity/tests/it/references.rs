//! A reference names a customer (C1).

use crate::script::{Tenant, problem};
use touchbook_events::{Data, IdentifierKind};

#[test]
fn an_unknown_reference_creates_its_customer_before_the_event() {
    let mut tenant = Tenant::new();
    let reference = r#"{"external_id":"shop:1","email":" Jane@Example.com","phone":"+27 12 345 6789",
        "name":"Jane","company":"Acme"}"#;
    let jane = tenant.customer(reference);
    assert_eq!(tenant.types(0), ["customer.created", "sms.received"]);
    assert_eq!(tenant.customers(0), [jane, jane]);
    let Data::CustomerCreated(created) = &tenant.records()[0].data else {
        panic!()
    };
    assert!(!created.facts.anonymous);
    let personal = created.personal.as_ref().unwrap();
    let kept: Vec<(IdentifierKind, &str, &str)> = personal
        .identifiers
        .iter()
        .map(|identifier| (identifier.kind, &*identifier.value, &*identifier.as_sent))
        .collect();
    assert_eq!(
        kept,
        [
            (IdentifierKind::ExternalId, "shop:1", "shop:1"),
            (
                IdentifierKind::Email,
                "jane@example.com",
                " Jane@Example.com"
            ),
            (IdentifierKind::Phone, "+27123456789", "+27 12 345 6789"),
        ]
    );
    assert_eq!(personal.name.as_deref(), Some("Jane"));
    assert_eq!(personal.company.as_deref(), Some("Acme"));
    assert_eq!(tenant.records()[0].header.cause, Some(2));
}

#[test]
fn every_spelling_of_a_known_identifier_names_its_customer() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(
        r#"{"external_id":"shop:1","user":"u1","email":"jane@example.com","phone":"+27123456789",
        "handle":"instagram:jane"}"#,
    );
    for reference in [
        r#"{"external_id":" shop:1"}"#,
        r#"{"user":"u1"}"#,
        r#"{"email":"JANE@example.com"}"#,
        r#"{"phone":"0027 12 345 6789"}"#,
        r#"{"handle":"Instagram:@Jane"}"#,
    ] {
        assert_eq!(tenant.customer(reference), jane, "{reference}");
    }
    assert_eq!(tenant.customer(&format!(r#"{{"id":"{jane}"}}"#)), jane);
    assert_eq!(tenant.records().len(), 8);
}

#[test]
fn a_local_number_is_one_customer_in_all_its_spellings() {
    let mut tenant = Tenant::new();
    let one = tenant.customer(r#"{"phone":"012 345 6789"}"#);
    assert_eq!(tenant.customer(r#"{"phone":"(012) 345-6789"}"#), one);
    assert_ne!(tenant.customer(r#"{"phone":"+123456789"}"#), one);
}

#[test]
fn unknown_identifiers_are_attached_to_the_first_known_before_the_event() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"email":"jane@example.com"}"#);
    let outcome = tenant
        .sms(r#"{"external_id":"shop:1","email":"jane@example.com","phone":"+27 123456789"}"#);
    assert_eq!(outcome.customer(), Some(jane));
    assert_eq!(
        tenant.types(2),
        ["identifier.attached", "identifier.attached", "sms.received"]
    );
    let Data::IdentifierAttached(attached) = &tenant.records()[3].data else {
        panic!()
    };
    let personal = attached.personal.as_ref().unwrap();
    assert_eq!(
        (attached.facts.kind, &*personal.value),
        (IdentifierKind::Phone, "+27123456789")
    );
    assert_eq!(personal.as_sent.as_deref(), Some("+27 123456789"));
    assert_eq!(tenant.customer(r#"{"external_id":"shop:1"}"#), jane);
}

#[test]
fn one_that_is_known_to_another_is_left_there_and_suggests_a_merge() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"email":"jane@example.com"}"#);
    let shop = tenant.customer(r#"{"external_id":"shop:1"}"#);
    let outcome = tenant.sms(r#"{"external_id":"shop:1","email":"jane@example.com"}"#);
    assert_eq!(outcome.customer(), Some(shop));
    assert_eq!(tenant.types(4), ["sms.received", "merge.suggested"]);
    // The older of the two stands first, and the event is the reason.
    assert_eq!(tenant.suggestions(), [(jane, shop, 5)]);
    let Data::MergeSuggested(suggested) = &tenant.records()[5].data else {
        panic!()
    };
    assert_eq!(suggested.personal.as_ref().unwrap().identifiers.len(), 2);
    assert_eq!(tenant.customer(r#"{"email":"jane@example.com"}"#), jane);
}

#[test]
fn a_pair_is_suggested_once() {
    let mut tenant = Tenant::new();
    tenant.sms(r#"{"email":"jane@example.com"}"#);
    tenant.sms(r#"{"external_id":"shop:1"}"#);
    for _ in 0..3 {
        tenant.sms(r#"{"external_id":"shop:1","email":"jane@example.com"}"#);
    }
    assert_eq!(tenant.suggestions().len(), 1);
}

/// Dismissed stays dismissed, until something else speaks for it.
#[test]
fn a_dismissed_pair_stays_dismissed_until_there_is_new_evidence() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"email":"jane@example.com","phone":"+27123456789"}"#);
    let shop = tenant.customer(r#"{"external_id":"shop:1"}"#);
    let by_email = r#"{"external_id":"shop:1","email":"jane@example.com"}"#;
    tenant.sms(by_email);
    assert_eq!(tenant.suggestions().len(), 1);
    let data = format!(r#"{{"customer":"{shop}","other":"{jane}"}}"#);
    let dismissed = tenant.send("merge.dismissed", "", &data);
    assert_eq!(dismissed.customer(), Some(jane), "the older of the two");
    tenant.sms(by_email);
    assert_eq!(tenant.suggestions().len(), 1, "nothing new");
    let by_phone = r#"{"external_id":"shop:1","phone":"+27 12 345 6789"}"#;
    tenant.sms(by_phone);
    assert_eq!(tenant.suggestions().len(), 2);
    tenant.sms(by_phone);
    assert_eq!(tenant.suggestions().len(), 2, "once");
}

/// A value that five customers share blocks itself: it says nothing about who somebody is.
#[test]
fn what_five_customers_share_is_nobodys_any_more() {
    let mut tenant = Tenant::new();
    let switchboard = r#""phone":"+27110000000""#;
    let first = tenant.customer(&format!(r#"{{"external_id":"shop:1",{switchboard}}}"#));
    for number in 2..=4 {
        tenant.customer(&format!(r#"{{"external_id":"shop:{number}"}}"#));
        tenant.sms(&format!(
            r#"{{"external_id":"shop:{number}",{switchboard}}}"#
        ));
    }
    let blocked = |tenant: &Tenant| {
        let records = tenant.records().iter();
        records
            .filter(|record| matches!(record.data, Data::PolicyDefined(_)))
            .count()
    };
    assert_eq!((tenant.suggestions().len(), blocked(&tenant)), (3, 0));
    assert_eq!(tenant.customer(&format!("{{{switchboard}}}")), first);
    tenant.customer(r#"{"external_id":"shop:5"}"#);
    tenant.sms(&format!(r#"{{"external_id":"shop:5",{switchboard}}}"#));
    assert_eq!(blocked(&tenant), 1);
    let sixth = tenant.customer(&format!(r#"{{"external_id":"shop:6",{switchboard}}}"#));
    assert_ne!(sixth, first);
    assert_eq!(tenant.suggestions().len(), 4, "it suggests nobody any more");
    let nobody = tenant.sms(&format!("{{{switchboard}}}")).customer();
    assert!(
        nobody != Some(first) && nobody != Some(sixth),
        "it resolves to nobody"
    );
}

#[test]
fn an_unknown_id_is_refused() {
    let mut tenant = Tenant::new();
    let nobody = r#"{"id":"0190f3a0-0000-7000-8000-000000000001","email":"jane@example.com"}"#;
    let refused = problem(tenant.sms(nobody));
    assert_eq!(
        (refused.code, &*refused.pointer),
        ("unknown_customer", "/data/customer/id")
    );
    assert_eq!(tenant.records().len(), 0);
}

#[test]
fn what_is_no_identifier_is_refused_with_its_place() {
    let mut tenant = Tenant::new();
    for (reference, pointer) in [
        (r#"{"email":"jane"}"#, "/data/customer/email"),
        (
            r#"{"external_id":"shop:1","phone":"n/a"}"#,
            "/data/customer/phone",
        ),
        (r#"{"handle":"jane"}"#, "/data/customer/handle"),
    ] {
        assert_eq!(problem(tenant.sms(reference)).pointer, pointer);
    }
}

#[test]
fn blank_identifiers_count_as_absent() {
    let mut tenant = Tenant::new();
    let outcome = tenant.sms(r#"{"email":" ","phone":"","external_id":"shop:1"}"#);
    assert_eq!(
        tenant.customer(r#"{"external_id":"shop:1"}"#),
        outcome.customer().unwrap()
    );
}

#[test]
fn blocked_identifiers_and_own_addresses_never_resolve() {
    let mut tenant = Tenant::new();
    let before = tenant.customer(r#"{"email":"noreply@shop.example"}"#);
    let blocked = r#"{"value":[{"kind":"email","value":"noreply@shop.example"}]}"#;
    tenant.send("policy.defined", "policy/blocked_identifiers", blocked);
    let own = r#"{"value":["+27 11 000 0000"]}"#;
    tenant.send("policy.defined", "policy/own_addresses", own);
    let reference = r#"{"email":"noreply@shop.example","phone":"+27110000000"}"#;
    let [one, other] = [tenant.customer(reference), tenant.customer(reference)];
    assert!(
        one != before && other != before && one != other,
        "each opens an anonymous customer"
    );
    let named = r#"{"email":"NoReply@shop.example","external_id":"shop:1"}"#;
    let from = tenant.records().len();
    tenant.sms(named);
    let Data::CustomerCreated(created) = &tenant.records()[from].data else {
        panic!()
    };
    assert_eq!(created.personal.as_ref().unwrap().identifiers.len(), 1);
}

#[test]
fn at_most_fifty_identifiers_are_attached() {
    let mut tenant = Tenant::new();
    let jane = tenant.customer(r#"{"external_id":"shop:1"}"#);
    for number in 0..60 {
        tenant.sms(&format!(
            r#"{{"external_id":"shop:1","email":"jane{number}@example.com"}}"#
        ));
    }
    let attached = tenant
        .types(0)
        .iter()
        .filter(|name| **name == "identifier.attached")
        .count();
    assert_eq!(attached, 49);
    let fifty_first = r#"{"kind":"user","value":"u1"}"#;
    let refused = problem(tenant.send(
        "identifier.attached",
        &format!("customer/{jane}"),
        fifty_first,
    ));
    assert_eq!(
        (refused.code, &*refused.pointer),
        ("too_many_identifiers", "/data/value")
    );
}

#[test]
fn resolution_never_looks_at_merges() {
    let mut tenant = Tenant::new();
    let one = tenant.customer(r#"{"external_id":"shop:1"}"#);
    let two = tenant.customer(r#"{"external_id":"shop:2"}"#);
    tenant.send(
        "customer.merged",
        "",
        &format!(r#"{{"into":"{one}","members":["{two}"]}}"#),
    );
    assert_eq!(tenant.customer(r#"{"external_id":"shop:2"}"#), two);
}

#[test]
fn customer_updated_creates_an_unknown_customer_whatever_its_subject() {
    let mut tenant = Tenant::new();
    let update = |reference: &str| format!(r#"{{"customer":{reference},"name":"Jane"}}"#);
    let one = tenant.send(
        "customer.updated",
        "x",
        &update(r#"{"external_id":"shop:1"}"#),
    );
    let two = tenant.send(
        "customer.updated",
        "x",
        &update(r#"{"external_id":"shop:2"}"#),
    );
    assert_eq!(
        tenant.types(0),
        ["customer.created", "customer.updated"].repeat(2)
    );
    assert_ne!(one.customer(), two.customer());
    let refused = problem(tenant.send("customer.updated", "x", &update(r#"{"email":" "}"#)));
    assert_eq!(refused.pointer, "/data/customer");
}

#[test]
fn the_tenants_own_affairs_have_no_customer() {
    let mut tenant = Tenant::new();
    tenant.send(
        "policy.defined",
        "policy/inactive_after_days",
        r#"{"value":1}"#,
    );
    tenant.send("campaign.updated", "campaign/1", r#"{"status":"on"}"#);
    assert_eq!(tenant.customers(0), []);
    assert_eq!(tenant.records().len(), 2);
}

#[test]
fn one_campaign_reaches_many_customers() {
    let mut tenant = Tenant::new();
    tenant.send("campaign.updated", "campaign/1", r#"{"status":"on"}"#);
    for number in 0..2 {
        let data = format!(r#"{{"customer":{{"external_id":"shop:{number}"}}}}"#);
        tenant.send("campaign.triggered", "campaign/1", &data);
    }
    let customers = tenant.customers(1);
    assert_ne!(customers[1], customers[3]);
}
