//! Short ways to write events.

use crate::{Filter, State, Timeline};
use serde_json::{Value, json};
use touchbook_projection::driver::Named;
pub(super) use touchbook_projection::driver::{Script, at};

/// What is asked of a script here.
pub(super) trait Asked {
    /// Reads Jane's state, which is the same live and rebuilt.
    fn jane<R>(&self, with: impl FnOnce(&State) -> R) -> R;

    /// Jane's whole timeline as JSON, newest first.
    fn timeline(&self) -> Value;

    /// One member of each of Jane's entries, newest first.
    fn each(&self, member: &str) -> Vec<Value>;
}

impl Asked for Script {
    fn jane<R>(&self, with: impl FnOnce(&State) -> R) -> R {
        let live = self.project::<Timeline>();
        live.read(Named::id("jane"), |state, _| with(state))
            .unwrap()
    }

    fn timeline(&self) -> Value {
        self.jane(|state| {
            let page = state.page(&Filter::default(), 100, None);
            assert_eq!(page.entries.len(), state.len());
            serde_json::to_value(&page.entries).unwrap()
        })
    }

    fn each(&self, member: &str) -> Vec<Value> {
        let timeline = self.timeline();
        timeline
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry[member].clone())
            .collect()
    }
}

pub(super) fn order(status: &str, total: &str) -> Value {
    json!({
        "status": status,
        "total": { "amount": total, "currency": "ZAR" },
        "ordered_at": "2024-01-15T10:30:00Z",
    })
}
