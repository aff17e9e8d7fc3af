//! What makes a customer's slice: groups, retractions and assigned subjects (design idea 4).
//!
//! [`Slices`] is a journal of the records that ever changed a slice, and what they come to. The
//! journal alone is stored. It makes slices known at every position, not only at the last: what was
//! known when, and a start from shards that were snapshotted at different positions, need that.
//!
//! The records of the journal are in no slice themselves, so that what was merged and unmerged is
//! as if it had never been merged (design law 4). For the same reason a retraction of one of them
//! changes nothing; each is undone by its counterpart.

mod change;
mod grouping;
mod groups;
mod subjects;

pub use grouping::Grouping;
pub use groups::Groups;

use crate::history::{History, HistoryError};
use crate::snapshot;
use change::Change;
use hashbrown::HashSet;
use std::collections::BTreeSet;
use subjects::Subjects;
use touchbook_events::{CustomerId, EventType, Header, Record};

/// What is to be done for a customer whose slice changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refold {
    /// Its records are no longer what was folded.
    Fold(CustomerId),
    /// It is canonical no more; what it had is in another's slice.
    Gone(CustomerId),
}

impl Refold {
    pub fn customer(self) -> CustomerId {
        match self {
            Self::Fold(customer) | Self::Gone(customer) => customer,
        }
    }
}

/// The members whose slices `record` changes without being in any, before and after it.
pub fn concerned_by(record: &Record) -> Vec<CustomerId> {
    Change::of(record).map_or_else(Vec::new, |change| change.concerned())
}

/// Which records make which customer's slice, as of one position.
#[derive(Clone, Debug, Default)]
pub struct Slices {
    /// Positions and what was changed there, in order.
    journal: Vec<(u64, Change)>,
    grouping: Grouping,
    subjects: Subjects,
    retracted: HashSet<u64>,
    regrouped_at: u64,
    assigned_at: u64,
}

impl Slices {
    /// Whether records of this type change slices, and therefore are in none.
    pub fn is_changed_by(event_type: EventType) -> bool {
        Change::is_made_by(event_type)
    }

    /// Takes in `record`; says for whom that changed what is to be folded, each customer once.
    ///
    /// # Errors
    /// When the past of a retracted record can't be read; nothing is changed then.
    pub fn apply<H: History + ?Sized>(
        &mut self,
        record: &Record,
        history: &H,
    ) -> Result<Vec<Refold>, HistoryError> {
        match Change::of(record) {
            Some(change) => self.change(record.header.position, change, history),
            None => Ok(Vec::new()),
        }
    }

    fn change<H: History + ?Sized>(
        &mut self,
        position: u64,
        change: Change,
        history: &H,
    ) -> Result<Vec<Refold>, HistoryError> {
        let members = self.touched_by(position, &change, history)?;
        let mut customers: BTreeSet<CustomerId> = members
            .iter()
            .map(|member| self.canonical(*member))
            .collect();
        self.evolve(position, &change);
        self.journal.push((position, change));
        customers.extend(members.iter().map(|member| self.canonical(*member)));
        let refold = |customer| match self.canonical(customer) == customer {
            true => Refold::Fold(customer),
            false => Refold::Gone(customer),
        };
        Ok(customers.into_iter().map(refold).collect())
    }

    /// The members whose records `change`, made at `position`, moves, drops or brings back.
    fn touched_by<H: History + ?Sized>(
        &self,
        position: u64,
        change: &Change,
        history: &H,
    ) -> Result<Vec<CustomerId>, HistoryError> {
        match change {
            Change::Merge { .. } | Change::Unmerge { .. } => Ok(change.concerned()),
            Change::Assign { subject, from, to } => {
                Ok(self.subjects.touched_by(*subject, *from, *to))
            }
            Change::Retract { positions, .. } => {
                let dropped = |at: &u64| *at < position && !self.retracted.contains(at);
                self.members_at(positions.iter().copied().filter(dropped), history)
            }
            Change::Reinstate { positions, .. } => {
                let back = |at: &u64| self.retracted.contains(at);
                self.members_at(positions.iter().copied().filter(back), history)
            }
        }
    }

    fn members_at<H: History + ?Sized>(
        &self,
        positions: impl Iterator<Item = u64>,
        history: &H,
    ) -> Result<Vec<CustomerId>, HistoryError> {
        let mut members = Vec::new();
        for position in positions {
            let header = history.header_at(position)?;
            members.extend(header.and_then(|header| self.member(&header)));
        }
        Ok(members)
    }

    fn evolve(&mut self, position: u64, change: &Change) {
        self.grouping.take(position, change);
        match change {
            Change::Merge { .. } | Change::Unmerge { .. } => self.regrouped_at = position,
            Change::Assign { subject, from, to } => {
                self.subjects.assign(*subject, *from, *to);
                self.assigned_at = position;
            }
            // What is recorded later is not meant, even when its position was guessed right.
            Change::Retract { positions, .. } => {
                self.retracted
                    .extend(positions.iter().filter(|at| **at < position));
            }
            Change::Reinstate { positions, .. } => positions.iter().for_each(|at| {
                self.retracted.remove(at);
            }),
        }
    }

    /// The group's name for a customer: its own where it was merged into none.
    pub fn canonical(&self, customer: CustomerId) -> CustomerId {
        self.grouping.canonical(customer)
    }

    /// Everybody in the group of `canonical`, itself among them, in order of ids.
    pub fn members(&self, canonical: CustomerId) -> Vec<CustomerId> {
        self.grouping.members(canonical)
    }

    pub fn grouping(&self) -> &Grouping {
        &self.grouping
    }

