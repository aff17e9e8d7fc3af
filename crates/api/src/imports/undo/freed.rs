//! Identifiers that customers got by an import.

use super::looking::Looking;
use touchbook_engine::ReadError;
use touchbook_events::{CustomerId, Data, IdentifierKind, Record};

/// An identifier that somebody got, or that was given back, by the record at `position`.
#[derive(Clone, Debug)]
pub(super) struct Freed {
    pub(super) position: u64,
    /// Which of the record's.
    pub(super) ordinal: usize,
    pub(super) customer: CustomerId,
    pub(super) kind: IdentifierKind,
    pub(super) value: String,
    /// The import made its customer, who may have to stay.
    pub(super) is_made: bool,
    /// How often somebody was in the way of giving it back.
    pub(super) attempt: u32,
}

impl Looking {
    /// Identifiers that are to be given back by at most `count` records from `at` on, and where to
    /// go on; `None` at the end.
    pub(super) fn to_free(
        &self,
        at: u64,
        count: usize,
    ) -> Result<Option<(Vec<Freed>, u64)>, ReadError> {
        let left = self.identity.since(at);
        let going = left.filter(|at| self.goes(*at) && !self.retracted.has(*at));
        let positions: Vec<u64> = going.take(count).collect();
        let next = positions.last().map(|last| last + 1);
        let freed = self.identifiers(&positions)?;
        Ok(next.map(|next| (freed, next)))
    }

    /// Identifiers of customers who stay after all, which were given back already.
    pub(super) fn to_restore(&self, count: usize) -> Result<Vec<Freed>, ReadError> {
        let left = self
            .freed
            .all()
            .filter(|at| self.stays(*at) && !self.restored.has(*at) && !self.retracted.has(*at));
        self.identifiers(&left.take(count).collect::<Vec<_>>())
    }

    fn identifiers(&self, positions: &[u64]) -> Result<Vec<Freed>, ReadError> {
        let mut all = Vec::new();
        for position in positions {
            if let Some(record) = self.tenant.record(*position)? {
                let is_made = self.made.has(*position);
                all.extend(identifiers(&record, is_made));
            }
        }
        Ok(all)
    }
}

fn identifiers(record: &Record, is_made: bool) -> Vec<Freed> {
    let Some(customer) = record.header.customer else {
        return Vec::new();
    };
    let named = named(&record.data).into_iter().enumerate();
    let freed = named.map(|(ordinal, (kind, value))| Freed {
        position: record.header.position,
        ordinal,
        customer,
        kind,
        value: value.to_owned(),
        is_made,
        attempt: 0,
    });
    freed.collect()
}

fn named(data: &Data) -> Vec<(IdentifierKind, &str)> {
    match data {
        Data::CustomerCreated(created) => {
            let personal = created.personal.iter();
            let sent = personal.flat_map(|personal| &personal.identifiers);
            sent.map(|one| (one.kind, one.value.as_str())).collect()
        }
        Data::IdentifierAttached(attached) => {
            let personal = attached.personal.iter();
            let kind = attached.facts.kind;
            personal.map(|one| (kind, one.value.as_str())).collect()
        }
        Data::IdentifierDetached(detached) => {
            let personal = detached.personal.iter();
            let kind = detached.facts.kind;
            personal.map(|one| (kind, one.value.as_str())).collect()
        }
        _ => Vec::new(),
    }
}
