//! The policies decider behind the in-memory driver.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::sync::Arc;
use touchbook_events::record::Ineffective;
use touchbook_events::{Decision, Moment, Policies, Timestamp};
use touchbook_policies::{InForce, PoliciesDecider};
use touchbook_projection::driver::Outcome;
use touchbook_projection::{Decider, Driver};

fn at(text: &str) -> Timestamp {
    Moment::parse(text).unwrap().at()
}

fn now() -> Timestamp {
    at("2024-06-01T12:00:00Z")
}

fn driver() -> Driver {
    Driver::new(vec![Box::new(PoliciesDecider::new())])
}

/// Sends `policy.defined` with its name in the subject.
fn define(driver: &mut Driver, name: &str, value: &str) -> Outcome {
    let id = driver.head();
    let event = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"test","type":"policy.defined",
            "subject":"policy/{name}","data":{{"value":{value}}}}}"#
    );
    driver.send(&event, now())
}

fn call_at(driver: &mut Driver, time: &str) -> Outcome {
    let id = driver.head();
    let event = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"test","type":"call.ended","time":"{time}",
            "data":{{"call_id":"1","ended_at":"{time}"}}}}"#
    );
    driver.send(&event, now())
}

fn decider(driver: &Driver) -> &dyn Decider {
    driver.deciders().iter().next().unwrap()
}

fn policies(decider: &dyn Decider) -> Arc<Policies> {
    Arc::clone(in_force(decider).policies())
}

fn in_force(decider: &dyn Decider) -> Arc<InForce> {
    decider.published().unwrap().downcast().unwrap()
}

fn published(driver: &Driver) -> Arc<Policies> {
    policies(decider(driver))
}

