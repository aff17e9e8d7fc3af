//! What the ledger says of an import that is undone, and of what others wrote meanwhile.

use super::marks::Marks;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use touchbook_customers::Customers;
use touchbook_engine::{ReadError, Tenant};
use touchbook_events::incoming::import_correlation;
use touchbook_events::record::CodecError;
use touchbook_events::{Data, Digest, EventType, Header, Record};
use touchbook_projection::Slices;

/// Scores whose entries are looked for together, in one walk over the import's records.
const SCORES_TOGETHER: usize = if cfg!(test) { 2 } else { 100_000 };
/// Policies that the import caused, of which an undoing tells.
const POLICIES_MAX: usize = 100;

/// The import's records and what others wrote of its customers, in bits: at most two bytes for each
/// record of the tenant since the import began.
///
/// Records of one customer hang together in the ledger's index, so what is known of a customer is
/// marked at each of its records, and no customer is kept.
pub(super) struct Looking {
    pub(super) tenant: Arc<Tenant>,
    pub(super) correlation: Digest,
    slices: Arc<Slices>,
    pub(super) from: u64,
    /// Up to where it has looked.
    pub(super) head: u64,
    /// What is to count no more, and what does already: records of the import's rows, what our
    /// scorer found in them, and identifiers that were given back.
    pub(super) own: Marks,
    /// Of those, the ones by which undoing itself gave identifiers back, or took them back.
    pub(super) by_undoing: Marks,
    /// Of those, the identifiers given back.
    pub(super) freed: Marks,
    /// Of those, the ones that are dealt with where their customer stays.
    pub(super) restored: Marks,
    /// What the undoing retracted.
    pub(super) retracted: Marks,
    /// Rows' records that begin a customer, or give one an identifier.
    pub(super) identity: Marks,
    /// Rows' records that begin a customer.
    pub(super) begun: Marks,
    /// All records of customers that the import made.
    pub(super) made: Marks,
    /// Records of customers from the import's first one of each on.
    touched: Marks,
    /// All records of customers of whom others wrote after the import's first one.
    pub(super) others: Marks,
    /// Where others first did.
    pub(super) first_others: Marks,
    /// The import's records that others may have retracted before.
    dropped: Marks,
    /// The import's records that are about an entry.
    entries: Marks,
    /// What our scorer found since, in entries of whoever: which are the import's is seen later.
    scores: Marks,
    /// Where the import caused a policy.
    pub(super) policies: Vec<u64>,
    /// Others wrote of somebody since [`Looking::is_disturbed`] was last asked.
    disturbed: bool,
    /// How often it walked over the import.
    #[cfg(test)]
    pub(super) walks: usize,
}

impl Looking {
    /// Nothing is looked at yet; `from` is where the import began.
    pub(super) fn new(tenant: Arc<Tenant>, import_id: &str, from: u64) -> Self {
        let slices = tenant.projection::<Customers>();
        let slices = slices.map(|customers| customers.slices(tenant.head()));
        let marks = || Marks::new(from);
        Self {
            correlation: import_correlation(tenant.key(), import_id),
            slices: slices.unwrap_or_default(),
            tenant,
            from,
            head: from.saturating_sub(1),
            own: marks(),
            by_undoing: marks(),
            freed: marks(),
            restored: marks(),
            retracted: marks(),
            identity: marks(),
            begun: marks(),
            made: marks(),
            touched: marks(),
            others: marks(),
            first_others: marks(),
            dropped: marks(),
            entries: marks(),
            scores: marks(),
            policies: Vec::new(),
            disturbed: true,
            #[cfg(test)]
            walks: 0,
        }
    }

    /// Looks for the first time.
    pub(super) fn begin(&mut self) -> Result<(), ReadError> {
        self.look()?;
        for position in std::mem::take(&mut self.dropped).all() {
            if !self.retracted.has(position) {
                self.own.clear(position);
            }
        }
        self.find_scores()?;
        Ok(())
    }

    /// Looks at what was recorded since it last did.
    pub(super) fn look(&mut self) -> Result<(), ReadError> {
        let (tenant, head) = (Arc::clone(&self.tenant), self.tenant.head());
        if head <= self.head {
            return Ok(());
        }
        let mut failed = None;
        tenant.scan(
            self.head + 1..=head,
            &mut |position, bytes| match self.take(bytes) {
                Ok(()) => ControlFlow::Continue(()),
                Err(source) => {
                    failed = Some(ReadError::Decode { position, source });
                    ControlFlow::Break(())
                }
            },
        )?;
        self.head = head;
        failed.map_or(Ok(()), Err)
    }

    /// Whether others wrote of somebody since this was last asked.
    pub(super) fn is_disturbed(&mut self) -> bool {
        std::mem::take(&mut self.disturbed)
    }

    /// Whether the record is of a customer whom the import made and of whom others wrote since: who
    /// that is stays.
    pub(super) fn stays(&self, position: u64) -> bool {
        self.made.has(position) && self.others.has(position)
    }

    /// Whether the undoing retracts the record, or did.
    pub(super) fn goes(&self, position: u64) -> bool {
        self.own.has(position) && !(self.identity.has(position) && self.stays(position))
    }

    /// Whether others retracted a record before the undoing began.
    pub(super) fn is_dropped(&self, position: u64) -> bool {
        self.slices.is_retracted(position) && !self.retracted.has(position)
    }

    pub(super) fn is_own(&self, header: &Header) -> bool {
        header.correlation == Some(self.correlation)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), CodecError> {
        let header = Header::peek(bytes)?;
        self.follow(&header);
        if !header.is_effective() {
            return Ok(());
        }
        let is_own = self.is_own(&header);
        match header.event_type {
            EventType::EventRetracted if is_own => self.note_retracted(&Record::decode(bytes)?),
            _ if is_own => self.take_own(&header),
            _ => self.take_others(&header),
        }
        Ok(())
    }

