//! A ledger's records in the order in which folding them anew costs least: customer by customer.
//!
//! What a rebuild costs is mostly waiting for memory: neighbours in a ledger are of customers whose
//! states lie far apart. So it takes long stretches of stored records, and folds those of one
//! customer after another. A record that changes slices ends a stretch, so that whose a record is
//! is known before it is folded.

use crate::history::{History, HistoryError};
use crate::slices::Slices;
use std::ops::{ControlFlow, Range};
use touchbook_events::record::CodecError;
use touchbook_events::{CustomerId, Header, Record};

/// How much is gathered, and how much of that is handed over at a time.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Of a stretch. A customer's state is fetched once for all of its records there.
    pub stretch_records: usize,
    /// The same; one record more may be in it.
    pub stretch_bytes: usize,
    /// Decoded, of a batch. Stretches with fewer stay as they are.
    pub batch_records: usize,
}

/// Records to be folded in bulk.
#[derive(Debug)]
pub struct Batch {
    pub records: Records,
    /// With it, everything up to this position was handed over.
    pub reaches: Option<u64>,
}

#[derive(Debug)]
pub enum Records {
    ByPosition(Vec<Record>),
    /// Those of each customer by position, and where they end in the list. None of them changes
    /// slices.
    ByCustomer(Vec<Record>, Vec<(CustomerId, usize)>),
}

impl Records {
    /// In the order of customers, each with theirs; nothing where that is not the order.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (CustomerId, &[Record])> {
        let (records, ends): (&[Record], &[_]) = match self {
            Self::ByPosition(_) => (&[], &[]),
            Self::ByCustomer(records, ends) => (records, ends),
        };
        let mut start = 0;
        ends.iter().map(move |(customer, end)| {
            let run = &records[start..*end];
            start = *end;
            (*customer, run)
        })
    }
}

/// Why records could not be gathered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not decode the record at position {position}")]
    Decode {
        position: u64,
        #[source]
        source: CodecError,
    },
    #[error(transparent)]
    History(#[from] HistoryError),
}

type HandOver<'a> = dyn FnMut(Batch) -> ControlFlow<()> + 'a;

/// Gathers the records of a ledger, from its first on.
pub struct Gathering {
    sizes: Sizes,
    slices: Slices,
    /// Everything up to here was pushed.
    pushed: u64,
    /// Of the stretch, as stored.
    bytes: Vec<u8>,
    rows: Vec<Row>,
    /// What comes before the stretch, and is too little to be handed over by itself.
    before: Vec<Record>,
}

/// A record of the stretch.
struct Row {
    owner: CustomerId,
    position: u64,
    bytes: Range<usize>,
}

impl Gathering {
    pub fn new(sizes: Sizes) -> Self {
        Self {
            sizes,
            slices: Slices::default(),
            pushed: 0,
            bytes: Vec::new(),
            rows: Vec::new(),
            before: Vec::new(),
        }
    }

    /// Takes the next record as it is stored; may hand over batches.
    ///
    /// # Errors
    /// When a record can't be decoded, or the past of a retracted one not be read.
    pub fn push<H: History + ?Sized>(
        &mut self,
        position: u64,
        stored: &[u8],
        history: &H,
        hand_over: &mut HandOver<'_>,
    ) -> Result<ControlFlow<()>, Error> {
        let header = Header::peek(stored);
        let header = header.map_err(|source| Error::Decode { position, source })?;
        self.pushed = position;
        if header.is_effective() && Slices::is_changed_by(header.event_type) {
            let flow = self.end_stretch(position - 1, hand_over)?;
            let record = decode(position, stored)?;
            self.slices.apply(&record, history)?;
            self.before.push(record);
            return Ok(flow);
        }
        // Everybody else's changes no customer, and in bulk the tenant's lists wait for the end.
        if let Some(owner) = self.slices.newest_belongs(&header) {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(stored);
            self.rows.push(Row {
                owner,
                position,
                bytes: start..self.bytes.len(),
            });
        }
        let is_full = self.rows.len() >= self.sizes.stretch_records
            || self.bytes.len() >= self.sizes.stretch_bytes;
        match is_full {
            true => self.end_stretch(position, hand_over),
            false => Ok(ControlFlow::Continue(())),
        }
    }

    /// Hands over what is left; more may be pushed after it.
    ///
    /// # Errors
    /// As [`Gathering::push`].
    pub fn finish(&mut self, hand_over: &mut HandOver<'_>) -> Result<ControlFlow<()>, Error> {
        if self.end_stretch(self.pushed, hand_over)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        Ok(self.hand_over_before(self.pushed, hand_over))
    }

    /// Ends the stretch, which has everything up to `position`.
    fn end_stretch(
        &mut self,
        position: u64,
        hand_over: &mut HandOver<'_>,
    ) -> Result<ControlFlow<()>, Error> {
        let mut rows = std::mem::take(&mut self.rows);
        let is_little = rows.len() < self.sizes.batch_records;
        let flow = if is_little {
            self.put_before(&rows)?;
            match self.before.len() < self.sizes.batch_records {
                true => ControlFlow::Continue(()),
                false => self.hand_over_before(position, hand_over),
            }
        } else {
            let reached = rows.first().map_or(position, |row| row.position - 1);
            match self.hand_over_before(reached, hand_over) {
                ControlFlow::Break(()) => ControlFlow::Break(()),
                ControlFlow::Continue(()) => self.hand_over_rows(&mut rows, position, hand_over)?,
            }
        };
        rows.clear();
        self.rows = rows;
        self.bytes.clear();
        Ok(flow)
    }

    fn put_before(&mut self, rows: &[Row]) -> Result<(), Error> {
        for row in rows {
            let record = decode(row.position, &self.bytes[row.bytes.clone()])?;
            self.before.push(record);
        }
        Ok(())
    }

    fn hand_over_before(&mut self, reached: u64, hand_over: &mut HandOver<'_>) -> ControlFlow<()> {
        hand_over(Batch {
            records: Records::ByPosition(std::mem::take(&mut self.before)),
            reaches: Some(reached),
        })
    }

    fn hand_over_rows(
        &self,
        rows: &mut [Row],
        position: u64,
        hand_over: &mut HandOver<'_>,
    ) -> Result<ControlFlow<()>, Error> {
        rows.sort_unstable_by_key(|row| (row.owner, row.position));
        let batches = rows.chunks(self.sizes.batch_records);
        let last = batches.len() - 1;
        for (number, batch) in batches.enumerate() {
            let flow = hand_over(Batch {
                records: self.by_customer(batch)?,
                reaches: (number == last).then_some(position),
            });
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn by_customer(&self, rows: &[Row]) -> Result<Records, Error> {
        let mut records = Vec::with_capacity(rows.len());
        let mut ends = Vec::new();
        for run in rows.chunk_by(|one, next| one.owner == next.owner) {
            for row in run {
                records.push(decode(row.position, &self.bytes[row.bytes.clone()])?);
            }
            ends.extend(run.first().map(|row| (row.owner, records.len())));
        }
        Ok(Records::ByCustomer(records, ends))
    }
}

fn decode(position: u64, stored: &[u8]) -> Result<Record, Error> {
    Record::decode(stored).map_err(|source| Error::Decode { position, source })
}
