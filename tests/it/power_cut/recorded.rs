//! A recording of the service: its phases, and what it promised when.

use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use touchbook_ledger::limits::SEGMENT_BYTES;
use touchbook_testkit::power_cut::{Operation, Recording, answers};

/// Somebody was told that an event stands at a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Promise {
    pub(super) tenant: String,
    pub(super) event_id: String,
    pub(super) position: u64,
    /// How many operations there were when it was told.
    pub(super) after: usize,
}

pub(super) struct Recorded {
    pub(super) recording: Recording,
    /// Operations by phase, in the order in which phases first came.
    pub(super) phases: Vec<(String, Vec<Range<usize>>)>,
    /// In order.
    pub(super) promises: Vec<Promise>,
    /// How many operations there were before each sync.
    pub(super) syncs: Vec<usize>,
    /// How many operations there were after each that began a segment of the ledger's log, most of
    /// which had been used before.
    pub(super) segments: Vec<usize>,
}

impl Recorded {
    pub(super) fn read(log: &Path) -> Self {
        let recording = Recording::read(log).unwrap();
        Self {
            phases: phases(&recording.operations),
            promises: promises(&recording),
            syncs: syncs(&recording.operations),
            segments: segments(&recording.operations),
            recording,
        }
    }

    pub(super) fn operations(&self) -> usize {
        self.recording.operations.len()
    }

    /// What had been promised when a number of operations had been done.
    pub(super) fn promised(&self, operations: usize) -> &[Promise] {
        let count = self
            .promises
            .partition_point(|promise| promise.after <= operations);
        &self.promises[..count]
    }
}

fn syncs(operations: &[Operation]) -> Vec<usize> {
    let operations = operations.iter().zip(0..);
    let begun =
        operations.filter(|(operation, _)| matches!(operation, Operation::SyncBegin { .. }));
    begun.map(|(_, before)| before).collect()
}

fn segments(operations: &[Operation]) -> Vec<usize> {
    let begins = |operation: &Operation| {
        matches!(operation, Operation::Write { path, at, .. }
            if path.ends_with("ledger/0001/db") && at.is_multiple_of(SEGMENT_BYTES as u64))
    };
    let operations = operations.iter().zip(1..);
    let begun = operations.filter(|(operation, _)| begins(operation));
    begun.map(|(_, after)| after).collect()
}

fn phases(operations: &[Operation]) -> Vec<(String, Vec<Range<usize>>)> {
    let mut phases: Vec<(String, Vec<Range<usize>>)> = Vec::new();
    let notes = operations
        .iter()
        .enumerate()
        .filter_map(|(index, operation)| match operation {
            Operation::Note { text } => Some((index, text)),
            _ => None,
        });
    let notes: Vec<(usize, &String)> = notes.collect();
    let ends = notes.iter().skip(1).map(|(index, _)| *index);
    for ((begin, name), end) in notes.iter().zip(ends.chain([operations.len()])) {
        let range = begin + 1..end;
        match phases.iter_mut().find(|(known, _)| known == *name) {
            Some((_, ranges)) => ranges.push(range),
            None => phases.push(((*name).clone(), vec![range])),
        }
    }
    phases
}

/// What the answers said that name an event and its position.
fn promises(recording: &Recording) -> Vec<Promise> {
    let mut promises = Vec::new();
    let mut known = BTreeMap::new();
    for (after, body) in answers(recording) {
        if let Ok(body) = serde_json::from_slice(&body) {
            collect(&body, &mut |event_id, position| {
                let Some((tenant, _)) = event_id.split_once(':') else {
                    return;
                };
                let before = known.insert(event_id.to_owned(), position);
                assert!(
                    before.is_none_or(|before| before == position),
                    "event {event_id} was promised at two positions"
                );
                if before.is_none() {
                    promises.push(Promise {
                        tenant: tenant.to_owned(),
                        event_id: event_id.to_owned(),
                        position,
                        after,
                    });
                }
            });
        }
    }
    promises
}

fn collect(value: &Value, found: &mut impl FnMut(&str, u64)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            let event = (members.get("event_id"), members.get("position"));
            if let (Some(Value::String(id)), Some(Value::Number(position))) = event {
                found(id, position.as_u64().expect("positions are whole numbers"));
            }
            members.values().for_each(|member| collect(member, found));
        }
        _ => {}
    }
}