#[track_caller]
fn problem(outcome: Outcome) -> touchbook_events::Problem {
    match outcome {
        Outcome::Refused(problem) => problem,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_policy_holds_from_the_next_event_on() {
    let mut driver = driver();
    call_at(&mut driver, "2024-05-01 10:00:00");
    define(&mut driver, "zone", r#""Africa/Johannesburg""#);
    call_at(&mut driver, "2024-05-01 10:00:00");
    let times: Vec<Timestamp> = driver
        .records()
        .iter()
        .map(|record| record.header.time)
        .collect();
    assert_eq!(times[0], at("2024-05-01T10:00:00Z"));
    assert_eq!(times[2], at("2024-05-01T08:00:00Z"));
    assert_eq!(published(&driver).zone, chrono_tz::Africa::Johannesburg);
}

#[test]
fn zone_less_times_in_the_payload_are_read_too() {
    let mut driver = driver();
    define(&mut driver, "zone", r#""Africa/Johannesburg""#);
    call_at(&mut driver, "2024-05-01 10:00:00");
    let touchbook_events::Data::CallEnded(ended) = &driver.records()[1].data else {
        panic!("not a call");
    };
    assert_eq!(
        ended.facts.ended_at.map(Moment::at),
        Some(at("2024-05-01T08:00:00Z"))
    );
}

#[test]
fn a_time_too_far_ahead_or_before_1900_is_refused() {
    let mut driver = driver();
    assert!(matches!(
        call_at(&mut driver, "2024-06-02T12:00:00Z"),
        Outcome::Appended { .. }
    ));
    assert_eq!(
        problem(call_at(&mut driver, "2024-06-02T12:00:01Z")).pointer,
        "/time"
    );
    assert_eq!(
        problem(call_at(&mut driver, "1899-12-31T23:59:59Z")).pointer,
        "/time"
    );
}

fn send(driver: &mut Driver, event_type: &str, data: &str) -> Outcome {
    let id = driver.head();
    let event = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"test","type":"{event_type}","data":{data}}}"#
    );
    driver.send(&event, now())
}

#[test]
fn times_that_place_and_date_an_object_are_held_to_the_same_bounds() {
    let balance = "customer.opening_balance_imported";
    for (event_type, data, pointer) in [
        ("order.updated", r#"{"ordered_at":AT}"#, "/data/ordered_at"),
        ("order.updated", r#"{"updated_at":AT}"#, "/data/updated_at"),
        ("quote.updated", r#"{"created_at":AT}"#, "/data/created_at"),
        (
            balance,
            r#"{"customer":{"user":"u"},"last_agent_call_at":AT}"#,
            "/data/last_agent_call_at",
        ),
        (
            balance,
            r#"{"customer":{"user":"u"},"last_agent_interaction":{"type":"call","at":AT}}"#,
            "/data/last_agent_interaction/at",
        ),
    ] {
        let mut driver = driver();
        define(&mut driver, "zone", r#""Africa/Johannesburg""#);
        let mut at = |time: &str| send(&mut driver, event_type, &data.replace("AT", time));
        for time in [r#""2024-06-02 14:00:01""#, r#""1899-12-31T21:00:00Z""#] {
            assert_eq!(problem(at(time)).pointer, pointer, "{time}");
        }
        let outcome = at(r#""2024-06-02 14:00:00""#);
        assert!(matches!(outcome, Outcome::Appended { .. }), "{outcome:?}");
    }
}

/// C2, C4: what is allowed is listed, and a policy adds to it.
#[test]
fn an_outcome_or_type_that_nobody_registered_is_refused_with_those_that_are() {
    let step = r#"{"customer":{"user":"u"},"title":"Visit","type":"site_visit"}"#;
    for (event_type, data, pointer, known) in [
        (
            "call.outcome_recorded",
            r#"{"outcome":"sold"}"#,
            "/data/outcome",
            "busy",
        ),
        (
            "interaction.completed",
            r#"{"outcome":"sold"}"#,
            "/data/outcome",
            "busy",
        ),
        (
            "interaction.logged",
            r#"{"type":"call","outcome":"sold"}"#,
            "/data/outcome",
            "busy",
        ),
        (
            "interaction.logged",
            r#"{"type":"site_visit"}"#,
            "/data/type",
            "phone_call",
        ),
        ("interaction.created", step, "/data/type", "demo"),
        (
            "interaction.updated",
            r#"{"type":"site_visit"}"#,
            "/data/type",
            "demo",
        ),
    ] {
        let mut driver = driver();
        define(&mut driver, "outcomes", r#"["bought"]"#);
        define(&mut driver, "interaction_types", r#"["audit"]"#);
        let refused = problem(send(&mut driver, event_type, data));
        assert_eq!(refused.pointer, pointer, "{event_type}: {refused}");
        let registered = match pointer {
            "/data/outcome" => "bought",
            _ => "audit",
        };
        for word in [known, registered] {
            assert!(
                refused.allowed.iter().any(|allowed| allowed == word),
                "{refused}"
            );
        }
        define(&mut driver, "outcomes", r#"["sold"]"#);
        define(&mut driver, "interaction_types", r#"["site_visit"]"#);
        let outcome = send(&mut driver, event_type, data);
        assert!(matches!(outcome, Outcome::Appended { .. }), "{outcome:?}");
    }
    let alias = send(
        &mut driver(),
        "interaction.logged",
        r#"{"type":"phone_call"}"#,
    );
    assert!(matches!(alias, Outcome::Appended { .. }), "{alias:?}");
}

#[test]
fn planned_times_lie_as_far_ahead_as_anybody_likes() {
    let data = r#"{"customer":{"user":"u"},"type":"call","title":"Call",
        "scheduled_at":"2031-01-01T00:00:00Z","due_at":"2031-02-01T00:00:00Z"}"#;
    let outcome = send(&mut driver(), "interaction.created", data);
    assert!(matches!(outcome, Outcome::Appended { .. }), "{outcome:?}");
}

#[test]
fn an_event_without_a_time_happens_when_it_is_recorded() {
    let mut driver = driver();
    define(&mut driver, "zone", r#""Africa/Johannesburg""#);
    assert_eq!(driver.records()[0].header.time, now());
}

#[test]
fn a_value_that_can_not_be_used_is_refused_with_its_place() {
    let mut driver = driver();
    let refused = problem(define(
        &mut driver,
        "trend",
        r#"{"scores":0,"difference":1}"#,
    ));
    assert_eq!(refused.pointer, "/data/value/scores");
    let refused = problem(define(&mut driver, "zone", r#""Mars/Olympus""#));
    assert_eq!(refused.pointer, "/data/value");
    assert_eq!(driver.head(), 0);
}

#[test]
fn an_unknown_policy_is_refused_with_the_known_ones() {
    let mut driver = driver();
    let refused = problem(define(&mut driver, "vip", "1"));
    assert_eq!(
        (refused.code, &*refused.pointer),
        ("unknown_policy", "/subject")
    );
    assert!(refused.allowed.contains(&"vip_threshold".to_owned()));
    let named = r#"{"specversion":"1.0","id":"x","source":"test","type":"policy.defined",
        "data":{"name":"vip","value":1}}"#;
    assert_eq!(problem(driver.send(named, now())).pointer, "/data/name");
    let nameless = r#"{"specversion":"1.0","id":"x","source":"test","type":"policy.defined",
        "subject":"elsewhere","data":{"value":1}}"#;
    assert_eq!(problem(driver.send(nameless, now())).pointer, "/subject");
}

#[test]
fn a_policy_is_named_by_its_payload_too() {
    let mut driver = driver();
    let event = r#"{"specversion":"1.0","id":"x","source":"test","type":"policy.defined",
        "data":{"name":"inactive_after_days","value":30}}"#;
    driver.send(event, now());
    assert_eq!(published(&driver).inactive_after_days, 30);
}

#[test]
fn null_returns_a_policy_to_its_default() {
    let mut driver = driver();
    define(&mut driver, "inactive_after_days", "30");
    define(&mut driver, "inactive_after_days", "null");
    assert_eq!(*published(&driver), Policies::default());
}

/// A number was normalised with the region of its time; a snapshot does not do that again.
#[test]
fn a_snapshot_holds_the_policies_as_they_were_made() {
    let mut driver = driver();
    define(&mut driver, "default_region", r#""ZA""#);
    define(&mut driver, "own_addresses", r#"["012 345 6789"]"#);
    define(&mut driver, "default_region", "null");
    define(
        &mut driver,
        "blocked_identifiers",
        r#"[{"kind":"phone","value":"012 345 6789"}]"#,
    );
    define(&mut driver, "default_region", r#""US""#);
    let mut restored = PoliciesDecider::new();
    restored.restore(&decider(&driver).encode()).unwrap();
    assert_eq!(restored.encode(), decider(&driver).encode());
    let policies = policies(&restored);
    assert_eq!(policies, published(&driver));
    assert_eq!(
        policies.own_addresses.first().unwrap().as_str(),
        "+27123456789"
    );
    assert_eq!(
        policies.blocked_identifiers.first().unwrap().value.as_str(),
        "0123456789"
    );
}

#[test]
fn a_torn_batch_leaves_the_policies_as_they_were() {
    let mut driver = driver();
    define(&mut driver, "inactive_after_days", "30");
    let first = driver.records()[0].clone();
    define(&mut driver, "inactive_after_days", "60");
    let second = driver.records()[1].clone();
    let mut decider = PoliciesDecider::new();
    decider.apply(&first);
    let before = decider.encode();
    decider.begin();
    decider.apply(&second);
    decider.rollback();
    assert_eq!(decider.encode(), before);
    decider.begin();
    decider.apply(&second);
    decider.keep();
    decider.rollback();
    let policies = policies(&decider);
    assert_eq!(policies.inactive_after_days, 60);
}

/// Sends a definition that counts only if the policy did not change after `expected`.
fn define_at(driver: &mut Driver, name: &str, value: &str, expected: u64) -> Decision {
    let id = driver.head();
    let event = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"test","type":"policy.defined",
            "expectedposition":"{expected}","data":{{"name":"{name}","value":{value}}}}}"#
    );
    match driver.send(&event, now()) {
        Outcome::Appended { decision, .. } => decision,
        other => panic!("not appended: {other:?}"),
    }
}

fn lost_to(winner: Option<u64>) -> Decision {
    Decision::Ineffective {
        reason: Ineffective::PositionChanged,
        winner,
    }
}

#[test]
fn of_two_who_change_what_both_have_read_the_first_wins() {
    let mut driver = driver();
    let days = "inactive_after_days";
    assert_eq!(define_at(&mut driver, days, "30", 0), Decision::Effective);
    assert_eq!(define_at(&mut driver, days, "40", 0), lost_to(Some(1)));
    define(&mut driver, "zone", r#""UTC""#);
    assert_eq!(
        define_at(&mut driver, days, "50", 1),
        Decision::Effective,
        "others changed"
    );
    assert_eq!(define_at(&mut driver, days, "null", 3), lost_to(Some(4)));
    assert_eq!(published(&driver).inactive_after_days, 50);
    assert_eq!(in_force(decider(&driver)).changed_at(days), 4);
    let mut restored = PoliciesDecider::new();
    restored.restore(&decider(&driver).encode()).unwrap();
    assert_eq!(in_force(&restored), in_force(decider(&driver)));
}

/// What was restored from an older backup goes on at positions that its readers have seen already.
#[test]
fn whoever_expects_a_position_that_is_yet_to_come_has_lost() {
    let mut driver = driver();
    assert_eq!(define_at(&mut driver, "zone", r#""UTC""#, 1), lost_to(None));
    define(&mut driver, "zone", r#""UTC""#);
    assert_eq!(define_at(&mut driver, "zone", r#""UTC""#, 9), lost_to(None));
}

#[test]
fn what_is_no_policy_is_refused_before_it_could_lose() {
    let mut driver = driver();
    define(&mut driver, "zone", r#""UTC""#);
    let event = r#"{"specversion":"1.0","id":"x","source":"test","type":"policy.defined",
        "expectedposition":"0","data":{"name":"zone","value":"Mars"}}"#;
    let refused = problem(driver.send(event, now()));
    assert_eq!(refused.pointer, "/data/value");
}
