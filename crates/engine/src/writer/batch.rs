//! What one commit appends.

use crate::checkpoint;
use crate::ledger_history::peek_of;
use crate::outcome::{Answer, Finished};
use crate::shared::Shared;
use std::collections::BTreeMap;
use touchbook_events::{Record, TenantNumber};
use touchbook_ledger::{Commit, Error, Ledger, NewRecord};
use touchbook_stream::Checkpoint;

/// Encoded records that one commit takes, with room for the frame's own bytes.
const COMMIT_RECORD_BYTES_MAX: usize = 896 * 1024;

/// Records and their stored bytes, not yet durable.
#[derive(Default)]
pub(super) struct Batch {
    tenants: BTreeMap<TenantNumber, Pending>,
    bytes: usize,
    /// The last message that is in the batch with all of its events, or a part of the one after it.
    pub(super) checkpoint: Option<Checkpoint>,
    finished: Vec<Finished>,
    /// A buffer of an earlier commit. A new one of a megabyte costs more than filling it does:
    /// the system hands it over page by page.
    spare: Option<Encoded>,
    /// Events decided since the last commit, by outcome.
    counts: BTreeMap<&'static str, u64>,
}

struct Pending {
    records: Vec<Record>,
    encoded: Encoded,
}

/// Stored bytes of records, one after the other.
#[derive(Default)]
pub(super) struct Encoded {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Encoded {
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    fn cleared(mut self) -> Self {
        self.bytes.clear();
        self.ends.clear();
        self
    }

    fn append(&mut self, more: &Self) {
        let offset = self.bytes.len();
        self.bytes.extend_from_slice(&more.bytes);
        self.ends.extend(more.ends.iter().map(|end| offset + end));
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.bytes[*start..*end])
    }
}

/// Whether what stands or falls together can be written together.
pub(super) fn fits_one_commit(records: &[Record]) -> bool {
    encode(records).bytes() <= COMMIT_RECORD_BYTES_MAX
}

pub(super) fn encode(records: &[Record]) -> Encoded {
    let mut encoded = Encoded {
        bytes: Vec::with_capacity(256),
        ends: Vec::new(),
    };
    for record in records {
        record
            .encode(&mut encoded.bytes)
            .expect("a record that was decided can be encoded");
        encoded.ends.push(encoded.bytes.len());
    }
    encoded
}

impl Batch {
    /// Whether `bytes` more keep within one commit; anything does when there is nothing else.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.bytes == 0 || self.bytes + bytes <= COMMIT_RECORD_BYTES_MAX
    }

    pub(super) fn push(&mut self, tenant: TenantNumber, records: Vec<Record>, encoded: Encoded) {
        self.bytes += encoded.bytes();
        let pending = self.tenants.entry(tenant).or_insert_with(|| Pending {
            records: Vec::new(),
            encoded: self.spare.take().unwrap_or_default(),
        });
        pending.encoded.append(&encoded);
        pending.records.extend(records);
    }

    /// Every event of the message at `checkpoint` is in the batch, or changes nothing.
    pub(super) fn finish(
        &mut self,
        checkpoint: Checkpoint,
        ticket: u64,
        answers: Option<Vec<Answer>>,
    ) {
        self.checkpoint = Some(checkpoint);
        self.finished.push(Finished { ticket, answers });
    }

    pub(super) fn count(&mut self, outcome: &'static str) {
        *self.counts.entry(outcome).or_default() += 1;
    }

    pub(super) fn take_counts(&mut self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut self.counts)
    }

    /// New records always are; a checkpoint alone only where a stream keeps what it counts.
    pub(super) fn is_worth_a_sync(&self, shared: &Shared) -> bool {
        self.bytes > 0 || (self.checkpoint.is_some() && shared.stream_outlives_us())
    }

    pub(super) fn record_count(&self) -> u64 {
        self.tenants
            .values()
            .map(|pending| pending.records.len() as u64)
            .sum()
    }

    /// Appends and syncs; returns only when everything is durable.
    pub(super) fn append(&self, ledger: &mut Ledger) -> Result<(), Error> {
        let tenants = self.tenants.iter().map(|(tenant, pending)| {
            let records = pending.records.iter().zip(pending.encoded.iter());
            (
                *tenant,
                records
                    .map(|(record, bytes)| new_record(record, bytes))
                    .collect(),
            )
        });
        ledger
            .append(&Commit {
                tenants: tenants.collect(),
                checkpoint: self.checkpoint.map(checkpoint::stored),
            })
            .map(|_| ())
    }

    pub(super) fn take_records(&mut self) -> Vec<(TenantNumber, Vec<Record>)> {
        let mut records = Vec::with_capacity(self.tenants.len());
        for (tenant, pending) in std::mem::take(&mut self.tenants) {
            records.push((tenant, pending.records));
            let largest = self.spare.as_ref().map_or(0, Encoded::capacity);
            if pending.encoded.capacity() > largest {
                self.spare = Some(pending.encoded.cleared());
            }
        }
        records
    }

    /// The next one, with what can be used again of this.
    pub(super) fn next(self) -> Self {
        Self {
            spare: self.spare,
            ..Self::default()
        }
    }

    pub(super) fn take_finished(&mut self) -> Vec<Finished> {
        std::mem::take(&mut self.finished)
    }
}

fn new_record<'a>(record: &Record, bytes: &'a [u8]) -> NewRecord<'a> {
    NewRecord {
        bytes,
        peek: peek_of(&record.header),
    }
}
