//! What undoing an import comes to, or would.

use super::fields::set_by;
use super::looking::Looking;
use crate::imports::manifest::Undone;
use crate::limits::IMPORT_CONFLICTS_MAX;
use std::collections::{BTreeMap, HashSet};
use touchbook_engine::ReadError;
use touchbook_events::catalogue::import::ImportConflict;
use touchbook_events::{Code, CustomerId, Record};

impl Looking {
    /// Records that count no more since the import is undone, in however many attempts.
    pub(super) fn records(&self) -> u64 {
        let rows = self.own.all().filter(|at| !self.by_undoing.has(*at));
        rows.filter(|at| self.goes(*at)).count() as u64
    }

    /// What it comes to as far as the ledger is looked at.
    pub(super) fn undone(&self) -> Result<Undone, ReadError> {
        let gone = self.begun.all().filter(|at| !self.stays(*at));
        let mut undone = Undone {
            records: self.records(),
            customers: gone.count() as u64,
            policies: self.policies.clone(),
            ..Undone::default()
        };
        for position in self.first_others.all() {
            let header = self.header(position)?;
            let Some(customer) = header.and_then(|header| header.customer) else {
                continue;
            };
            let itself = self.stays(position).then_some(ImportConflict {
                customer,
                field: None,
                position,
            });
            let fields = self.fields_of(customer)?;
            for conflict in itself.into_iter().chain(fields) {
                undone.conflict_count += 1;
                if undone.conflicts.len() < IMPORT_CONFLICTS_MAX {
                    undone.conflicts.push(conflict);
                }
            }
        }
        Ok(undone)
    }

    /// Fields of a customer that the import set, and that others set after it.
    fn fields_of(&self, customer: CustomerId) -> Result<Vec<ImportConflict>, ReadError> {
        let mut by_import: HashSet<String> = HashSet::new();
        let mut by_others: BTreeMap<String, u64> = BTreeMap::new();
        let mut take = |record: Record| {
            let header = &record.header;
            if !header.is_effective() || self.is_dropped(header.position) {
                return;
            }
            let set = set_by(&record);
            if self.is_own(header) {
                by_import.extend(set);
                return;
            }
            for field in set {
                if by_import.contains(&field) {
                    by_others.insert(field, header.position);
                }
            }
        };
        self.tenant
            .customer_records(customer, self.head, &mut take)?;
        let conflicts = by_others
            .into_iter()
            .map(|(field, position)| ImportConflict {
                customer,
                field: Some(Code::clipped(&field)),
                position,
            });
        Ok(conflicts.collect())
    }
}
