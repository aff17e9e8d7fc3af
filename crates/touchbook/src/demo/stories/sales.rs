//! What is asked for and bought: orders, quotes, and what agents note.

use super::{AGENTS, DAY, HOUR, MINUTE, Teller};
use crate::demo::event::iso;
use crate::demo::people::Person;
use crate::demo::words::{CHAT, NOTES, PRODUCTS};
use rand::Rng;
use serde_json::{Value, json};
use touchbook_events::Timestamp;

impl Teller {
    pub(super) fn order(&mut self, person: &Person) {
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

    pub(super) fn quote(&mut self, person: &Person) {
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

    pub(super) fn note(&mut self, person: &Person) {
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
}

fn decimal(hundredths: i64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
