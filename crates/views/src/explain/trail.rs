//! The steps by which a value came about, bounded.

use serde::Serialize;
use serde_json::Value;
use std::collections::VecDeque;
use touchbook_events::{Record, Timestamp};

/// Most steps from the beginning that an explanation has.
pub const STEPS_FIRST: usize = 50;
/// Most steps from the end.
pub const STEPS_LAST: usize = 50;

/// What one record did to a value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    pub position: u64,
    /// As it was sent.
    #[serde(rename = "type")]
    pub event_type: Box<str>,
    /// `None` once erased, as is `entry_id`.
    pub event_id: Option<Box<str>>,
    /// The subject.
    pub entry_id: Option<Box<str>>,
    pub time: Timestamp,
    pub before: Value,
    pub after: Value,
    /// False where the record only prepared a later change.
    pub is_change: bool,
}

impl Step {
    pub(super) fn of(record: &Record, before: Value, after: Value) -> Self {
        let (header, sent) = (&record.header, record.sent.as_ref());
        Self {
            position: header.position,
            event_type: record.data.type_name().into(),
            event_id: sent.map(|sent| sent.id.clone()),
            entry_id: sent.map(|sent| sent.subject.clone()),
            time: header.time,
            is_change: before != after,
            before,
            after,
        }
    }
}

/// The first and the last steps, and how many there are.
#[derive(Default)]
pub(super) struct Trail {
    first: Vec<Step>,
    last: VecDeque<Step>,
    count: u64,
}

impl Trail {
    /// Takes a step after all that were taken.
    pub(super) fn push(&mut self, step: Step) {
        self.count += 1;
        if self.first.len() < STEPS_FIRST {
            self.first.push(step);
            return;
        }
        if self.last.len() == STEPS_LAST {
            self.last.pop_front();
        }
        self.last.push_back(step);
    }

    /// Takes the steps of another trail, which stand between its own.
    pub(super) fn merge(&mut self, other: Self) {
        let count = self.count + other.count;
        let mut steps: Vec<Step> = other.first.into_iter().chain(other.last).collect();
        steps.append(&mut self.first);
        steps.extend(self.last.drain(..));
        steps.sort_unstable_by_key(|step| step.position);
        *self = Self::default();
        steps.into_iter().for_each(|step| self.push(step));
        self.count = count;
    }

    /// The steps in order, and how many are left out between the first and the last ones.
    pub(super) fn finish(self) -> (Vec<Step>, u64) {
        let mut steps = self.first;
        steps.extend(self.last);
        let omitted = self.count - steps.len() as u64;
        (steps, omitted)
    }
}
