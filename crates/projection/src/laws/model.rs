//! What a projection should be, by definition: filter the list of records, fold what is left.

use super::toy::{FATAL_SECONDS, Toy, ToyIndex, ToyState};
use crate::projector::Projector;
use crate::slices::Slices;
use std::collections::{BTreeMap, BTreeSet};
use touchbook_events::{CustomerId, Data, Digest, Record};

#[derive(Default)]
pub(super) struct Model {
    parents: BTreeMap<CustomerId, CustomerId>,
    retracted: BTreeSet<u64>,
    /// Every effective assignment: subject, from, to.
    assignments: Vec<(Digest, Option<CustomerId>, CustomerId)>,
    pub(super) states: BTreeMap<CustomerId, ToyState>,
    pub(super) stale: BTreeMap<CustomerId, u64>,
    tenant: Vec<u64>,
}

impl Model {
    pub(super) fn of(records: &[Record]) -> Self {
        let mut model = Self::default();
        let effective = || records.iter().filter(|record| record.header.is_effective());
        effective().for_each(|record| model.change(record));
        for record in effective() {
            model.fold(record);
        }
        model
    }

    fn change(&mut self, record: &Record) {
        match &record.data {
            Data::CustomerMerged(data) => {
                let members = data.facts.members.iter();
                self.parents
                    .extend(members.map(|member| (*member, data.facts.into)));
            }
            Data::CustomerUnmerged(data) => {
                self.parents
                    .retain(|member, _| !data.facts.members.contains(member));
            }
            Data::EventRetracted(data) => {
                let earlier = |position: &&u64| **position < record.header.position;
                self.retracted
                    .extend(data.facts.positions.iter().filter(earlier));
            }
            Data::EventReinstated(data) => {
                self.retracted
                    .retain(|position| !data.facts.positions.contains(position));
            }
            Data::SubjectAssigned(data) => {
                let facts = &data.facts;
                self.assignments.push((facts.subject, facts.from, facts.to));
            }
            _ => {}
        }
    }

    fn fold(&mut self, record: &Record) {
        let header = &record.header;
        if Slices::is_changed_by(header.event_type) {
            return;
        }
        let Some(named) = header.customer else {
            self.tenant.push(header.position);
            return;
        };
        if self.retracted.contains(&header.position) {
            return;
        }
        let mut assignments = self
            .assignments
            .iter()
            .filter(|(subject, ..)| *subject == header.subject);
        let moved = assignments
            .clone()
            .any(|(_, from, to)| *from == Some(named) || *to == named);
        let last = assignments.next_back().filter(|_| moved);
        let customer = self.canonical(last.map_or(named, |(_, _, to)| *to));
        let state = self.states.entry(customer).or_default();
        if self.stale.contains_key(&customer) {
            return;
        }
        match &record.data {
            Data::CallEnded(data) if data.facts.duration_seconds == Some(FATAL_SECONDS) => {
                self.stale.insert(customer, header.position);
            }
            _ => Toy::apply(state, record),
        }
    }

    pub(super) fn canonical(&self, customer: CustomerId) -> CustomerId {
        match self.parents.get(&customer) {
            Some(parent) => self.canonical(*parent),
            None => customer,
        }
    }

    pub(super) fn index(&self) -> ToyIndex {
        let customers = self
            .states
            .iter()
            .map(|(customer, state)| (*customer, (state.positions.len(), state.seconds)));
        ToyIndex {
            customers: customers.collect(),
            seconds: self.states.values().map(|state| state.seconds).sum(),
            tenant: self.tenant.clone(),
        }
    }
}
