//! One tenant as the writer has it: what decides, and what was decided but is not yet durable.

use super::publication::Publication;
use super::{CommitFailed, Origin};
use crate::config::Registry;
use crate::error::chain;
use crate::outcome::{Outcome, OutcomeKind};
use crate::tenant::Tenant;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use touchbook_events::{
    CustomerId, Data, Decision, Digest, EventType, Header, Incoming, Problem, Record, TenantNumber,
    Timestamp,
};
use touchbook_projection::{Context, Decided, Deciders, Earlier};

pub(crate) struct WriterTenant {
    tenant: Arc<Tenant>,
    deciders: Deciders,
    next_position: u64,
    recorded_at: Timestamp,
    /// Events of records that are not in the ledger's index yet.
    pending: HashMap<Digest, Known>,
    /// Where an atomic batch began: what is taken back with it.
    begun: Option<Begun>,
    publication: Publication,
}

/// What a record answers to an event with its source and id.
#[derive(Clone)]
pub(crate) struct Known {
    position: u64,
    content: Digest,
    customer: Option<CustomerId>,
    decision: Decision,
    event_type: EventType,
    subject: Digest,
}

struct Begun {
    next_position: u64,
    recorded_at: Timestamp,
    events: Vec<Digest>,
}

impl WriterTenant {
    /// A tenant with nothing recorded.
    pub(super) fn begin(tenant: Arc<Tenant>, registry: &Registry) -> Self {
        let deciders = (registry.deciders)(tenant.key());
        Self::resume(tenant, deciders, Timestamp::MIN)
    }

    /// A tenant whose deciders hold everything up to its head.
    pub(crate) fn resume(tenant: Arc<Tenant>, deciders: Deciders, recorded_at: Timestamp) -> Self {
        let next_position = tenant.head() + 1;
        let publication = Publication::of(&deciders);
        tenant.publish(publication.shown().clone());
        Self {
            tenant,
            deciders,
            next_position,
            recorded_at,
            pending: HashMap::new(),
            begun: None,
            publication,
        }
    }

    pub(crate) fn number(&self) -> TenantNumber {
        self.tenant.number()
    }

