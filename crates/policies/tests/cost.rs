//! What events of registered types cost the writer, and what is found of them before.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use touchbook_events::incoming::Entrance;
use touchbook_events::limits::{BATCH_CHECK_STEPS_MAX, BATCH_EVENTS_MAX};
use touchbook_events::{Held, Incoming, Moment, Principal, Problem, Timestamp};
use touchbook_policies::{Ahead, InForce, PoliciesDecider};
use touchbook_projection::{Context, Decided, Decider, Deciders, Driver, SchemaBytes};

fn at(text: &str) -> Timestamp {
    Moment::parse(text).unwrap().at()
}

fn driver() -> Driver {
    Driver::new(vec![Box::new(PoliciesDecider::new())])
}

fn in_force(decider: &dyn Decider) -> Arc<InForce> {
    decider.published().unwrap().downcast().unwrap()
}

/// Answers what becomes of events that come in one message.
fn message(driver: &Driver, deciders: &mut Deciders, events: &[Value]) -> Vec<Option<Problem>> {
    let mut counted = SchemaBytes::default();
    let decide = |(index, event): (usize, &Value)| {
        let mut event = event.clone();
        event["specversion"] = json!("1.0");
        event["source"] = json!("test");
        event["id"] = json!(index.to_string());
        let (text, touchbook) = (event.to_string(), Principal::touchbook());
        let incoming = Incoming::read(&text, Entrance::Service, &touchbook, driver.key()).unwrap();
        let context = Context {
            key: driver.key(),
            recorded_at: at("2024-06-01T12:00:00Z"),
            stream_sequence: 1,
            next_position: index as u64 + 1,
            earlier: &[],
            schema_bytes: counted.with(&incoming.data),
        };
        match deciders.decide(context, incoming) {
            Decided::Refuse(problem) => Some(problem),
            Decided::Append { .. } | Decided::Duplicate { .. } => None,
        }
    };
    events.iter().enumerate().map(decide).collect()
}

/// What one message may cost the writer has a most, whatever its events are: the rest of it says
/// so, and goes through in smaller parts.
#[test]
fn a_message_that_would_hold_up_the_writer_is_decided_as_far_as_it_goes() {
    let driver = driver();
    let mut deciders = Deciders::new(vec![Box::new(PoliciesDecider::new())]);
    let values = 3_000_u64;
    let schema =
        json!({ "properties": { "x": { "items": { "enum": (0..values).collect::<Vec<_>>() } } } });
    let registration = json!({ "type": "event_type.registered", "data": {
        "name": "shop.visit", "version": 1, "schema": schema,
    } });
    assert_eq!(message(&driver, &mut deciders, &[registration]), [None]);
    let event = json!({ "type": "shop.visit", "data": { "x": vec![values - 1; 1_000] } });
    let bytes = event["data"].to_string().len() as u64;
    let events = vec![event; BATCH_EVENTS_MAX];
    let became = message(&driver, &mut deciders, &events);
    let taken = became
        .iter()
        .take_while(|problem| problem.is_none())
        .count();
    let steps = taken as u64 * bytes * values;
    assert!(taken > 1 && steps <= BATCH_CHECK_STEPS_MAX, "{taken}");
    assert!(steps > BATCH_CHECK_STEPS_MAX / 2, "{taken}");
    let refused = |problem: &Option<Problem>| {
        problem
            .as_ref()
            .is_some_and(|problem| problem.code == "batch_too_costly")
    };
    assert!(became[taken..].iter().all(refused));
    let parts = message(&driver, &mut deciders, &events[..taken]);
    assert!(parts.iter().all(Option::is_none));
}

/// The same of registrations, whose schemas are compiled.
#[test]
fn registrations_in_one_message_have_a_most() {
    let driver = driver();
    let mut deciders = Deciders::new(vec![Box::new(PoliciesDecider::new())]);
    let heavy = |number: usize| {
        let schema = json!({ "enum": (number..9_000).collect::<Vec<_>>() });
        let name = format!("shop.t{number}");
        let data = json!({ "name": name, "version": 1, "schema": schema });
        json!({ "type": "event_type.registered", "data": data })
    };
    let light = |number: usize| {
        let data = json!({ "name": format!("shop.t{number}"), "version": 1, "schema": {} });
        json!({ "type": "event_type.registered", "data": data })
    };
    let became = message(
        &driver,
        &mut deciders,
        &(0..5).map(heavy).collect::<Vec<_>>(),
    );
    let code = |problem: &Option<Problem>| problem.as_ref().map(|problem| problem.code);
    let codes: Vec<_> = became.iter().map(code).collect();
    let costly = Some("batch_too_costly");
    assert_eq!(codes, [None, None, None, costly, costly], "{became:?}");
    let became = message(
        &driver,
        &mut deciders,
        &(10..90).map(light).collect::<Vec<_>>(),
    );
    assert!(became.iter().all(Option::is_none), "{became:?}");
}

