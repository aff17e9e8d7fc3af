//! What happens to the demo's customers: made-up stories of several events each.
//!
//! The same seed and the same present give the same events. **Never** reads a clock.

mod calls;
mod messages;
mod sales;

use super::event::Event;
use super::people::{Person, people};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use touchbook_events::Timestamp;

pub(super) const CUSTOMERS: usize = 200;
/// Everything that is sent, the event that is sent twice and the dead letter included.
pub(super) const EVENTS: usize = 5_000;
pub(super) const DAYS: i64 = 90;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const AGENTS: [&str; 6] = [
    "agent-1", "agent-2", "agent-3", "agent-4", "agent-5", "agent-6",
];
/// The shop's own; numbers of this kind are kept for fiction, too.
const NUMBER: &str = "+18005550199";

/// What the demo sends.
pub(super) struct Stories {
    pub(super) people: Vec<Person>,
    /// In the order of sending, which is that of their times but for the last, which comes long
    /// after it happened. One of them stands twice.
    pub(super) events: Vec<Event>,
    /// What can't be used, as its producer sent it.
    pub(super) dead: String,
}

/// Makes everything up, as of `now`.
pub(super) fn stories(seed: u64, now: Timestamp) -> Stories {
    let mut rng = StdRng::seed_from_u64(seed);
    let people = people(&mut rng, CUSTOMERS);
    let mut teller = Teller {
        rng,
        now,
        // Another present makes other events, so their ids differ too.
        run: format!("{seed}-{}", now.micros()),
        told: 0,
        events: Vec::with_capacity(EVENTS),
    };
    for person in &people {
        teller.meets(person);
    }
    // The dead letter and the repetition are not among the told.
    while teller.events.len() < EVENTS - 3 {
        let person = teller.somebody(&people);
        teller.happens(person, EVENTS - 3);
    }
    let late = teller.late(&people[0]);
    let dead = teller.dead(&people[1]);
    let mut events = teller.events;
    events.sort_by(|one, other| (one.time, &one.id).cmp(&(other.time, &other.id)));
    repeat_an_order(&mut events);
    events.push(late);
    Stories {
        people,
        events,
        dead,
    }
}

/// A shop whose request timed out sends an order again, and it is taken once.
fn repeat_an_order(events: &mut Vec<Event>) {
    let middle = events.len() / 2;
    let order = events[middle..]
        .iter()
        .position(|event| event.event_type == "order.updated");
    if let Some(place) = order.map(|after| middle + after) {
        events.insert(place + 1, events[place].clone());
    }
}

struct Teller {
    rng: StdRng,
    now: Timestamp,
    run: String,
    told: usize,
    events: Vec<Event>,
}

