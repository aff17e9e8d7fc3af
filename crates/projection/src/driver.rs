//! A whole tenant in memory, for tests: deciders, a ledger that is a list, projections on demand.

mod named;
mod script;

pub use named::Named;
pub use script::{Script, at};

use crate::decider::{Context, Decider, Earlier};
use crate::deciders::{Decided, Deciders};
use crate::history::{History, HistoryError};
use crate::projection::{Folding, Projection};
use crate::projector::Projector;
use crate::schema_bytes::SchemaBytes;
use hashbrown::HashMap;
use touchbook_events::incoming::Entrance;
use touchbook_events::{
    CustomerId, Decision, Digest, Header, Incoming, Principal, Problem, Record, TenantKey,
    Timestamp,
};

/// Decides and keeps what it is sent, as a node's writer does.
///
/// Every record is encoded and decoded on its way, so that no test passes with one that could not
/// be stored.
pub struct Driver {
    key: TenantKey,
    deciders: Deciders,
    records: Vec<Record>,
    /// The position of every event that was sent.
    events: HashMap<Digest, u64>,
}

/// What became of an event that was sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It stands at `position`, with its consequences around it.
    Appended {
        position: u64,
        customer: Option<CustomerId>,
        decision: Decision,
    },
    /// The record at `position` says the same.
    Duplicate {
        position: u64,
        customer: Option<CustomerId>,
    },
    /// The record at `position` has its source and id, and says something else.
    Conflict {
        position: u64,
    },
    Refused(Problem),
}

impl Outcome {
    /// The position of the record that holds the event, whenever it was sent.
    pub fn position(&self) -> Option<u64> {
        match self {
            Self::Appended { position, .. } | Self::Duplicate { position, .. } => Some(*position),
            Self::Conflict { .. } | Self::Refused(_) => None,
        }
    }

    pub fn customer(&self) -> Option<CustomerId> {
        match self {
            Self::Appended { customer, .. } | Self::Duplicate { customer, .. } => *customer,
            Self::Conflict { .. } | Self::Refused(_) => None,
        }
    }
}

impl Driver {
    pub fn new(deciders: Vec<Box<dyn Decider>>) -> Self {
        Self {
            key: TenantKey::from_salt(b"touchbook tests"),
            deciders: Deciders::new(deciders),
            records: Vec::new(),
            events: HashMap::new(),
        }
    }

    pub fn key(&self) -> &TenantKey {
        &self.key
    }

    pub fn deciders(&self) -> &Deciders {
        &self.deciders
    }

    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The position of the newest record.
    pub fn head(&self) -> u64 {
        self.records.len() as u64
    }

    /// Sends one event in JSON, from Touchbook itself, so that every type is admitted.
    pub fn send(&mut self, json: &str, recorded_at: Timestamp) -> Outcome {
        self.send_as(&Principal::touchbook(), json, recorded_at)
    }

    /// The same from somebody else.
    pub fn send_as(
        &mut self,
        principal: &Principal,
        json: &str,
        recorded_at: Timestamp,
    ) -> Outcome {
        match Incoming::read(json, Entrance::Service, principal, &self.key) {
            Ok(incoming) => self.send_incoming(incoming, recorded_at),
            Err(problem) => Outcome::Refused(problem),
        }
    }

    pub fn send_incoming(&mut self, incoming: Incoming, recorded_at: Timestamp) -> Outcome {
        let (event_key, content) = (incoming.event_key, incoming.content);
        if let Some(&position) = self.events.get(&event_key) {
            let first = &self.records[position as usize - 1].header;
            return match first.content == content {
                true => Outcome::Duplicate {
                    position,
                    customer: first.customer,
                },
                false => Outcome::Conflict { position },
            };
        }
        let earlier: Vec<Earlier> = self.earlier(&incoming);
        let context = Context {
            schema_bytes: SchemaBytes::default().with(&incoming.data),
            earlier: &earlier,
            key: &self.key,
            recorded_at,
            stream_sequence: self.head() + 1,
            next_position: self.head() + 1,
        };
        match self.deciders.decide(context, incoming) {
            Decided::Refuse(problem) => Outcome::Refused(problem),
            Decided::Duplicate { position, customer } => Outcome::Duplicate { position, customer },
            Decided::Append { records, index } => {
                let position = self.head() + 1 + index as u64;
                self.records.extend(records.iter().map(stored));
                self.events.insert(event_key, position);
                let Header {
                    customer, decision, ..
                } = self.records[position as usize - 1].header.clone();
                Outcome::Appended {
                    position,
                    customer,
                    decision,
                }
            }
        }
    }

    fn earlier(&self, incoming: &Incoming) -> Vec<Earlier> {
        let positions = incoming.data.positions().iter();
        positions
            .filter_map(|position| self.records.get((position.checked_sub(1)?) as usize))
            .map(|record| Earlier::from(&record.header))
            .collect()
    }

    /// A projection of everything so far, folded live in one batch.
    ///
    /// # Panics
    /// Never: a list can always be read.
    pub fn project<P: Projector>(&self) -> Projection<P> {
        let projection = Projection::new(Folding::Live);
        projection
            .apply_batch(&self.records, self)
            .expect("a list can be read");
        projection
    }

    /// A projection of everything so far, rebuilt in bulk.
    ///
    /// # Panics
    /// Never: a list can always be read.
    pub fn rebuild<P: Projector>(&self) -> Projection<P> {
        let projection = Projection::new(Folding::Bulk);
        projection
            .apply_batch(&self.records, self)
            .expect("a list can be read");
        projection.go_live(self).expect("a list can be read");
        projection
    }
}

/// A record as the ledger would give it back.
fn stored(record: &Record) -> Record {
    let bytes = record.to_bytes().expect("a record can be encoded");
    let stored = Record::decode(&bytes).expect("what was encoded can be decoded");
    assert_eq!(
        stored.to_bytes().ok().as_ref(),
        Some(&bytes),
        "decoded differs from encoded"
    );
    stored
}

impl History for Driver {
    fn records_of(
        &self,
        customer: Option<CustomerId>,
        to: u64,
        each: &mut dyn FnMut(Record),
    ) -> Result<(), HistoryError> {
        self.records.records_of(customer, to, each)
    }

    fn header_at(&self, position: u64) -> Result<Option<Header>, HistoryError> {
        self.records.header_at(position)
    }
}

/// A ledger that is a list of records in order of position, with or without gaps.
impl History for Vec<Record> {
    fn records_of(
        &self,
        customer: Option<CustomerId>,
        to: u64,
        each: &mut dyn FnMut(Record),
    ) -> Result<(), HistoryError> {
        self.iter()
            .take_while(|record| record.header.position <= to)
            .filter(|record| record.header.customer == customer)
            .for_each(|record| each(record.clone()));
        Ok(())
    }

    fn header_at(&self, position: u64) -> Result<Option<Header>, HistoryError> {
        let found = self.binary_search_by_key(&position, |record| record.header.position);
        Ok(found.ok().map(|at| self[at].header.clone()))
    }
}
