//! Short ways to write events.

use serde::Serialize;
use serde_json::{Value, json};
use touchbook_events::{Moment, Record, Timestamp};
use touchbook_projection::driver::Named;
use touchbook_projection::{Driver, History, Outcome, Slices};

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
        match self.driver.send(&event.to_string(), at("12-31 00:00:00")) {
            Outcome::Appended { position, .. } => position,
            other => panic!("{kind} of {subject}: {other:?}"),
        }
    }

    /// Jane's slice as whoever asks a view hands it over.
    pub(super) fn slice(&self) -> Vec<Record> {
        let mut slices = Slices::default();
        let records = self.driver.records();
        for record in records {
            slices.apply(record, &self.driver).unwrap();
        }
        let mut slice = Vec::new();
        let head = self.driver.head();
        let history: &dyn History = &self.driver;
        let mut each = |record: &Record| slice.push(record.clone());
        slices
            .slice(Named::id("jane"), history, head, &mut each)
            .unwrap();
        slice
    }
}

pub(super) fn at(time: &str) -> Timestamp {
    Moment::parse(&format!("2024-{time}")).unwrap().at()
}

pub(super) fn order(status: &str, total: &str) -> Value {
    json!({ "status": status, "total": { "amount": total, "currency": "ZAR" } })
}

pub(super) fn shown(view: impl Serialize) -> Value {
    serde_json::to_value(view).unwrap()
}