impl Teller {
    /// Few customers have most of the stories, as it is everywhere.
    fn somebody<'a>(&mut self, people: &'a [Person]) -> &'a Person {
        let place = self.rng.random::<f64>().powi(2) * people.len() as f64;
        &people[(place as usize).min(people.len() - 1)]
    }

    fn one_of<'a, T: ?Sized>(&mut self, words: &[&'a T]) -> &'a T {
        words[self.rng.random_range(0..words.len())]
    }

    /// Some working hour of the last days.
    fn sometime(&mut self) -> Timestamp {
        let day = self.rng.random_range(0..DAYS);
        let second = self.rng.random_range(0..8 * HOUR);
        self.now.plus_seconds(-day * DAY - second)
    }

    /// A name that nothing else has.
    fn name(&mut self, kind: &str) -> String {
        self.told += 1;
        format!("{kind}-{:05}", self.told)
    }

    fn tell(&mut self, event_type: &'static str, time: Timestamp, data: Value) {
        self.tell_of(None, event_type, time, data);
    }

    /// What has yet to happen is not told.
    fn tell_of(
        &mut self,
        subject: Option<String>,
        event_type: &'static str,
        time: Timestamp,
        data: Value,
    ) {
        if time <= self.now {
            let name = self.name("event");
            let id = format!("{}-{name}", self.run);
            self.events.push(Event {
                id,
                event_type,
                subject,
                time,
                data,
            });
        }
    }

    /// The shop tells of a customer.
    fn meets(&mut self, person: &Person) {
        let hour = self.rng.random_range(0..8);
        let time = self.now.plus_seconds(-DAYS * DAY - hour * HOUR);
        let mut data = json!({ "customer": person.by_everything(), "name": person.name });
        if let Some(company) = person.company {
            data["company"] = Value::from(company);
        }
        self.tell("customer.updated", time, data);
    }

    /// One more story, cut off where it would make too many events.
    fn happens(&mut self, person: &Person, limit: usize) {
        match self.rng.random_range(0..100) {
            0..30 => self.call(person),
            30..50 => self.emails(person),
            50..65 => self.sms(person),
            65..75 => self.social(person),
            75..90 => self.order(person),
            90..96 => self.quote(person),
            _ => self.note(person),
        }
        self.events.truncate(limit);
    }

    /// A telephone that was off: the message is weeks old when it arrives.
    fn late(&mut self, person: &Person) -> Event {
        let data = json!({
            "customer": person.by_phone(),
            "from": person.phone,
            "to": NUMBER,
            "body": "Written on the plane, so this comes late: yes, please send both.",
        });
        Event {
            id: format!("{}-late", self.run),
            event_type: "sms.received",
            subject: None,
            time: self.now.plus_seconds(-60 * DAY),
            data,
        }
    }

    /// A shop that writes its amounts as people do.
    fn dead(&mut self, person: &Person) -> String {
        let data = json!({
            "customer": person.by_account(),
            "order_id": "A-00000",
            "status": "Complete",
            "total": { "amount": "1.299,00 €", "currency": "EUR" },
        });
        let id = format!("{}-dead", self.run);
        let (event_type, time) = ("order.updated", self.now.plus_seconds(-HOUR));
        Event {
            id,
            event_type,
            subject: None,
            time,
            data,
        }
        .json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use touchbook_events::incoming::Entrance;
    use touchbook_events::{Incoming, Principal, TenantKey};

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    fn read(json: &str) -> Result<Incoming, touchbook_events::Problem> {
        let key = TenantKey::from_salt(b"demo");
        Incoming::read(json, Entrance::Producer, &Principal::producer(), &key)
    }

    #[test]
    fn any_producer_may_send_every_event_but_the_dead_one() {
        let stories = stories(1, NOW);
        for event in &stories.events {
            let read = read(&event.json());
            assert!(read.is_ok(), "{}: {:?}", event.json(), read.err());
        }
        assert!(read(&stories.dead).is_err());
    }

    #[test]
    fn there_are_as_many_events_and_customers_as_promised() {
        for seed in 0..5 {
            let Stories { people, events, .. } = stories(seed, NOW);
            // The dead letter is the last of them.
            assert_eq!(events.len() + 1, EVENTS);
            assert_eq!(people.len(), CUSTOMERS);
            let ids: BTreeSet<_> = events.iter().map(|event| &event.id).collect();
            assert_eq!(ids.len(), events.len() - 1, "one is sent twice");
            let begin = NOW.plus_seconds(-(DAYS + 1) * DAY);
            assert!(
                events
                    .iter()
                    .all(|event| (begin..=NOW).contains(&event.time))
            );
            let (late, before) = events.split_last().unwrap();
            assert!(before.is_sorted_by_key(|event| event.time));
            assert!(late.time < before[before.len() - 1].time.plus_seconds(-30 * DAY));
        }
    }

    #[test]
    fn every_source_occurs() {
        let told = stories(1, NOW).events;
        let sources: BTreeSet<_> = told
            .iter()
            .map(|event| event.event_type.split('.').next().unwrap_or_default())
            .collect();
        let expected = [
            "call",
            "chat",
            "customer",
            "email",
            "interaction",
            "order",
            "quote",
            "sentiment",
            "sms",
            "social",
        ];
        assert_eq!(sources, BTreeSet::from(expected));
    }

    #[test]
    fn the_same_seed_tells_the_same_stories() {
        assert_eq!(stories(3, NOW).events, stories(3, NOW).events);
        assert_ne!(stories(3, NOW).events, stories(4, NOW).events);
    }
}
