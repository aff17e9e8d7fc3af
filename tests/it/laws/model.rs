//! What customers are, by definition: filter the list of records, fold what is left one by one.

use std::collections::{BTreeMap, BTreeSet};
use touchbook_events::{CustomerId, Data, Digest, Policies, Record};
use touchbook_projection::{Projector, Slices, snapshot};

/// Who belongs to whom and what is retracted, and every customer's records.
#[derive(Default)]
pub(super) struct Model<'a> {
    parents: BTreeMap<CustomerId, CustomerId>,
    retracted: BTreeSet<u64>,
    /// Every effective assignment: subject, from, to.
    assignments: Vec<(Digest, Option<CustomerId>, CustomerId)>,
    pub(super) slices: BTreeMap<CustomerId, Vec<&'a Record>>,
    /// Records that are no customer's.
    pub(super) tenant: Vec<&'a Record>,
    pub(super) policies: Policies,
}

impl<'a> Model<'a> {
    pub(super) fn of(records: &'a [Record]) -> Self {
        let mut model = Self::default();
        let effective = || records.iter().filter(|record| record.header.is_effective());
        effective().for_each(|record| model.change(record));
        effective().for_each(|record| model.place(record));
        model
    }

    fn change(&mut self, record: &Record) {
        match &record.data {
            Data::CustomerMerged(data) => {
                data.facts
                    .members
                    .iter()
                    .for_each(|member| self.merge(*member, data.facts.into));
            }
            Data::CustomerUnmerged(data) => {
                self.parents
                    .retain(|member, _| !data.facts.members.contains(member));
            }
            Data::EventRetracted(data) => self.retracted.extend(&data.facts.positions),
            Data::EventReinstated(data) => {
                self.retracted
                    .retain(|position| !data.facts.positions.contains(position));
            }
            Data::SubjectAssigned(data) => {
                let facts = &data.facts;
                self.assignments.push((facts.subject, facts.from, facts.to));
            }
            Data::PolicyDefined(data) => {
                let policy = data.personal.as_ref().unwrap();
                self.policies
                    .set(policy.name.as_ref().unwrap(), &policy.value.0)
                    .unwrap();
            }
            _ => {}
        }
    }

    /// A customer hangs on one other at most, and groups have no circles.
    fn merge(&mut self, member: CustomerId, into: CustomerId) {
        if !self.parents.contains_key(&member) && self.canonical(into) != member {
            self.parents.insert(member, into);
        }
    }

    fn place(&mut self, record: &'a Record) {
        let header = &record.header;
        if Slices::is_changed_by(header.event_type) {
            return;
        }
        let Some(named) = header.customer else {
            self.tenant.push(record);
            return;
        };
        if self.retracted.contains(&header.position) {
            return;
        }
        let of_subject = |(subject, ..): &&(Digest, _, _)| *subject == header.subject;
        let mut assignments = self.assignments.iter().filter(of_subject);
        let owned = |(_, from, to): &(_, Option<CustomerId>, CustomerId)| {
            *from == Some(named) || *to == named
        };
        let moved = assignments.clone().any(owned);
        let last = assignments.next_back().filter(|_| moved);
        let customer = self.canonical(last.map_or(named, |(_, _, to)| *to));
        self.slices.entry(customer).or_default().push(record);
    }

    pub(super) fn canonical(&self, customer: CustomerId) -> CustomerId {
        match self.parents.get(&customer) {
            Some(parent) => self.canonical(*parent),
            None => customer,
        }
    }

    /// Everybody who hangs on somebody.
    pub(super) fn merged(&self) -> Vec<CustomerId> {
        self.parents.keys().copied().collect()
    }

    pub(super) fn retracted(&self) -> Vec<u64> {
        self.retracted.iter().copied().collect()
    }

    pub(super) fn states<P: Projector>(&self) -> BTreeMap<CustomerId, P::State> {
        let fold = |records: &Vec<&Record>| {
            let mut concerning = records
                .iter()
                .filter(|record| P::concerns(record))
                .peekable();
            concerning.peek()?;
            let mut state = P::State::default();
            concerning.for_each(|record| P::apply(&mut state, record));
            Some(state)
        };
        let states = self.slices.iter();
        states
            .filter_map(|(customer, records)| Some((*customer, fold(records)?)))
            .collect()
    }

    pub(super) fn index<P: Projector>(&self, states: &BTreeMap<CustomerId, P::State>) -> P::Index {
        let mut index = P::Index::default();
        self.tenant
            .iter()
            .for_each(|record| P::tenant_record(&mut index, record));
        for (customer, state) in states {
            P::contribute(
                &mut index,
                *customer,
                None,
                P::contribution(*customer, state),
            );
        }
        index
    }
}

/// The sum modulo 2^256, least significant byte first, of every customer's BLAKE3 digest (law 3).
pub(super) fn digest<P: Projector>(states: &BTreeMap<CustomerId, P::State>) -> [u8; 32] {
    let mut sum = [0_u8; 32];
    for (customer, state) in states {
        let bytes = [customer.as_bytes(), &*snapshot::encode_state(state)].concat();
        let mut carry = 0;
        for (byte, other) in sum.iter_mut().zip(blake3::hash(&bytes).as_bytes()) {
            carry += u16::from(*byte) + u16::from(*other);
            [*byte, _] = carry.to_le_bytes();
            carry >>= 8;
        }
    }
    sum
}
