//! Runs: consecutive records of one tenant in one piece of memory.

use crate::error::Flaw;
use crate::limits::{MAX_COMMIT_BYTES, MAX_VALUE_BYTES};
use crate::oversize::{Chunks, STUB_BYTES};
use std::ops::Deref;
use std::sync::Arc;

/// Marks the length of a record that is stored in chunks; what stands in its place is a stub.
const IN_CHUNKS: u32 = 1 << 31;

const LENGTH_BYTES: usize = 4;

/// Longest run that any writer of ours makes; a longer one is refused before memory is taken.
const MAX_RUN_BYTES: usize = MAX_COMMIT_BYTES + MAX_VALUE_BYTES;

#[derive(Debug, Default)]
pub(crate) struct Run {
    first: u64,
    /// Where the first record begins in `bytes`.
    start: u32,
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Run {
    /// Copies records, whose first is at `first`.
    pub(crate) fn copied<'a>(
        first: u64,
        records: impl ExactSizeIterator<Item = &'a [u8]> + Clone,
    ) -> Self {
        let total = records.clone().map(<[u8]>::len).sum();
        let mut run = Self {
            first,
            start: 0,
            ends: Vec::with_capacity(records.len()),
            bytes: Vec::with_capacity(total),
        };
        for record in records {
            run.push(record);
        }
        run
    }

    fn push(&mut self, record: &[u8]) {
        self.bytes.extend_from_slice(record);
        self.ends.push(self.bytes.len() as u32);
    }

    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// Position after the last record.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.ends.len() as u64
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, index: usize) -> &[u8] {
        let from = index
            .checked_sub(1)
            .map_or(self.start, |before| self.ends[before]);
        &self.bytes[from as usize..self.ends[index] as usize]
    }

    pub(crate) fn records(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Bytes of the records.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len() - self.start as usize
    }

    /// Takes what [`Packer`] made. Never panics, whatever the bytes.
    pub(crate) fn unpacked(
        first: u64,
        count: usize,
        packed: Vec<u8>,
        chunks: &impl Chunks,
    ) -> Result<Self, Flaw> {
        let start = count.checked_mul(LENGTH_BYTES).ok_or(Flaw::Layout)?;
        let lengths = packed.get(..start).ok_or(Flaw::Layout)?;
        if packed.len() > MAX_RUN_BYTES || first.checked_add(count as u64).is_none() {
            return Err(Flaw::Layout);
        }
        let mut ends = Vec::with_capacity(count);
        let (mut end, mut marks) = (start, 0);
        for length in lengths.as_chunks::<LENGTH_BYTES>().0 {
            let length = u32::from_le_bytes(*length);
            marks |= length;
            end += (length & !IN_CHUNKS) as usize;
            ends.push(end as u32);
        }
        if end != packed.len() {
            return Err(Flaw::Layout);
        }
        let run = Self {
            first,
            start: start as u32,
            ends,
            bytes: packed,
        };
        if marks & IN_CHUNKS == 0 {
            Ok(run)
        } else {
            run.expanded(chunks)
        }
    }

    /// Puts long records in the place of their stubs.
    fn expanded(self, chunks: &impl Chunks) -> Result<Self, Flaw> {
        let mut expanded = Self {
            first: self.first,
            ..Self::default()
        };
        for (index, record) in self.records().enumerate() {
            let at = index * LENGTH_BYTES;
            let is_stub = self.bytes[at + LENGTH_BYTES - 1] & (IN_CHUNKS >> 24) as u8 != 0;
            if is_stub {
                expanded.push(&chunks.resolve(self.first + index as u64, record)?);
            } else {
                expanded.push(record);
            }
            if expanded.bytes.len() > MAX_RUN_BYTES {
                return Err(Flaw::Layout);
            }
        }
        Ok(expanded)
    }
}

/// Collects records in the form in which frames and blocks store them: lengths, then bytes.
#[derive(Default)]
pub(crate) struct Packer {
    lengths: Vec<u8>,
    bytes: Vec<u8>,
    /// Bytes of the records themselves, long ones in full.
    weight: usize,
}

impl Packer {
    pub(crate) fn push(&mut self, record: &[u8]) {
        let before = self.bytes.len();
        let mark = if crate::oversize::is_oversize(record) {
            crate::oversize::write_stub(record, &mut self.bytes);
            IN_CHUNKS
        } else {
            self.bytes.extend_from_slice(record);
            0
        };
        let length = (self.bytes.len() - before) as u32 | mark;
        self.lengths.extend_from_slice(&length.to_le_bytes());
        self.weight += record.len();
    }

    /// Bytes that `record` would add.
    pub(crate) fn cost(record: &[u8]) -> usize {
        let oversize = crate::oversize::is_oversize(record);
        LENGTH_BYTES + if oversize { STUB_BYTES } else { record.len() }
    }

    pub(crate) fn len(&self) -> usize {
        self.lengths.len() / LENGTH_BYTES
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    pub(crate) fn packed_len(&self) -> usize {
        self.lengths.len() + self.bytes.len()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.lengths);
        out.extend_from_slice(&self.bytes);
    }

    pub(crate) fn clear(&mut self) {
        self.lengths.clear();
        self.bytes.clear();
        self.weight = 0;
    }
}

/// Consecutive records of one tenant, decompressed once and shared.
#[derive(Clone, Debug)]
pub struct Records {
    run: Arc<Run>,
    from: usize,
    to: usize,
}

impl Records {
    /// The part of `run` that lies within `from..=to`.
    pub(crate) fn within(run: Arc<Run>, from: u64, to: u64) -> Self {
        let index = |position: u64| (position.max(run.first) - run.first) as usize;
        let to = index(to.saturating_add(1)).min(run.len());
        let from = index(from).min(to);
        Self { run, from, to }
    }

    /// Position of the first record.
    pub fn first(&self) -> u64 {
        self.run.first + self.from as u64
    }

    /// Position after the last record.
    pub fn next(&self) -> u64 {
        self.run.first + self.to as u64
    }

    pub fn len(&self) -> usize {
        self.to - self.from
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Positions and stored bytes, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u64, &[u8])> {
        (self.from..self.to).map(|index| (self.run.first + index as u64, self.run.get(index)))
    }
}

/// The stored bytes of one record.
#[derive(Clone, Debug)]
pub struct RecordBytes {
    run: Arc<Run>,
    index: usize,
}

impl RecordBytes {
    pub(crate) fn new(run: Arc<Run>, position: u64) -> Option<Self> {
        let index = usize::try_from(position.checked_sub(run.first)?).ok()?;
        (index < run.len()).then_some(Self { run, index })
    }
}

impl Deref for RecordBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.run.get(self.index)
    }
}

impl AsRef<[u8]> for RecordBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}