/// Looks ahead at events as who takes a request does, with the types that `deciders` know.
fn looked_at(deciders: &Deciders, mut incoming: Incoming) -> (Incoming, Result<(), Problem>) {
    let known = in_force(deciders.iter().next().unwrap());
    let looked = Ahead::new(Arc::clone(known.types())).look_at(&mut incoming);
    (incoming, looked)
}

fn decided(
    driver: &Driver,
    deciders: &mut Deciders,
    position: u64,
    incoming: Incoming,
) -> Option<Problem> {
    let context = Context {
        key: driver.key(),
        recorded_at: at("2024-06-01T12:00:00Z"),
        stream_sequence: 1,
        next_position: position,
        earlier: &[],
        schema_bytes: SchemaBytes::default().with(&incoming.data),
    };
    match deciders.decide(context, incoming) {
        Decided::Refuse(problem) => Some(problem),
        Decided::Append { .. } | Decided::Duplicate { .. } => None,
    }
}

fn incoming(driver: &Driver, kind: &str, data: &Value) -> Incoming {
    let event = json!({
        "specversion": "1.0", "id": "1", "source": "test", "type": kind, "data": data,
    });
    let (text, touchbook) = (event.to_string(), Principal::touchbook());
    Incoming::read(&text, Entrance::Service, &touchbook, driver.key()).unwrap()
}

proptest! {
    /// What is found ahead changes no decision, whichever version holds by the time of it.
    #[test]
    fn an_event_is_decided_alike_whether_it_was_looked_at_or_not(
        sizes in vec(0_usize..4, 1..6),
        is_registered_between in any::<bool>(),
    ) {
        let driver = driver();
        let with_types = || {
            let mut deciders = Deciders::new(vec![Box::new(PoliciesDecider::new())]);
            let first = json!({
                "name": "shop.visit", "version": 1, "schema": { "maxProperties": 1 },
            });
            let first = incoming(&driver, "event_type.registered", &first);
            assert_eq!(decided(&driver, &mut deciders, 1, first), None);
            deciders
        };
        let second = json!({
            "name": "shop.visit", "version": 2, "schema": { "minProperties": 2 },
        });
        let (mut plain, mut ahead) = (with_types(), with_types());
        for size in sizes {
            let data: serde_json::Map<_, _> =
                (0..size).map(|member| (member.to_string(), json!(1))).collect();
            let event = incoming(&driver, "shop.visit", &data.into());
            let (looked, result) = looked_at(&ahead, event.clone());
            prop_assert_eq!(result, Ok(()));
            prop_assert!(looked.held.is_some());
            if is_registered_between {
                for deciders in [&mut plain, &mut ahead] {
                    let second = incoming(&driver, "event_type.registered", &second);
                    decided(&driver, deciders, 2, second);
                }
            }
            let of_plain = decided(&driver, &mut plain, 3, event);
            prop_assert_eq!(of_plain, decided(&driver, &mut ahead, 3, looked));
        }
    }
}

/// Design law 8: what one request takes before it is decided has a most, too.
#[test]
fn a_request_is_looked_at_as_far_as_it_goes() {
    let driver = driver();
    let heavy = |number: usize| {
        let schema = json!({ "enum": (number..9_000).collect::<Vec<_>>() });
        let data = json!({ "name": format!("shop.t{number}"), "version": 1, "schema": schema });
        incoming(&driver, "event_type.registered", &data)
    };
    let mut ahead = Ahead::new(Arc::default());
    let mut looked = (0..40).map(|number| ahead.look_at(&mut heavy(number)));
    let taken = looked.by_ref().take_while(Result::is_ok).count();
    assert!((10..35).contains(&taken), "{taken}");
    assert!(looked.all(|looked| looked.is_err_and(|problem| problem.code == "batch_too_costly")));
}

/// Whoever sends what can't be used waits for it alone: the writer only reads what was found.
#[test]
fn what_was_held_against_its_schema_takes_nothing_of_its_batch() {
    let mut driver = driver();
    let visit = json!({ "name": "shop.visit", "version": 1, "schema": { "required": ["who"] } });
    let visit = incoming(&driver, "event_type.registered", &visit);
    let now = at("2024-06-01T12:00:00Z");
    assert_eq!(driver.send_incoming(visit, now).position(), Some(1));
    let refused = incoming(
        &driver,
        "event_type.registered",
        &json!({
            "name": "shop.sale", "version": 1, "schema": { "type": "text" },
        }),
    );
    let deciders = driver.deciders();
    let (_, result) = looked_at(deciders, refused);
    assert_eq!(result.unwrap_err().pointer, "/data/schema/type");
    let (mut looked, result) = looked_at(deciders, incoming(&driver, "shop.visit", &json!({})));
    assert_eq!(result, Ok(()));
    let held = looked.held.as_ref().unwrap();
    assert_eq!(
        (held.position, held.result().unwrap_err().code),
        (1, "schema_broken")
    );
    // It is believed, so that nothing is held against anything again.
    looked.held = Some(Box::new(Held::new(1, Ok(())).unwrap()));
    looked.event_key = driver.key().event_key("test", "2");
    let outcome = driver.send_incoming(looked, now);
    assert_eq!(outcome.position(), Some(2), "{outcome:?}");
}
