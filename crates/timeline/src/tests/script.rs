//! Short ways to write events.

use crate::{Filter, State, Timeline};
use serde_json::{Value, json};
use touchbook_events::{Moment, Principal, Timestamp};
use touchbook_projection::driver::Named;
use touchbook_projection::{Driver, Outcome};

/// A tenant whose events name their customer in the subject: `call/jane:1` is Jane's.
pub(super) struct Script {
    pub(super) driver: Driver,
    sent: u32,
}

impl Script {
    pub(super) fn new() -> Self {
        Self {
            driver: Driver::new(vec![Box::new(Named)]),
            sent: 0,
        }
    }

    /// Sends an event that happened at `time`, of 2024 in UTC, such as `01-15 10:00:00`.
    pub(super) fn send(&mut self, time: &str, kind: &str, subject: &str, data: Value) -> u64 {
        self.send_as(&Principal::touchbook(), time, kind, subject, data)
    }

    /// Sends what somebody else than our own scorer says of an entry.
    pub(super) fn rate(&mut self, time: &str, subject: &str, score: f64) -> u64 {
        let data = json!({ "score": score });
        let producer = Principal::producer();
        self.send_as(&producer, time, "sentiment.scored", subject, data)
    }

    fn send_as(
        &mut self,
        principal: &Principal,
        time: &str,
        kind: &str,
        subject: &str,
        data: Value,
    ) -> u64 {
        self.sent += 1;
        let event = json!({
            "specversion": "1.0",
            "id": format!("event-{}", self.sent),
            "source": "/tests",
            "type": kind,
            "time": at(time),
            "subject": subject,
            "data": data,
        });
        let recorded_at = at("12-31 00:00:00");
        match (self.driver).send_as(principal, &event.to_string(), recorded_at) {
            Outcome::Appended { position, .. } => position,
            other => panic!("{kind} of {subject}: {other:?}"),
        }
    }

    /// Reads Jane's state, which is the same live and rebuilt.
    pub(super) fn jane<R>(&self, with: impl FnOnce(&State) -> R) -> R {
        let live = self.driver.project::<Timeline>();
        assert_eq!(live.digest(), self.driver.rebuild::<Timeline>().digest());
        live.read(Named::id("jane"), |state, _| with(state))
            .unwrap()
    }

    /// Jane's whole timeline as JSON, newest first.
    pub(super) fn timeline(&self) -> Value {
        self.jane(|state| {
            let page = state.page(&Filter::default(), 100, None);
            assert_eq!(page.entries.len(), state.len());
            serde_json::to_value(&page.entries).unwrap()
        })
    }

    /// One member of each of Jane's entries, newest first.
    pub(super) fn each(&self, member: &str) -> Vec<Value> {
        let timeline = self.timeline();
        timeline
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry[member].clone())
            .collect()
    }
}

pub(super) fn at(time: &str) -> Timestamp {
    Moment::parse(&format!("2024-{time}")).unwrap().at()
}

pub(super) fn order(status: &str, total: &str) -> Value {
    json!({
        "status": status,
        "total": { "amount": total, "currency": "ZAR" },
        "ordered_at": "2024-01-15T10:30:00Z",
    })
}
