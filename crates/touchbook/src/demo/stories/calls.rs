//! Calls: begun, ended, with an outcome, and judged where somebody talked.

use super::{AGENTS, MINUTE, NUMBER, Teller};
use crate::demo::event::iso;
use crate::demo::people::Person;
use crate::demo::words::CALLS;
use rand::Rng;
use serde_json::{Value, json};
use touchbook_events::Timestamp;

impl Teller {
    pub(super) fn call(&mut self, person: &Person) {
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
}
