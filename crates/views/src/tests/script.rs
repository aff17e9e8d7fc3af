//! Short ways to write events.

use serde::Serialize;
use serde_json::{Value, json};
use touchbook_events::Record;
use touchbook_projection::driver::Named;
pub(super) use touchbook_projection::driver::{Script, at};
use touchbook_projection::{History, Slices};

/// What is asked of a script here.
pub(super) trait Asked {
    /// Jane's slice as whoever asks a view hands it over.
    fn slice(&self) -> Vec<Record>;
}

impl Asked for Script {
    fn slice(&self) -> Vec<Record> {
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

pub(super) fn order(status: &str, total: &str) -> Value {
    json!({ "status": status, "total": { "amount": total, "currency": "ZAR" } })
}

pub(super) fn shown(view: impl Serialize) -> Value {
    serde_json::to_value(view).unwrap()
}
