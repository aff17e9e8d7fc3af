//! Registered types behind the in-memory driver.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use serde_json::{Value, json};
use std::sync::Arc;
use touchbook_events::catalogue::account::EventTypeRegistered;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::catalogue::custom::{CountsAs, Custom, TypeName};
use touchbook_events::catalogue::sentiment::SentimentLabel;
use touchbook_events::catalogue::typed::Json;
use touchbook_events::limits::{REGISTERED_TYPES_MAX, VERSIONS_PER_TYPE_MAX};
use touchbook_events::{Data, Moment, Problem, Record, Timestamp};
use touchbook_policies::{InForce, PoliciesDecider};
use touchbook_projection::driver::Outcome;
use touchbook_projection::{Decider, Driver};

fn at(text: &str) -> Timestamp {
    Moment::parse(text).unwrap().at()
}

fn driver() -> Driver {
    Driver::new(vec![Box::new(PoliciesDecider::new())])
}

fn send(driver: &mut Driver, kind: &str, extra: Value, data: &Value) -> Outcome {
    let mut event = json!({
        "specversion": "1.0",
        "id": format!("{}-{kind}", driver.head()),
        "source": "test",
        "type": kind,
        "data": data,
    });
    if let Value::Object(extra) = extra {
        event.as_object_mut().unwrap().extend(extra);
    }
    driver.send(&event.to_string(), at("2024-06-01T12:00:00Z"))
}

fn register(driver: &mut Driver, registration: &Value) -> Outcome {
    send(driver, "event_type.registered", json!({}), registration)
}

fn visit(version: u32) -> Value {
    json!({
        "name": "shop.visit",
        "version": version,
        "schema": { "required": ["who"], "properties": { "mood": { "maximum": 1 } } },
        "mapping": {
            "title": "/headline",
            "title_default": "Visit",
            "preview": "/note",
            "customer": { "email": "/who/mail", "external_id": "/who/id", "name": "/who/name" },
            "sentiment": "/mood",
            "occurred_at": "/at",
            "direction": "inbound",
            "counts_as": "chat",
        },
    })
}

/// With the first version of `shop.visit`.
fn registered() -> Driver {
    let mut driver = driver();
    taken(&register(&mut driver, &visit(1)));
    driver
}

