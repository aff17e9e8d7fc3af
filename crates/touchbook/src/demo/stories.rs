//! What happens to the demo's customers: made-up stories of several events each.
//!
//! The same seed and the same present give the same events. **Never** reads a clock.

use super::event::{Event, iso};
use super::people::{Person, people};
use super::words::{CALLS, CHAT, NOTES, POSTS, PRODUCTS, REPLIES, SMS_RECEIVED, SMS_SENT, THREADS};
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
const MAILBOX: &str = "sales@audioshop.example";
const NUMBER: &str = "+12025550199";

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

    fn call(&mut self, person: &Person) {
        let call_id = self.name("call");
        let start = self.sometime();
        let outbound = self.rng.random_bool(0.7);
        let agent = self.one_of(&AGENTS);
        let (from, to) = if outbound {
            (NUMBER, &*person.phone)
        } else {
            (&*person.phone, NUMBER)
        };
        let (outcome, notes, summary, is_sale) = CALLS[self.rng.random_range(0..CALLS.len())];
        let talked = !summary.is_empty();
        let seconds = if talked {
            self.rng.random_range(60..900)
        } else {
            25
        };
        let mut started = json!({
            "customer": person.by_phone(),
            "call_id": call_id,
            "agent_id": agent,
            "direction": if outbound { "outbound" } else { "inbound" },
            "from": from,
            "to": to,
        });
        if outbound {
            let place = self.rng.random_range(1..40);
            started["queue"] = json!({ "type": "winback", "position": place });
            started["call_source"] = Value::from("queue");
        }
        self.tell("call.started", start, started);
        let end = start.plus_seconds(seconds);
        let ended = json!({
            "call_id": call_id,
            "ended_at": iso(end),
            "duration_seconds": seconds,
            "disposition": if talked { "completed" } else { "no-answer" },
        });
        self.tell("call.ended", end, ended);
        let recorded = json!({
            "call_id": call_id,
            "outcome": outcome,
            "notes": notes,
            "agent_id": agent,
            "sale_made": is_sale,
        });
        self.tell("call.outcome_recorded", end.plus_seconds(40), recorded);
        if talked {
            self.judged(&call_id, end, person, summary);
        }
    }

    fn judged(&mut self, call_id: &str, end: Timestamp, person: &Person, summary: &str) {
        let text = format!(
            "Agent: Good morning, am I speaking with {}? Customer: Yes. Agent: Do you have a minute?",
            person.name
        );
        let transcript = json!({
            "call_id": call_id,
            "status": "completed",
            "text": text,
            "summary": summary,
            "language": "en",
        });
        self.tell("call.transcribed", end.plus_seconds(3 * MINUTE), transcript);
        let scored = json!({
            "call_id": call_id,
            "call_score": self.rng.random_range(10..=100) as f64 / 10.0,
            "conversion_likelihood": self.rng.random_range(0..=100) as f64 / 100.0,
        });
        self.tell("call.scored", end.plus_seconds(4 * MINUTE), scored);
        if self.rng.random_bool(0.25) {
            let action = json!({
                "call_id": call_id,
                "action": "magic_link_sent",
                "detail": "by SMS",
            });
            self.tell("call.action_taken", end.plus_seconds(MINUTE), action);
        }
    }

    fn emails(&mut self, person: &Person) {
        let thread = self.name("thread");
        let (subject, bodies) = &THREADS[self.rng.random_range(0..THREADS.len())];
        let agent = self.one_of(&AGENTS);
        let mut time = self.sometime();
        let mut before: Option<String> = None;
        let count = self.rng.random_range(1..=bodies.len());
        for (turn, body) in bodies.iter().take(count).enumerate() {
            let email_id = format!("<{thread}.{turn}@audioshop.example>");
            let received = turn % 2 == 0;
            let (from, to) = if received {
                (&*person.email, MAILBOX)
            } else {
                (MAILBOX, &*person.email)
            };
            let subject = if turn == 0 {
                (*subject).to_owned()
            } else {
                format!("Re: {subject}")
            };
            let mut data = json!({
                "customer": person.by_email(),
                "email_id": email_id,
                "from": from,
                "to": [to],
                "mailbox": MAILBOX,
                "thread": { "id": thread, "references": before.iter().collect::<Vec<_>>() },
                "subject": subject,
                "body": format!("{body}\n\n{}", if received { person.first } else { "Your audio shop" }),
                "created_at": iso(time),
            });
            if !received {
                data["agent_id"] = Value::from(agent);
            }
            let event_type = if received {
                "email.received"
            } else {
                "email.sent"
            };
            self.tell(event_type, time, data);
            before = Some(email_id);
            time = time.plus_seconds(self.rng.random_range(20 * MINUTE..20 * HOUR));
        }
    }

    fn sms(&mut self, person: &Person) {
        let agent = self.one_of(&AGENTS);
        let time = self.sometime();
        let sent = json!({
            "customer": person.by_phone(),
            "from": NUMBER,
            "to": person.phone,
            "body": self.one_of(&SMS_SENT),
            "agent_id": agent,
        });
        self.tell("sms.sent", time, sent);
        if self.rng.random_bool(0.6) {
            let received = json!({
                "customer": person.by_phone(),
                "from": person.phone,
                "to": NUMBER,
                "body": self.one_of(&SMS_RECEIVED),
            });
            let time = time.plus_seconds(self.rng.random_range(MINUTE..6 * HOUR));
            self.tell("sms.received", time, received);
        }
    }

    fn social(&mut self, person: &Person) {
        let social_id = self.name(person.platform);
        let (kind, content, score) = POSTS[self.rng.random_range(0..POSTS.len())];
        let time = self.sometime();
        let received = json!({
            "customer": person.by_handle(),
            "platform": person.platform,
            "interaction_type": kind,
            "social_id": social_id,
            "handle": format!("@{}", person.handle),
            "content": content,
            "requires_response": score < 0.1,
            "interaction_date": iso(time),
        });
        self.tell("social.received", time, received);
        let scored = json!({ "score": score, "scorer": { "name": "demo", "version": "1" } });
        let subject = Some(format!("social/{social_id}"));
        self.tell_of(subject, "sentiment.scored", time.plus_seconds(5), scored);
        if self.rng.random_bool(0.5) {
            let time = time.plus_seconds(self.rng.random_range(10 * MINUTE..DAY));
            let sent = json!({
                "customer": person.by_handle(),
                "platform": person.platform,
                "interaction_type": "reply",
                "social_id": format!("{social_id}-reply"),
                "handle": person.handle,
                "content": self.one_of(&REPLIES),
                "in_reply_to": social_id,
                "interaction_date": iso(time),
            });
            self.tell("social.sent", time, sent);
        }
    }

    fn order(&mut self, person: &Person) {
        let order_id = self.name("A");
        let placed = self.sometime();
        let (items, total) = self.basket();
        let data = |status: &str, changed: Timestamp| {
            json!({
                "customer": person.by_account(),
                "order_id": order_id,
                "status": status,
                "total": { "amount": decimal(total), "currency": person.currency },
                "items": items,
                "payment_method": "Credit Card",
                "shipping_method": "Standard",
                "ordered_at": iso(placed),
                "updated_at": iso(changed),
            })
        };
        self.tell("order.updated", placed, data("Pending", placed));
        let next = placed.plus_seconds(self.rng.random_range(HOUR..DAY));
        if self.rng.random_bool(0.1) {
            return self.tell("order.updated", next, data("Cancelled", next));
        }
        self.tell("order.updated", next, data("Processing", next));
        let done = next.plus_seconds(self.rng.random_range(DAY..4 * DAY));
        self.tell("order.updated", done, data("Complete", done));
        if self.rng.random_bool(0.08) {
            let refunded = json!({
                "order_id": order_id,
                "refund_id": format!("{order_id}-refund"),
                "amount": { "amount": decimal(total / 4), "currency": person.currency },
                "reason": "One item came back.",
            });
            self.tell("order.refunded", done.plus_seconds(5 * DAY), refunded);
        }
    }

    /// What is bought, and what it comes to in hundredths.
    fn basket(&mut self) -> (Vec<Value>, i64) {
        let mut total = 0;
        let items = (0..self.rng.random_range(1..4)).map(|_| {
            let (name, price) = PRODUCTS[self.rng.random_range(0..PRODUCTS.len())];
            let quantity = self.rng.random_range(1..3);
            total += price * quantity;
            json!({ "name": name, "quantity": quantity, "price": decimal(price) })
        });
        let items = items.collect();
        (items, total)
    }

    fn quote(&mut self, person: &Person) {
        let session_id = self.name("qs");
        let begun = self.sometime();
        let (items, total) = self.basket();
        let data = |status: &str, changed: Timestamp| {
            let mut data = json!({
                "customer": person.by_email(),
                "session_id": session_id,
                "status": status,
                "total": { "amount": decimal(total), "currency": person.currency },
                "items": items,
                "created_at": iso(begun),
                "last_activity_at": iso(changed),
            });
            if let Some(company) = person.company {
                data["company"] = Value::from(company);
            }
            data
        };
        self.tell("quote.updated", begun, data("started", begun));
        let asked = begun.plus_seconds(self.rng.random_range(MINUTE..20 * MINUTE));
        let chat = json!({
            "customer": person.by_email(),
            "session": session_id,
            "message_id": format!("{session_id}-1"),
            "body": self.one_of(&CHAT),
        });
        self.tell("chat.received", asked, chat);
        let sent = asked.plus_seconds(self.rng.random_range(HOUR..DAY));
        self.tell("quote.updated", sent, data("quote_sent", sent));
        if self.rng.random_bool(0.4) {
            let accepted = sent.plus_seconds(self.rng.random_range(HOUR..5 * DAY));
            self.tell("quote.updated", accepted, data("accepted", accepted));
        }
    }

    fn note(&mut self, person: &Person) {
        let (subject, text) = NOTES[self.rng.random_range(0..NOTES.len())];
        let logged = json!({
            "customer": person.by_account(),
            "interaction_id": self.name("note"),
            "type": "note",
            "user_id": self.one_of(&AGENTS),
            "subject_line": subject,
            "description": text,
        });
        let time = self.sometime();
        self.tell("interaction.logged", time, logged);
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

fn decimal(hundredths: i64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
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
