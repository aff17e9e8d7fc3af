//! Customers by status.

use super::script::{Script, at, id, order, person};
use crate::{Customers, Page, Status, summary};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::cmp::Reverse;
use touchbook_events::{CustomerId, Policies, Timestamp};
use touchbook_projection::Projection;

fn policies(settings: &[(&str, &str)]) -> Policies {
    let mut policies = Policies::default();
    for (name, value) in settings {
        policies.set(name, value).unwrap();
    }
    policies
}

fn zar(threshold: &str) -> Policies {
    policies(&[
        ("base_currency", "\"ZAR\""),
        ("vip_threshold", &format!("\"{threshold}\"")),
    ])
}

fn listed(
    projection: &Projection<Customers>,
    status: Status,
    (policies, now): (&Policies, Timestamp),
    limit: usize,
) -> Vec<CustomerId> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let Page { rows, next_cursor } =
            projection.index(|index| index.by_status(status, policies, now, cursor, limit));
        assert!(rows.len() <= limit);
        all.extend(rows.iter().map(|row| row.customer));
        cursor = next_cursor;
        if cursor.is_none() {
            return all;
        }
    }
}

fn set(script: &mut Script, time: &str, name: &str, status: Value) {
    let subject = format!("customer/{name}");
    let change = json!({ "customer": { "external_id": name }, "status": status });
    script.send(time, "customer.status_changed", &subject, change);
}

/// S1-018, S1-019, S1-020, S1-021.
#[test]
fn whoever_has_a_status_is_listed_by_when_it_showed_itself_last() {
    let mut script = Script::new();
    for (month, name, total) in [("02", "a", "10"), ("03", "b", "500"), ("11", "c", "20")] {
        let (time, subject) = (format!("{month}-01 00:00:00"), format!("order/{name}:1"));
        script.send(&time, "order.updated", &subject, order("Complete", total));
    }
    let silent = person("Silent", None, &[]);
    script.send("12-01 00:00:00", "customer.created", "customer/d", silent);
    for name in ["e", "f"] {
        let body = json!({ "body": "Hi" });
        script.send("11-02 00:00:00", "sms.sent", &format!("sms/{name}:1"), body);
        set(&mut script, "11-03 00:00:00", name, json!("blocked"));
    }
    set(&mut script, "11-04 00:00:00", "f", Value::Null);
    let projection = script.project::<Customers>();
    let now = at("12-31 00:00:00");
    let plain = Policies::default();
    let list = |status, policies: &Policies| listed(&projection, status, (policies, now), 1);
    assert_eq!(list(Status::Active, &plain), [id("d"), id("f"), id("c")]);
    assert_eq!(list(Status::Inactive, &plain), [id("b"), id("a")]);
    assert_eq!(list(Status::Blocked, &plain), [id("e")]);
    assert_eq!(list(Status::Vip, &plain), []);
    assert_eq!(list(Status::Vip, &zar("20")), [id("c"), id("b")]);
    assert_eq!(list(Status::Active, &zar("20")), [id("d"), id("f")]);
    assert_eq!(list(Status::Vip, &zar("501")), [], "under another policy");
    assert_eq!(list(Status::Active, &plain), [id("d"), id("f"), id("c")]);
    let weeks = policies(&[("inactive_after_days", "31")]);
    assert_eq!(list(Status::Active, &weeks), [id("d")]);
}

/// The last instant of the window is within it.
#[test]
fn a_customer_becomes_inactive_after_the_last_day() {
    let mut script = Script::new();
    let body = json!({ "body": "Hi" });
    script.send("01-01 00:00:00", "sms.sent", "sms/a:1", body);
    let projection = script.project::<Customers>();
    let days = policies(&[("inactive_after_days", "10")]);
    for (now, status) in [
        ("01-11 00:00:00", Status::Active),
        ("01-11 00:00:01", Status::Inactive),
    ] {
        for listed_as in [Status::Active, Status::Inactive] {
            let wanted = if listed_as == status { 1 } else { 0 };
            let found = listed(&projection, listed_as, (&days, at(now)), 5);
            assert_eq!(found.len(), wanted, "{now} {listed_as:?}");
        }
    }
}

type Sent = (u8, u8, u8, &'static str);

fn play(events: &[Sent]) -> Script {
    let mut script = Script::new();
    for (ordinal, (name, month, amount, what)) in events.iter().enumerate() {
        let time = format!("{month:02}-10 10:00:{:02}", ordinal % 60);
        let name = format!("p{name}");
        match *what {
            "order" => {
                let total = order("Complete", &amount.to_string());
                let subject = format!("order/{name}:{ordinal}");
                script.send(&time, "order.updated", &subject, total);
            }
            "auto" => set(&mut script, &time, &name, Value::Null),
            "created" => {
                let created = person("Anna", None, &[]);
                let subject = format!("customer/{name}");
                script.send(&time, "customer.created", &subject, created);
            }
            status => set(&mut script, &time, &name, json!(status)),
        }
    }
    script
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// S2-090: the pages of each status are whoever has it, once, in order; under every policy, in
    /// whatever order they are asked.
    #[test]
    fn pages_of_a_status_are_whoever_has_it(
        events in prop::collection::vec(
            (
                0_u8..6,
                1_u8..13,
                0_u8..60,
                select(vec!["order", "order", "created", "auto", "vip", "blocked", "inactive"]),
            ),
            1..30,
        ),
        limit in 1_usize..4,
        thresholds in prop::collection::vec(prop::option::of(0_u8..80), 1..4),
        month in 1_u8..13,
    ) {
        let projection = play(&events).project::<Customers>();
        let now = at(&format!("{month:02}-28 00:00:00"));
        let everybody = projection.index(|index| index.recent(None, 500)).rows;
        for threshold in thresholds {
            let policies = threshold.map_or_else(Policies::default, |at| zar(&at.to_string()));
            for status in Status::ALL {
                let has = |customer: CustomerId| projection.read(customer, |state, _| {
                    let shown = summary(customer, state, &policies, now);
                    (shown.status == *status).then(|| (Reverse(state.seen_at()), customer))
                });
                let mut wanted: Vec<_> = everybody
                    .iter()
                    .filter_map(|row| has(row.customer).flatten())
                    .collect();
                wanted.sort_unstable();
                let wanted: Vec<_> = wanted.into_iter().map(|(_, customer)| customer).collect();
                prop_assert_eq!(listed(&projection, *status, (&policies, now), limit), wanted);
            }
        }
    }
}