#[track_caller]
fn taken(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Appended { position, .. } => *position,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn problem(outcome: Outcome) -> Problem {
    match outcome {
        Outcome::Refused(problem) => problem,
        other => panic!("{other:?}"),
    }
}

/// What is recorded of a visit, and when it happened.
fn recorded(driver: &mut Driver, extra: Value, data: &Value) -> (Custom, Timestamp) {
    let position = taken(&send(driver, "shop.visit", extra, data));
    let record = &driver.records()[position as usize - 1];
    match &record.data {
        Data::Custom(custom) => ((**custom).clone(), record.header.time),
        other => panic!("{other:?}"),
    }
}

/// S1-135: title, preview, customer, sentiment and what it counts as are those of the mapping.
#[test]
fn an_event_becomes_what_its_registration_makes_of_it() {
    let mut driver = registered();
    let data = json!({
        "who": { "mail": "jane@example.com", "id": 7, "name": "Jane" },
        "headline": " Saw sofas ",
        "note": "Wants a red one.",
        "mood": -0.25,
        "at": "2024-05-30 09:00:00",
        "basket": [{ "price": 1299.990 }],
    });
    let (custom, time) = recorded(&mut driver, json!({}), &data);
    let facts = &custom.facts;
    assert_eq!((&*facts.name, facts.version), ("shop.visit", 1));
    assert_eq!(&*facts.source, "shop");
    assert_eq!(facts.counts_as, Some(CountsAs::Chat));
    assert_eq!(facts.direction, Some(Direction::Inbound));
    assert_eq!(facts.score.unwrap().millionths(), -250_000);
    assert_eq!(facts.label, Some(SentimentLabel::Negative));
    assert_eq!(time, at("2024-05-30T09:00:00Z"));
    assert_eq!(
        serde_json::to_value(Data::Custom(Box::new(custom.clone()))).unwrap(),
        data
    );
    let personal = custom.personal.unwrap();
    assert_eq!(personal.title.as_deref(), Some("Saw sofas"));
    assert_eq!(personal.preview.as_deref(), Some("Wants a red one."));
    let customer = personal.customer.unwrap();
    assert_eq!(customer.email.as_deref(), Some("jane@example.com"));
    assert_eq!(customer.external_id.as_deref(), Some("7"));
    assert_eq!(customer.name.as_deref(), Some("Jane"));
}

#[test]
fn what_is_not_there_is_left_out_and_a_label_stands_for_a_score() {
    let mut driver = registered();
    let time = json!({ "time": "2024-05-01T10:00:00Z" });
    let data = json!({ "who": null, "headline": ["no text"], "mood": "positive" });
    let (custom, happened) = recorded(&mut driver, time, &data);
    assert_eq!(happened, at("2024-05-01T10:00:00Z"));
    assert_eq!(custom.facts.score.unwrap().millionths(), 1_000_000);
    let personal = custom.personal.unwrap();
    assert_eq!(personal.title.as_deref(), Some("Visit"));
    assert_eq!((personal.preview, personal.customer), (None, None));
}

#[test]
fn a_zone_less_time_of_a_payload_is_in_the_tenants_zone() {
    let mut driver = registered();
    let zone = json!({ "name": "zone", "value": "Africa/Johannesburg" });
    taken(&send(&mut driver, "policy.defined", json!({}), &zone));
    let data = json!({ "who": {}, "at": "2024-05-30 09:00:00" });
    let (_, time) = recorded(&mut driver, json!({}), &data);
    assert_eq!(time, at("2024-05-30T07:00:00Z"));
}

#[test]
fn what_breaks_the_schema_or_the_mapping_is_refused_where_it_does() {
    let mut driver = registered();
    for (data, code, pointer) in [
        (json!({}), "schema_broken", "/data"),
        (
            json!({ "who": {}, "mood": 2 }),
            "schema_broken",
            "/data/mood",
        ),
        (
            json!({ "who": {}, "mood": "meh" }),
            "invalid_value",
            "/data/mood",
        ),
        (
            json!({ "who": {}, "mood": -1.5 }),
            "invalid_value",
            "/data/mood",
        ),
        (
            json!({ "who": {}, "at": "noon" }),
            "invalid_value",
            "/data/at",
        ),
        (
            json!({ "who": {}, "at": "2999-01-01" }),
            "invalid_value",
            "/data/at",
        ),
        (
            json!({ "who": { "mail": {} } }),
            "invalid_value",
            "/data/who/mail",
        ),
        (
            json!({ "who": { "mail": "x".repeat(321) } }),
            "invalid_value",
            "/data/who/mail",
        ),
    ] {
        let problem = problem(send(&mut driver, "shop.visit", json!({}), &data));
        assert_eq!(
            (problem.code, &*problem.pointer),
            (code, pointer),
            "{problem}"
        );
    }
    assert_eq!(driver.head(), 1, "nothing is appended");
}

#[test]
fn what_nobody_registered_says_what_to_do() {
    let mut driver = registered();
    let unknown = problem(send(&mut driver, "shop.sale", json!({}), &json!({})));
    assert_eq!(
        (unknown.code, &*unknown.pointer),
        ("unregistered_type", "/type")
    );
    assert!(
        unknown.detail.contains("POST /api/v1/event-types"),
        "{unknown}"
    );
    assert_eq!(unknown.allowed, ["shop.visit"]);
    let second = json!({ "dataschema": "/schemas/events/shop.visit/2" });
    let unknown = problem(send(
        &mut driver,
        "shop.visit",
        second,
        &json!({ "who": 1 }),
    ));
    assert_eq!(
        (unknown.code, &*unknown.pointer),
        ("unregistered_type", "/dataschema")
    );
    assert_eq!(unknown.allowed, ["/schemas/events/shop.visit/1"]);
}

/// S1-135: version 2 beside version 1; an event without `dataschema` is of the newest.
#[test]
fn versions_stand_beside_each_other_and_never_change() {
    let mut driver = registered();
    let mut second = visit(2);
    second["schema"] = json!({ "required": ["visitor"] });
    second["mapping"] = json!({ "customer": "/visitor", "title_default": "Second" });
    second["source"] = json!("chat");
    taken(&register(&mut driver, &second));
    let first = json!({ "dataschema": "/schemas/events/shop.visit/1" });
    let (of_first, _) = recorded(&mut driver, first, &json!({ "who": {} }));
    let visitor = json!({ "visitor": "jane@example.com" });
    let (of_newest, _) = recorded(&mut driver, json!({}), &visitor);
    assert_eq!((of_first.facts.version, of_newest.facts.version), (1, 2));
    assert_eq!(
        (&*of_first.facts.source, &*of_newest.facts.source),
        ("shop", "chat")
    );
    let customer = of_newest.personal.unwrap().customer.unwrap();
    assert_eq!(customer.email.as_deref(), Some("jane@example.com"));

    let head = driver.head();
    let same = register(&mut driver, &visit(1));
    assert_eq!(same.position(), Some(1), "{same:?}");
    assert_eq!(driver.head(), head, "the same again is nothing new");
    let mut changed = visit(1);
    changed["mapping"]["title_default"] = json!("Other");
    let refused = problem(register(&mut driver, &changed));
    assert_eq!(
        (refused.code, &*refused.pointer),
        ("version_registered", "/data/version")
    );
}

#[test]
fn a_registration_that_can_not_be_used_is_refused_where_it_can_not() {
    let mut driver = driver();
    for (change, pointer) in [
        (json!({ "name": "order.visit" }), "/data/name"),
        (json!({ "name": "visit" }), "/data/name"),
        (json!({ "name": "order.updated" }), "/data/name"),
        (json!({ "version": 0 }), "/data/version"),
        (json!({ "source": "My Shop" }), "/data/source"),
        (json!({ "source": "custom" }), "/data/source"),
        (json!({ "source": "import" }), "/data/source"),
        (json!({ "schema": true }), "/data/schema"),
        (json!({ "schema": { "type": "text" } }), "/data/schema/type"),
        (
            json!({ "schema": { "$schema": "x" } }),
            "/data/schema/$schema",
        ),
        (
            json!({ "mapping": { "title": "headline" } }),
            "/data/mapping/title",
        ),
        (
            json!({ "mapping": { "preview": "/a~2" } }),
            "/data/mapping/preview",
        ),
        (
            json!({ "mapping": { "sentiment": "" } }),
            "/data/mapping/sentiment",
        ),
        (
            json!({ "mapping": { "direction": "up" } }),
            "/data/mapping/direction",
        ),
        (
            json!({ "mapping": { "counts_as": "fax" } }),
            "/data/mapping/counts_as",
        ),
        (json!({ "mapping": { "colour": "/red" } }), "/data/mapping"),
        (
            json!({ "mapping": { "customer": "who" } }),
            "/data/mapping/customer",
        ),
        (
            json!({ "mapping": { "customer": { "email": "x" } } }),
            "/data/mapping/customer/email",
        ),
        (
            json!({ "mapping": { "customer": { "fax": "/x" } } }),
            "/data/mapping/customer",
        ),
    ] {
        let mut registration = visit(1);
        let members = registration.as_object_mut().unwrap();
        members.extend(change.as_object().unwrap().clone());
        let problem = problem(register(&mut driver, &registration));
        assert_eq!(problem.pointer, pointer, "{change}: {problem}");
    }
}

#[test]
fn types_and_versions_have_a_most() {
    let mut driver = driver();
    let of = |name: &str, version: usize| json!({ "name": name, "version": version, "schema": {} });
    for version in 1..=VERSIONS_PER_TYPE_MAX {
        taken(&register(&mut driver, &of("shop.visit", version)));
    }
    let more = problem(register(
        &mut driver,
        &of("shop.visit", VERSIONS_PER_TYPE_MAX + 1),
    ));
    assert_eq!(more.code, "too_many_types");
    for number in 1..REGISTERED_TYPES_MAX {
        taken(&register(&mut driver, &of(&format!("shop.v{number}"), 1)));
    }
    let more = problem(register(&mut driver, &of("shop.more", 1)));
    assert_eq!(more.code, "too_many_types");
}

/// Design law 3: what is restored and what is folded from the ledger decide alike.
#[test]
fn a_restored_decider_knows_the_types_that_the_ledger_has() {
    let mut driver = registered();
    taken(&register(&mut driver, &visit(3)));
    let live = driver.deciders().iter().next().unwrap();
    let mut restored = PoliciesDecider::new();
    restored.restore(&live.encode()).unwrap();
    let mut folded = PoliciesDecider::new();
    driver
        .records()
        .iter()
        .for_each(|record| folded.apply(record));
    let in_force = |decider: &dyn Decider| -> Arc<InForce> {
        decider.published().unwrap().downcast().unwrap()
    };
    let known = in_force(live);
    for decider in [&restored, &folded] {
        assert_eq!(in_force(decider), known);
        assert_eq!(decider.encode(), live.encode());
    }
    let versions: Vec<_> = known.types().iter().map(|known| known.version()).collect();
    assert_eq!(versions, [1, 3]);
    let mut again = Driver::new(vec![Box::new(restored)]);
    let data = json!({ "who": { "mail": "jane@example.com" } });
    assert!(matches!(
        send(&mut again, "shop.visit", json!({}), &data),
        Outcome::Appended { .. }
    ));
}

fn in_force(decider: &dyn Decider) -> Arc<InForce> {
    decider.published().unwrap().downcast().unwrap()
}

/// Design law 3: what was registered stays, whatever the version that reads it would refuse: a
/// node that folds the ledger decides as one that loads a snapshot.
#[test]
fn a_registration_that_would_be_refused_by_now_is_there_both_ways() {
    let driver = registered();
    let first: &Record = &driver.records()[0];
    let with = |change: &dyn Fn(&mut EventTypeRegistered)| {
        let mut record = first.clone();
        let Data::EventTypeRegistered(registered) = &mut record.data else {
            panic!("it registers a type");
        };
        change(registered);
        record
    };
    let reserved = with(&|registered| {
        registered.facts.name = TypeName::new("order.visit").unwrap();
    });
    let unusable = with(&|registered| {
        let schema = r#"{"type":"text"}"#;
        registered.personal.as_mut().unwrap().schema = Json(schema.into());
    });
    for (record, name) in [(reserved, "order.visit"), (unusable, "shop.visit")] {
        let mut folded = PoliciesDecider::new();
        folded.apply(&record);
        let mut restored = PoliciesDecider::new();
        restored.restore(&folded.encode()).unwrap();
        assert_eq!(in_force(&restored), in_force(&folded));
        for decider in [folded, restored] {
            assert!(in_force(&decider).types().has(name), "{name}");
            let mut driver = Driver::new(vec![Box::new(decider)]);
            if name == "shop.visit" {
                let refused = send(&mut driver, name, json!({}), &json!({ "who": 1 }));
                assert_eq!(problem(refused).code, "schema_unusable");
            }
        }
    }
}
