//! The records that change slices, as what they change.

use super::Groups;
use serde::{Deserialize, Serialize};
use touchbook_events::{CustomerId, Data, Digest, EventType, Record};

/// What one record changed about who is whose; its facts, and nothing personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    Merge {
        into: CustomerId,
        members: Vec<CustomerId>,
    },
    Unmerge {
        members: Vec<CustomerId>,
    },
    Retract {
        positions: Vec<u64>,
        /// Whose records they are, as it was decided.
        customers: Vec<CustomerId>,
    },
    Reinstate {
        positions: Vec<u64>,
        customers: Vec<CustomerId>,
    },
    Assign {
        subject: Digest,
        from: Option<CustomerId>,
        to: CustomerId,
    },
}

impl Change {
    pub(super) fn is_made_by(event_type: EventType) -> bool {
        matches!(
            event_type,
            EventType::CustomerMerged
                | EventType::CustomerUnmerged
                | EventType::EventRetracted
                | EventType::EventReinstated
                | EventType::SubjectAssigned
        )
    }

    /// `None` for an ineffective record and for one of another type.
    pub(super) fn of(record: &Record) -> Option<Self> {
        if !record.header.is_effective() {
            return None;
        }
        match &record.data {
            Data::CustomerMerged(data) => {
                let (into, members) = (data.facts.into, data.facts.members.clone());
                Some(Self::Merge { into, members })
            }
            Data::CustomerUnmerged(data) => Some(Self::Unmerge {
                members: data.facts.members.clone(),
            }),
            Data::EventRetracted(data) => Some(Self::Retract {
                positions: data.facts.positions.clone(),
                customers: data.facts.customers.clone(),
            }),
            Data::EventReinstated(data) => Some(Self::Reinstate {
                positions: data.facts.positions.clone(),
                customers: data.facts.customers.clone(),
            }),
            Data::SubjectAssigned(data) => {
                let facts = &data.facts;
                Some(Self::Assign {
                    subject: facts.subject,
                    from: facts.from,
                    to: facts.to,
                })
            }
            _ => None,
        }
    }

    /// The members whose slices it may change.
    pub(super) fn concerned(&self) -> Vec<CustomerId> {
        match self {
            Self::Merge { into, members } => members.iter().copied().chain([*into]).collect(),
            Self::Unmerge { members } => members.clone(),
            Self::Retract { customers, .. } | Self::Reinstate { customers, .. } => {
                customers.clone()
            }
            Self::Assign { from, to, .. } => from.iter().copied().chain([*to]).collect(),
        }
    }

    pub(super) fn regroup(&self, groups: &mut Groups) {
        match self {
            Self::Merge { into, members } => members.iter().for_each(|member| {
                groups.merge(*into, *member);
            }),
            Self::Unmerge { members } => members.iter().for_each(|member| {
                groups.unmerge(*member);
            }),
            Self::Retract { .. } | Self::Reinstate { .. } | Self::Assign { .. } => {}
        }
    }
}
