//! A row's interaction as events at its own date (S0-027).

use super::events::{EventNames, Ordinal};
use super::history::History;
use super::payload::Payload;
use super::row::Row;
use crate::event::Event;
use touchbook_events::EventType;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::catalogue::interaction::canonical_type;

impl Row {
    pub(super) fn logged(&self, history: &History, names: &EventNames<'_>) -> Vec<Event> {
        let is_inbound = history.direction == Some(Direction::Inbound);
        let (event_type, payload) = match (canonical_type(&history.kind), is_inbound) {
            ("call", _) => return self.call(history, names),
            ("email", true) => (EventType::EmailReceived, self.email(history, names)),
            ("email", false) => (EventType::EmailSent, self.email(history, names)),
            ("sms", true) => (EventType::SmsReceived, self.sms(history)),
            ("sms", false) => (EventType::SmsSent, self.sms(history)),
            _ => (EventType::InteractionLogged, self.other(history, names)),
        };
        vec![self.event(
            Ordinal::Logged,
            event_type,
            Some(history.at),
            payload,
            names,
        )]
    }

    /// Notes stand with the outcome; without one they are kept with the call's beginning, as its
    /// subject is, in members that its type does not know.
    fn call(&self, history: &History, names: &EventNames<'_>) -> Vec<Event> {
        let call_id = self.object(names);
        let notes = history.notes.as_deref();
        let outcome = history.outcome.as_deref();
        let started = Payload::of_customer(self)
            .with("call_id", Some(call_id.as_str()))
            .with("direction", history.direction)
            .with("subject_line", history.subject.as_deref())
            .with("notes", notes.filter(|_| outcome.is_none()));
        let ended = Payload::new()
            .with("call_id", Some(call_id.as_str()))
            .with("duration_seconds", history.duration_seconds);
        let recorded = outcome.map(|outcome| {
            Payload::new()
                .with("call_id", Some(call_id.as_str()))
                .with("outcome", Some(outcome))
                .with("notes", notes)
        });
        let at = Some(history.at);
        let event =
            |ordinal, event_type, payload| self.event(ordinal, event_type, at, payload, names);
        let mut events = vec![
            event(Ordinal::Logged, EventType::CallStarted, started),
            event(Ordinal::CallEnded, EventType::CallEnded, ended),
        ];
        if let Some(recorded) = recorded {
            let event_type = EventType::CallOutcomeRecorded;
            events.push(event(Ordinal::CallOutcome, event_type, recorded));
        }
        events
    }

    fn email(&self, history: &History, names: &EventNames<'_>) -> Payload {
        Payload::of_customer(self)
            .with("email_id", Some(self.object(names)))
            .with("subject", history.subject.as_deref())
            .with("body", history.notes.as_deref())
            .with("duration_seconds", history.duration_seconds)
            .with("outcome", history.outcome.as_deref())
    }

    fn sms(&self, history: &History) -> Payload {
        let (subject, notes) = (history.subject.as_deref(), history.notes.as_deref());
        Payload::of_customer(self)
            .with("body", notes.or(subject))
            .with("subject_line", subject.filter(|_| notes.is_some()))
            .with("duration_seconds", history.duration_seconds)
            .with("outcome", history.outcome.as_deref())
    }

    fn other(&self, history: &History, names: &EventNames<'_>) -> Payload {
        // A duration of this type is positive, or not known.
        let duration = history.duration_seconds.filter(|seconds| *seconds > 0);
        Payload::of_customer(self)
            .with("interaction_id", Some(self.object(names)))
            .with("type", Some(history.kind.as_str()))
            .with("direction", history.direction)
            .with("duration_seconds", duration)
            .with("outcome", history.outcome.as_deref())
            .with("subject_line", history.subject.as_deref())
            .with("description", history.notes.as_deref())
    }
}
