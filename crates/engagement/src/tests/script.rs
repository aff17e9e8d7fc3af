//! Short ways to write events.

use crate::{Engagement, Insights, Reason, State, insights, reasons};
use serde_json::{Value, json};
use touchbook_events::policy::AttentionRule;
use touchbook_events::{CustomerId, Moment, Policies, Principal, Timestamp};
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

    /// Sends an event that says nothing but its type.
    pub(super) fn plain(&mut self, time: &str, kind: &str, subject: &str) -> u64 {
        self.send(time, kind, subject, json!({}))
    }

    pub(super) fn score(&mut self, time: &str, subject: &str, score: f64) -> u64 {
        self.send(time, "sentiment.scored", subject, json!({ "score": score }))
    }

    pub(super) fn project(&self) -> Projection<Engagement> {
        let live = self.driver.project::<Engagement>();
        assert_eq!(live.digest(), self.driver.rebuild::<Engagement>().digest());
        live
    }

    /// Reads Jane's state, which is the same live, rebuilt, and restored from its own bytes.
    pub(super) fn jane<R>(&self, with: impl FnOnce(&State) -> R) -> R {
        let project = self.project();
        project
            .read(id("jane"), |state, _| {
                let bytes = postcard::to_stdvec(state).unwrap();
                assert_eq!(postcard::from_bytes::<State>(&bytes).unwrap(), *state);
                with(state)
            })
            .unwrap()
    }

    pub(super) fn insights(&self, policies: &Policies, now: &str) -> Insights {
        self.jane(|state| insights(state, policies, at(now)))
    }

    pub(super) fn reasons(&self, policies: &Policies, now: &str) -> Vec<Reason> {
        self.jane(|state| reasons(state, policies, at(now)))
    }

    /// The rules that find Jane at `now` under the default policies, and where.
    pub(super) fn found(&self, now: &str) -> Vec<(AttentionRule, Vec<u64>)> {
        let reasons = self.reasons(&Policies::default(), now).into_iter();
        reasons
            .map(|reason| (reason.rule, reason.positions))
            .collect()
    }
}

pub(super) fn at(time: &str) -> Timestamp {
    Moment::parse(&format!("2024-{time}")).unwrap().at()
}

pub(super) fn id(name: &str) -> CustomerId {
    Named::id(name)
}
