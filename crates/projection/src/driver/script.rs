//! Short ways to write events, for tests of projectors.

use super::{Driver, Named, Outcome};
use crate::projection::Projection;
use crate::projector::Projector;
use serde_json::{Value, json};
use touchbook_events::{Moment, Principal, Timestamp};

/// A tenant whose events name their customer in the subject: `call/jane:1` is Jane's.
pub struct Script {
    pub driver: Driver,
    sent: u32,
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Script {
    pub fn new() -> Self {
        Self {
            driver: Driver::new(vec![Box::new(Named)]),
            sent: 0,
        }
    }

    /// Sends an event that happened at `time`, of 2024 in UTC, such as `01-15 10:00:00`; answers
    /// its position.
    ///
    /// # Panics
    /// Unless it is appended.
    pub fn send(&mut self, time: &str, kind: &str, subject: &str, data: Value) -> u64 {
        self.send_as(&Principal::touchbook(), time, kind, subject, data)
    }

    /// Sends what somebody else than our own scorer says of an entry.
    ///
    /// # Panics
    /// Unless it is appended.
    pub fn rate(&mut self, time: &str, subject: &str, score: f64) -> u64 {
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
    ///
    /// # Panics
    /// Unless they are.
    pub fn project<P: Projector>(&self) -> Projection<P> {
        let live = self.driver.project::<P>();
        assert_eq!(live.digest(), self.driver.rebuild::<P>().digest());
        live
    }
}

/// An instant of 2024 in UTC.
///
/// # Panics
/// When it is none.
pub fn at(time: &str) -> Timestamp {
    let moment = Moment::parse(&format!("2024-{time}"));
    moment.expect("an instant of 2024").at()
}
