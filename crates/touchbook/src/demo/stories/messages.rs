//! What is written: e-mail threads, SMS, social posts and what is answered.

use super::{AGENTS, DAY, HOUR, MINUTE, NUMBER, Teller};
use crate::demo::event::iso;
use crate::demo::people::Person;
use crate::demo::words::{POSTS, REPLIES, SMS_RECEIVED, SMS_SENT, THREADS};
use rand::Rng;
use serde_json::{Value, json};

/// Where the shop reads its mail.
const MAILBOX: &str = "sales@audioshop.example";

impl Teller {
    pub(super) fn emails(&mut self, person: &Person) {
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

    pub(super) fn sms(&mut self, person: &Person) {
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

    pub(super) fn social(&mut self, person: &Person) {
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
}
