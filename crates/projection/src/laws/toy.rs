//! A decider and a projector that know just enough to move records between customers.

use crate::decider::{Decider, Draft, Verdict};
use crate::projector::Projector;
use crate::slices::{Groups, Slices};
use crate::snapshot;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use touchbook_events::record::Ineffective;
use touchbook_events::{CustomerId, Data, Decision, Digest, Record};

/// Assigns customers by subject, else by the id they are named by; judges what changes slices.
#[derive(Default)]
pub(super) struct ToyDecider {
    state: State,
    begun: State,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct State {
    groups: Groups,
    subjects: BTreeMap<Digest, CustomerId>,
    retracted: BTreeSet<u64>,
    head: u64,
}

impl State {
    /// Whether every part of what `data` asks for would change something.
    fn changes(&self, data: &Data) -> bool {
        let mut groups = self.groups.clone();
        match data {
            Data::CustomerMerged(data) => {
                let facts = &data.facts;
                facts
                    .members
                    .iter()
                    .all(|member| groups.merge(facts.into, *member))
            }
            Data::CustomerUnmerged(data) => data
                .facts
                .members
                .iter()
                .all(|member| groups.unmerge(*member)),
            Data::EventRetracted(data) => data
                .facts
                .positions
                .iter()
                .all(|at| !self.retracted.contains(at)),
            Data::EventReinstated(data) => data
                .facts
                .positions
                .iter()
                .all(|at| self.retracted.contains(at)),
            Data::SubjectAssigned(data) => {
                self.subjects.get(&data.facts.subject) != Some(&data.facts.to)
            }
            _ => true,
        }
    }
}

impl Decider for ToyDecider {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn version(&self) -> u32 {
        1
    }

    fn decide(&self, draft: &mut Draft<'_>) {
        let incoming = &draft.incoming;
        let named = incoming
            .data
            .customer_ref()
            .and_then(|customer| customer.id);
        if !Slices::is_changed_by(incoming.data.event_type()) {
            draft.customer = self
                .state
                .subjects
                .get(&incoming.subject)
                .copied()
                .or(named);
        } else if !self.state.changes(&incoming.data) {
            let reason = Ineffective::Unchanged;
            draft.verdict = Verdict::Append(Decision::Ineffective {
                reason,
                winner: None,
            });
        }
    }

    fn apply(&mut self, record: &Record) {
        self.state.head = record.header.position;
        if !record.header.is_effective() {
            return;
        }
        match &record.data {
            Data::CustomerMerged(data) => data.facts.members.iter().for_each(|member| {
                self.state.groups.merge(data.facts.into, *member);
            }),
            Data::CustomerUnmerged(data) => data.facts.members.iter().for_each(|member| {
                self.state.groups.unmerge(*member);
            }),
            Data::EventRetracted(data) => self.state.retracted.extend(&data.facts.positions),
            Data::EventReinstated(data) => data.facts.positions.iter().for_each(|at| {
                self.state.retracted.remove(at);
            }),
            Data::SubjectAssigned(data) => {
                self.state
                    .subjects
                    .insert(data.facts.subject, data.facts.to);
            }
            _ => {
                if let Some(customer) = record.header.customer {
                    self.state
                        .subjects
                        .entry(record.header.subject)
                        .or_insert(customer);
                }
            }
        }
    }

    fn encode(&self) -> Vec<u8> {
        snapshot::encode_state(&self.state)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), snapshot::Error> {
        self.state = snapshot::decode_state(bytes)?;
        Ok(())
    }

    fn begin(&mut self) {
        self.begun = self.state.clone();
    }

    fn rollback(&mut self) {
        self.state = self.begun.clone();
    }

    fn keep(&mut self) {}
}

/// Lists, counts and sums; its order shows in the list. A call of [`FATAL_SECONDS`] makes it panic.
pub(super) struct Toy;

pub(super) const FATAL_SECONDS: u32 = 13;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ToyState {
    pub(super) positions: Vec<u64>,
    pub(super) subjects: BTreeSet<Digest>,
    pub(super) seconds: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ToyIndex {
    pub(super) customers: BTreeMap<CustomerId, (usize, u64)>,
    pub(super) seconds: u64,
    pub(super) tenant: Vec<u64>,
}

impl Projector for Toy {
    type State = ToyState;
    type Contribution = (usize, u64);
    type Index = ToyIndex;

    const NAME: &'static str = "toy";
    const VERSION: u32 = 1;

    fn apply(state: &mut ToyState, record: &Record) {
        state.positions.push(record.header.position);
        state.subjects.insert(record.header.subject);
        if let Data::CallEnded(data) = &record.data {
            let seconds = data.facts.duration_seconds.unwrap_or_default();
            assert_ne!(seconds, FATAL_SECONDS, "quotes {:?}", record.sent);
            state.seconds += u64::from(seconds);
        }
    }

    fn contribution(_: CustomerId, state: &ToyState) -> Option<(usize, u64)> {
        Some((state.positions.len(), state.seconds))
    }

    fn contribute(
        index: &mut ToyIndex,
        customer: CustomerId,
        before: Option<(usize, u64)>,
        after: Option<(usize, u64)>,
    ) {
        assert_eq!(index.customers.remove(&customer), before);
        index.seconds -= before.map_or(0, |(_, seconds)| seconds);
        index.seconds += after.map_or(0, |(_, seconds)| seconds);
        index.customers.extend(after.map(|after| (customer, after)));
    }

    fn tenant_record(index: &mut ToyIndex, record: &Record) {
        index.tenant.push(record.header.position);
    }

    fn key(record: &Record) -> Option<Digest> {
        Some(record.header.subject)
    }

    fn keys(state: &ToyState, each: &mut dyn FnMut(Digest)) {
        state.subjects.iter().copied().for_each(each);
    }
}