    /// The canonical customer in whose slice a record is; `None` for one that is ineffective,
    /// retracted or nobody's, or that changes slices.
    pub fn belongs(&self, header: &Header) -> Option<CustomerId> {
        if self.is_retracted(header.position) {
            return None;
        }
        self.member(header).map(|member| self.canonical(member))
    }

    /// As [`Slices::belongs`], for a record after all that was ever retracted.
    pub(crate) fn newest_belongs(&self, header: &Header) -> Option<CustomerId> {
        self.member(header).map(|member| self.canonical(member))
    }

    pub fn is_retracted(&self, position: u64) -> bool {
        !self.retracted.is_empty() && self.retracted.contains(&position)
    }

    /// The member to whom a record was assigned in the end.
    fn member(&self, header: &Header) -> Option<CustomerId> {
        if !header.is_effective() || Change::is_made_by(header.event_type) {
            return None;
        }
        let named = header.customer?;
        let owner = self.subjects.owner(header.subject, named);
        let moves = owner == named || header.event_type.goes_with_its_subject();
        Some(if moves { owner } else { named })
    }

    /// Hands over the slice of `canonical` up to position `to`, in order.
    ///
    /// These slices should be those as of `to` ([`Slices::at`]).
    ///
    /// # Errors
    /// When `history` can't be read.
    pub fn slice<H: History + ?Sized>(
        &self,
        canonical: CustomerId,
        history: &H,
        to: u64,
        each: &mut dyn FnMut(&Record),
    ) -> Result<(), HistoryError> {
        let members = self.grouping.members(canonical);
        let mut sources: BTreeSet<CustomerId> = members.iter().copied().collect();
        for member in &members {
            sources.extend(self.subjects.sources_of(*member));
        }
        let belongs = |record: &Record| self.belongs(&record.header) == Some(canonical);
        if sources.len() == 1 {
            return history.records_of(Some(canonical), to, &mut |record| {
                if belongs(&record) {
                    each(&record);
                }
            });
        }
        let mut records = Vec::new();
        for source in sources {
            history.records_of(Some(source), to, &mut |record| {
                if belongs(&record) {
                    records.push(record);
                }
            })?;
        }
        records.sort_unstable_by_key(|record| record.header.position);
        records.iter().for_each(each);
        Ok(())
    }

    /// The slices as they were at an earlier position.
    #[must_use]
    pub fn at(&self, position: u64) -> Self {
        let known = self.journal.partition_point(|(at, _)| *at <= position);
        if known == self.journal.len() {
            return self.clone();
        }
        Self::from_journal(self.journal[..known].to_vec())
    }

    /// The slices as they would be after a merge, for who asks before it.
    #[must_use]
    pub fn merged(&self, into: CustomerId, members: &[CustomerId]) -> Self {
        let mut slices = self.clone();
        let members = members.to_vec();
        slices.evolve(self.changed_at() + 1, &Change::Merge { into, members });
        slices
    }

    /// The position of the last change, 0 before the first.
    pub fn changed_at(&self) -> u64 {
        self.journal.last().map_or(0, |(position, _)| *position)
    }

    /// The position of the last merge or unmerge, 0 before the first.
    pub fn regrouped_at(&self) -> u64 {
        self.regrouped_at
    }

    /// The position of the last change that moved records from one customer to another, 0 before
    /// the first: what is retracted, or comes back, stays with its customer.
    pub fn moved_at(&self) -> u64 {
        self.regrouped_at.max(self.assigned_at)
    }

    fn from_journal(journal: Vec<(u64, Change)>) -> Self {
        let mut slices = Self::default();
        for (position, change) in &journal {
            slices.evolve(*position, change);
        }
        Self { journal, ..slices }
    }

    /// Takes back the change at the end, made at `position`.
    pub(crate) fn take_back(&mut self, position: u64) {
        *self = self.at(position - 1);
    }

    pub(crate) fn last_change(&self) -> Option<&Change> {
        self.journal.last().map(|(_, change)| change)
    }

    pub fn encode(&self) -> Vec<u8> {
        snapshot::encode_state(&self.journal)
    }

    /// Reads slices as of `position`.
    ///
    /// # Errors
    /// When `body` holds no journal that ends there.
    pub fn decode(body: &[u8], position: u64) -> Result<Self, snapshot::Error> {
        let journal: Vec<(u64, Change)> = snapshot::decode_state(body)?;
        let ordered = journal.is_sorted_by(|one, next| one.0 < next.0);
        if !ordered || journal.last().is_some_and(|(last, _)| *last > position) {
            return Err(snapshot::Error::Changes);
        }
        Ok(Self::from_journal(journal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use touchbook_events::Digest;

    #[test]
    fn only_what_changes_hands_moves() {
        let [a, b] = [1, 2].map(|number| CustomerId::from_bytes([number; 16]));
        let changes = [
            Change::Merge {
                into: a,
                members: vec![b],
            },
            Change::Retract {
                positions: vec![1],
                customers: vec![a],
            },
            Change::Assign {
                subject: Digest([7; 16]),
                from: Some(a),
                to: b,
            },
            Change::Reinstate {
                positions: vec![1],
                customers: vec![a],
            },
            Change::Unmerge { members: vec![b] },
        ];
        let journal: Vec<_> = (11..).zip(changes).collect();
        let seen = |changes: usize| {
            let slices = Slices::from_journal(journal[..changes].to_vec());
            [
                slices.changed_at(),
                slices.moved_at(),
                slices.regrouped_at(),
            ]
        };
        let all: Vec<_> = (0..=journal.len()).map(seen).collect();
        let want = [
            [0, 0, 0],
            [11, 11, 11],
            [12, 11, 11],
            [13, 13, 11],
            [14, 13, 11],
            [15, 15, 15],
        ];
        assert_eq!(all, want);
    }
}
