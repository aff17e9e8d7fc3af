//! What senders write: one event, and many in one body.

use serde_json::value::RawValue;
use touchbook_customers::{Customers, summary};
use touchbook_dead_letters::DeadLettersDecider;
use touchbook_events::incoming::Entrance;
use touchbook_events::limits::ATTRIBUTE_CHARS_MAX;
use touchbook_events::{
    Envelope, Incoming, Policies, Principal, TenantKey, Timestamp, batch as batches, canonical,
};
use touchbook_identity::{Identifiers, IdentityDecider};
use touchbook_policies::PoliciesDecider;
use touchbook_projection::{Driver, Projector};
use touchbook_timeline::Timeline;

/// When every event is recorded: 2024-06-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_micros(1_717_200_000_000_000);
const SALT: &[u8] = b"fuzz";
/// Events of a batch that are decided one after another; more tell nothing new, and take time.
const HISTORY_MAX: usize = 32;

/// An event that is read is the same once the service has published it again; decided, it is folded
/// by everything, live and from the beginning alike; sent again, it is a repeat.
pub fn envelope(bytes: &[u8]) -> bool {
    let Ok(json) = std::str::from_utf8(bytes) else {
        return false;
    };
    is_canonical(json);
    let Some(incoming) = read(json) else {
        return false;
    };
    let subject_chars = incoming.sent.subject.chars().count();
    assert!(subject_chars <= ATTRIBUTE_CHARS_MAX, "{subject_chars}");
    decide(&[json]);
    true
}

/// The events of an array are slices of it in their order, as they are when each has a line. One
/// after another they are a tenant's history, which is decided and folded.
pub fn batch(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    if let Ok(lines) = batches::lines(text) {
        assert_eq!(batches::lines(&lines.join("\n")).expect("as before"), lines);
        lines.iter().for_each(|line| {
            read(line);
        });
    }
    let Ok(events) = batches::array(text) else {
        return false;
    };
    let written = format!("[{}]", events.join(","));
    assert_eq!(batches::array(&written).expect("an array of them"), events);
    if events.iter().all(|event| !event.contains('\n')) {
        assert_eq!(batches::lines(&events.join("\n")).expect("so many"), events);
    }
    for event in &events {
        is_canonical(event);
        read(event);
    }
    decide(&events[..events.len().min(HISTORY_MAX)]);
    true
}

/// Canonical JSON stays as it is, and is JSON where it was made of it.
fn is_canonical(json: &str) {
    let mut once = Vec::new();
    if canonical::write(json, &mut once).is_err()
        || serde_json::from_str::<&RawValue>(json).is_err()
    {
        return;
    }
    let text = std::str::from_utf8(&once).expect("made of text");
    let mut twice = Vec::new();
    canonical::write(text, &mut twice).expect("canonical JSON is JSON");
    assert_eq!(once, twice, "canonical JSON stays as it is");
}

/// Reads as producers' events are read, and once more as the service publishes them.
fn read(json: &str) -> Option<Incoming> {
    let key = TenantKey::from_salt(SALT);
    let envelope = Envelope::parse(json).ok()?;
    serde_json::from_str::<&RawValue>(json).expect("an event is all of its text");
    let principal = Principal::producer();
    let _ = Incoming::from_envelope(&envelope, json.len(), Entrance::Api, &principal, &key);
    let incoming = Incoming::read(json, Entrance::Service, &principal, &key).ok()?;
    let published = Incoming::republish(&envelope, &principal, "default");
    let again = match Incoming::read(&published, Entrance::Service, &principal, &key) {
        Ok(again) => again,
        // With what the service adds, it may be longer than an event may be.
        Err(problem) if problem.code == "event_too_large" => return Some(incoming),
        Err(problem) => panic!("{published}: {problem}"),
    };
    assert_eq!(again.data, incoming.data, "{published}");
    assert_eq!(again.sent, incoming.sent, "{published}");
    assert_eq!(again.time, incoming.time, "{published}");
    let keys = |of: &Incoming| (of.subject, of.event_key, of.content);
    assert_eq!(keys(&again), keys(&incoming), "{published}");
    Some(incoming)
}

fn decide(history: &[&str]) {
    let key = TenantKey::from_salt(b"touchbook tests");
    let mut tenant = Driver::new(vec![
        Box::new(PoliciesDecider::new()),
        Box::new(IdentityDecider::new(key)),
        Box::new(DeadLettersDecider::new()),
    ]);
    for json in history {
        let first = tenant.send(json, NOW);
        let head = tenant.head();
        let again = tenant.send(json, NOW);
        let place = again.position().or_else(|| first.position());
        assert_eq!(place, first.position(), "a repeat stands where it stood");
        assert_eq!(tenant.head(), head, "a repeat stores nothing: {json}");
    }
    folds_alike::<Identifiers>(&tenant);
    folds_alike::<Timeline>(&tenant);
    folds_alike::<Customers>(&tenant);
    let policies = Policies::default();
    tenant.project::<Customers>().for_each(|customer, state| {
        let shown = summary(customer, state, &policies, NOW);
        serde_json::to_string(&shown).expect("a summary is JSON");
    });
}

fn folds_alike<P: Projector>(tenant: &Driver) {
    let live = tenant.project::<P>().digest();
    assert_eq!(live, tenant.rebuild::<P>().digest(), "{}", P::NAME);
}