    /// What is known of the customer by its record before.
    fn follow(&mut self, header: &Header) {
        let position = header.position;
        let previous = header.customer.and_then(|_| self.previous_of(position));
        let Some(previous) = previous else {
            return;
        };
        for marks in [&mut self.made, &mut self.touched, &mut self.others] {
            if marks.has(previous) {
                marks.set(position);
            }
        }
    }

    fn previous_of(&self, position: u64) -> Option<u64> {
        let previous = self.tenant.previous_of(position);
        previous.filter(|previous| *previous >= self.from)
    }

    fn note_retracted(&mut self, record: &Record) {
        if let Data::EventRetracted(retracted) = &record.data {
            for position in &retracted.facts.positions {
                self.retracted.set(*position);
            }
        }
    }

    fn take_own(&mut self, header: &Header) {
        let (position, event_type) = (header.position, header.event_type);
        if event_type == EventType::PolicyDefined && self.policies.len() < POLICIES_MAX {
            self.policies.push(position);
        }
        if !is_undone(event_type) {
            return;
        }
        self.own.set(position);
        if self.slices.is_retracted(position) {
            self.dropped.set(position);
        }
        if event_type.entry_source().is_some() {
            self.entries.set(position);
        }
        if header.customer.is_some() {
            self.touched.set(position);
        }
        self.take_identity(header);
    }

    /// Rows get identifiers for somebody as a consequence; undoing asks for it.
    fn take_identity(&mut self, header: &Header) {
        let position = header.position;
        match header.event_type {
            EventType::CustomerCreated => {
                self.identity.set(position);
                self.begun.set(position);
                self.made.set(position);
            }
            EventType::IdentifierAttached if header.cause.is_some() => self.identity.set(position),
            EventType::IdentifierAttached => self.by_undoing.set(position),
            EventType::IdentifierDetached => {
                self.by_undoing.set(position);
                self.freed.set(position);
            }
            _ => {}
        }
    }

    fn take_others(&mut self, header: &Header) {
        let position = header.position;
        if self.slices.is_retracted(position) || !self.touched.has(position) {
            return;
        }
        if header.event_type == EventType::SentimentScored && !header.changes_its_customer() {
            self.scores.set(position);
        } else if header.changes_its_customer() && is_about_its_customer(header.event_type) {
            self.note_others(position);
        }
    }

    /// Others wrote of the record's customer. Of one who is gone already nothing is left to stay.
    fn note_others(&mut self, position: u64) {
        if self.others.has(position) {
            return;
        }
        let back = |at: &u64| self.previous_of(*at);
        let first = std::iter::successors(Some(position), back).last();
        if first.is_some_and(|first| self.begun.has(first) && self.retracted.has(first)) {
            return;
        }
        let mut at = Some(position);
        while let Some(marked) = at {
            self.others.set(marked);
            at = self.previous_of(marked);
        }
        self.first_others.set(position);
        self.disturbed = true;
    }

    /// What our scorer found in the import's entries goes with them. Answers the first that was
    /// not known before.
    pub(super) fn find_scores(&mut self) -> Result<Option<u64>, ReadError> {
        let mut first = None;
        let found = std::mem::replace(&mut self.scores, Marks::new(self.from));
        let mut left = found.all();
        loop {
            let mut entry_of: HashMap<Digest, bool> = HashMap::new();
            let mut scores = Vec::new();
            for position in left.by_ref().take(SCORES_TOGETHER) {
                if let Some(subject) = self.subject_of(position)? {
                    entry_of.insert(subject, false);
                    scores.push((position, subject));
                }
            }
            if scores.is_empty() {
                return Ok(first);
            }
            self.find_entries(&mut entry_of)?;
            for (position, subject) in scores {
                if entry_of.get(&subject).is_some_and(|is_own| *is_own) {
                    self.own.set(position);
                    first = first.or(Some(position));
                }
            }
        }
    }

    fn find_entries(&mut self, entry_of: &mut HashMap<Digest, bool>) -> Result<(), ReadError> {
        #[cfg(test)]
        {
            self.walks += 1;
        }
        self.tenant
            .scan(self.from..=self.head, &mut |position, bytes| {
                if self.entries.has(position)
                    && let Ok(header) = Header::peek(bytes)
                    && let Some(is_own) = entry_of.get_mut(&header.subject)
                {
                    *is_own = true;
                }
                ControlFlow::Continue(())
            })
    }

    fn subject_of(&self, position: u64) -> Result<Option<Digest>, ReadError> {
        Ok(self.header(position)?.map(|header| header.subject))
    }

    pub(super) fn header(&self, position: u64) -> Result<Option<Header>, ReadError> {
        let Some(bytes) = self.tenant.record_bytes(position)? else {
            return Ok(None);
        };
        let header = Header::peek(&bytes);
        header
            .map(Some)
            .map_err(|source| ReadError::Decode { position, source })
    }
}

/// Whether undoing an import retracts what it has of this type. Its own beginning and end stay on
/// record, and so does what changed who others are.
fn is_undone(event_type: EventType) -> bool {
    !Slices::is_changed_by(event_type)
        && event_type.object() != "import"
        && !matches!(
            event_type,
            EventType::PolicyDefined | EventType::MergeDismissed
        )
}

/// Whether a record of this type says something of its customer, beyond whom it may be the same as.
fn is_about_its_customer(event_type: EventType) -> bool {
    event_type == EventType::SubjectAssigned || !Slices::is_changed_by(event_type)
}