    pub(crate) fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }

    pub(crate) fn deciders(&self) -> &Deciders {
        &self.deciders
    }

    /// Decides one event; its records take the next positions.
    ///
    /// # Errors
    /// When the ledger can't be read. One whose stored records are damaged refuses only the events
    /// that need these, unless other nodes decide the same events over records that are whole.
    pub(super) fn decide(
        &mut self,
        incoming: Incoming,
        schema_bytes: u64,
        origin: Origin<'_>,
    ) -> Result<(Outcome, Vec<Record>), CommitFailed> {
        match self.decide_over_records(incoming, schema_bytes, origin) {
            Err(error) if error.is_damage() && self.tenant.decides_alone() => {
                let detail = format!(
                    "a record that this is about can't be read: {}",
                    chain(&error)
                );
                let problem = Problem::new("ledger_damaged", "", detail);
                Ok((Outcome::refused(problem), Vec::new()))
            }
            decided => decided,
        }
    }

    fn decide_over_records(
        &mut self,
        incoming: Incoming,
        schema_bytes: u64,
        origin: Origin<'_>,
    ) -> Result<(Outcome, Vec<Record>), CommitFailed> {
        if let Some(known) = self.known(incoming.event_key)? {
            return Ok((repeated(&known, incoming.content), Vec::new()));
        }
        if matches!(incoming.data, Data::TenantCreated(_)) && self.next_position > 1 {
            // Two began it at once: the first stands, under its own salt.
            return Ok((Outcome::duplicate(1), Vec::new()));
        }
        let recorded_at = self.recorded_at.max(origin.recorded_at);
        let earlier = self.earlier(incoming.data.positions())?;
        let context = Context {
            earlier: &earlier,
            key: self.tenant.key(),
            recorded_at,
            stream_sequence: origin.sequence,
            next_position: self.next_position,
            schema_bytes,
        };
        match self.deciders.decide(context, incoming) {
            Decided::Append { records, index } => {
                let outcome = appended(&records[index].header);
                // What appends nothing leaves no trace, so it must not move time either.
                self.recorded_at = recorded_at;
                self.remember(&records);
                self.publication
                    .note(&self.deciders, self.next_position - 1);
                Ok((outcome, records))
            }
            Decided::Duplicate { position, customer } => {
                let kind = OutcomeKind::Duplicate;
                Ok((
                    Outcome {
                        kind,
                        position: Some(position),
                        customer,
                    },
                    Vec::new(),
                ))
            }
            Decided::Refuse(problem) => Ok((Outcome::refused(problem), Vec::new())),
        }
    }

    fn remember(&mut self, records: &[Record]) {
        self.next_position += records.len() as u64;
        for record in records {
            let header = &record.header;
            self.pending.insert(header.event_key, Known::from(header));
            if let Some(begun) = &mut self.begun {
                begun.events.push(header.event_key);
            }
        }
    }

    fn known(&self, event_key: Digest) -> Result<Option<Known>, CommitFailed> {
        if let Some(known) = self.pending.get(&event_key) {
            return Ok(Some(known.clone()));
        }
        let reader = self.tenant.reader();
        let Some(position) = reader.find(self.number(), &event_key.0)? else {
            return Ok(None);
        };
        let bytes = reader.record(self.number(), position)?;
        Ok(bytes
            .and_then(|bytes| Header::peek(&bytes).ok())
            .as_ref()
            .map(Known::from))
    }

    /// What stands at `positions`, in the ledger or about to be there.
    fn earlier(&self, positions: &[u64]) -> Result<Vec<Earlier>, CommitFailed> {
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        let positions: BTreeSet<u64> = positions.iter().copied().collect();
        let pending = self.pending.values().map(Earlier::from);
        let mut earlier: Vec<Earlier> = pending
            .filter(|earlier| positions.contains(&earlier.position))
            .collect();
        let reader = self.tenant.reader();
        let durable = reader.head(self.number()).position;
        let is_stored = |position: &u64| (1..=durable).contains(position);
        let stored: Vec<u64> = positions.iter().copied().filter(is_stored).collect();
        reader.gather(self.number(), &stored, |_, bytes| {
            earlier.extend(Header::peek(bytes).ok().as_ref().map(Earlier::from));
        })?;
        earlier.sort_unstable_by_key(|earlier| earlier.position);
        earlier.dedup_by_key(|earlier| earlier.position);
        Ok(earlier)
    }

    pub(super) fn begin_atomic(&mut self) {
        self.deciders.begin();
        let (next_position, recorded_at) = (self.next_position, self.recorded_at);
        self.begun = Some(Begun {
            next_position,
            recorded_at,
            events: Vec::new(),
        });
    }

    pub(super) fn keep(&mut self) {
        self.deciders.keep();
        self.begun = None;
    }

    /// Answers the first position that was taken back.
    pub(super) fn rollback(&mut self) -> u64 {
        self.deciders.rollback();
        if let Some(begun) = self.begun.take() {
            self.next_position = begun.next_position;
            self.recorded_at = begun.recorded_at;
            begun.events.iter().for_each(|event| {
                self.pending.remove(event);
            });
        }
        self.publication.take_back(self.next_position);
        self.next_position
    }

    /// What was decided is durable: readers may see it.
    pub(super) fn committed(&mut self, records: &[Record]) {
        if let Some(last) = records.last() {
            let durable = last.header.position;
            // What was decided since is in no index yet.
            self.pending.retain(|_, known| known.position > durable);
            // Whoever waits for the position finds what was decided with it, and nothing later.
            if let Some(values) = self.publication.durable(durable) {
                self.tenant.publish(values.clone());
            }
            self.tenant.set_head(durable);
        }
    }
}

impl From<&Header> for Known {
    fn from(header: &Header) -> Self {
        Self {
            position: header.position,
            content: header.content,
            customer: header.customer,
            decision: header.decision.clone(),
            event_type: header.event_type,
            subject: header.subject,
        }
    }
}

impl From<&Known> for Earlier {
    fn from(known: &Known) -> Self {
        Self {
            position: known.position,
            event_type: known.event_type,
            subject: known.subject,
            customer: known.customer,
            is_effective: known.decision == Decision::Effective,
        }
    }
}

fn appended(header: &Header) -> Outcome {
    let kind = match &header.decision {
        Decision::Effective => OutcomeKind::Accepted,
        Decision::Ineffective { reason, winner } => OutcomeKind::Ineffective {
            reason: *reason,
            winner: *winner,
        },
    };
    Outcome {
        kind,
        position: Some(header.position),
        customer: header.customer,
    }
}

/// The same id again: with the same content it gets the first answer, for ever.
pub(crate) fn repeated(known: &Known, content: Digest) -> Outcome {
    let kind = match &known.decision {
        _ if known.content != content => OutcomeKind::Conflict,
        Decision::Effective => OutcomeKind::Duplicate,
        Decision::Ineffective { reason, winner } => OutcomeKind::Ineffective {
            reason: *reason,
            winner: *winner,
        },
    };
    Outcome {
        kind,
        position: Some(known.position),
        customer: known.customer,
    }
}
