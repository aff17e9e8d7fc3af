//! Short ways to write events.

use crate::{Calls, State};
use serde_json::{Value, json};
use touchbook_events::{Moment, Principal, Timestamp};
use touchbook_projection::driver::Named;
use touchbook_projection::{Driver, Outcome, Projection};

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

    /// Live and rebuilt, which are the same.
    pub(super) fn project(&self) -> Projection<Calls> {
        let live = self.driver.project::<Calls>();
        assert_eq!(live.digest(), self.driver.rebuild::<Calls>().digest());
        live
    }

    pub(super) fn jane<R>(&self, with: impl FnOnce(&State) -> R) -> R {
        let projection = self.project();
        projection
            .read(Named::id("jane"), |state, _| with(state))
            .unwrap()
    }

    /// The call `call/jane:1` as JSON.
    pub(super) fn call(&self) -> Value {
        let subject = self.driver.key().subject("call/jane:1");
        self.jane(|state| serde_json::to_value(state.call(subject).unwrap()).unwrap())
    }

    /// What the projection finds by `name`: customer and subject.
    pub(super) fn find(&self, name: &str) -> Option<(String, String)> {
        let key = self.driver.key();
        Calls::find(&self.project(), key, name, |listed| {
            let entry_id = listed.call.entry_id().unwrap_or_default();
            (listed.customer_id.to_string(), entry_id.to_owned())
        })
    }
}

pub(super) fn at(time: &str) -> Timestamp {
    Moment::parse(&format!("2024-{time}")).unwrap().at()
}
