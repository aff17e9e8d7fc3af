//! One tenant's part in a commit, from the check of its positions to the moment it is seen.

use crate::error::Error;
use crate::ledger::{read, write};
use crate::limits::{MAX_COMMIT_BYTES, MAX_RECORD_BYTES, MIN_RECORD_WEIGHT};
use crate::record::{Chain, Commit, Head, NewRecord, link};
use crate::run::Run;
use crate::seal::{self, Budget, Sealed};
use crate::tenant::{TailRun, Tenant};
use std::collections::BTreeSet;
use std::sync::{Arc, RwLock};
use touchbook_events::TenantNumber;

/// A tenant's part in a commit.
pub(crate) struct Staged<'a> {
    pub(crate) tenant: TenantNumber,
    pub(crate) state: Arc<RwLock<Tenant>>,
    pub(crate) before: Head,
    pub(crate) records: &'a [NewRecord<'a>],
    pub(crate) new: TailRun,
    pub(crate) sealed: Vec<Sealed>,
}

impl<'a> Staged<'a> {
    /// Checks the records' positions and computes their chain.
    pub(crate) fn new(
        state: Arc<RwLock<Tenant>>,
        tenant: TenantNumber,
        records: &'a [NewRecord<'a>],
    ) -> Result<Self, Error> {
        let before = read(&state).head;
        check_positions(tenant, before.position, records)?;
        let mut chain = before.chain;
        let chains = records.iter().map(|record| {
            chain = link(&chain, record.bytes);
            chain
        });
        let chains: Arc<[Chain]> = chains.collect();
        let run = Run::copied(
            before.position + 1,
            records.iter().map(|record| record.bytes),
        );
        let new = TailRun {
            run: Arc::new(run),
            chains,
        };
        Ok(Self {
            tenant,
            state,
            before,
            records,
            new,
            sealed: Vec::new(),
        })
    }

    /// Seals what fills blocks, or everything if `early`.
    pub(crate) fn seal(&mut self, commit: u64, early: bool, budget: &mut Budget) {
        let state = read(&self.state);
        let (records, bytes) = state.unsealed();
        let records = records + self.records.len();
        if early || seal::fills_a_block(records, bytes + self.new.run.bytes()) {
            let runs: Vec<_> = state.tail.iter().chain([&self.new]).collect();
            let first = state.sealed_to + 1;
            self.sealed = seal::seal(self.tenant, commit, first, &runs, early, budget);
        }
    }

    /// The first of the new records that went into no block.
    pub(crate) fn first_in_frame(&self) -> u64 {
        let sealed_to = self.sealed.last().map_or(0, |sealed| sealed.last);
        self.new.run.first().max(sealed_to + 1)
    }

    /// The chain before the new record at `first`.
    pub(crate) fn chain_before(&self, first: u64) -> Chain {
        match first.checked_sub(self.new.run.first() + 1) {
            Some(index) => self.new.chains[index as usize],
            None => self.before.chain,
        }
    }

    /// Shows readers what has become durable.
    pub(crate) fn publish(self) -> Option<Head> {
        let mut state = write(&self.state);
        state.push_tail(self.new);
        for record in self.records {
            state.index(&record.peek);
        }
        for sealed in self.sealed {
            state.seal(sealed.entry, sealed.last, sealed.bytes);
        }
        state.trim_tail();
        (!self.records.is_empty()).then_some(state.head)
    }
}

/// Refuses what is over a limit or names a tenant twice.
pub(crate) fn check_sizes(commit: &Commit<'_>) -> Result<(), Error> {
    let mut tenants = BTreeSet::new();
    let mut total = 0;
    for (tenant, records) in &commit.tenants {
        if !tenants.insert(*tenant) {
            return Err(Error::TenantTwice { tenant: *tenant });
        }
        for record in records {
            let (bytes, max) = (record.bytes.len(), MAX_RECORD_BYTES);
            if bytes > max {
                let position = record.peek.position;
                return Err(Error::RecordTooLarge {
                    tenant: *tenant,
                    position,
                    bytes,
                    max,
                });
            }
            total += bytes.max(MIN_RECORD_WEIGHT);
        }
    }
    if total > MAX_COMMIT_BYTES {
        return Err(Error::CommitTooLarge {
            bytes: total,
            max: MAX_COMMIT_BYTES,
        });
    }
    Ok(())
}

fn check_positions(
    tenant: TenantNumber,
    head: u64,
    records: &[NewRecord<'_>],
) -> Result<(), Error> {
    for (record, expected) in records.iter().zip(head + 1..) {
        let position = record.peek.position;
        if position != expected {
            return Err(Error::NotNext {
                tenant,
                position,
                expected,
            });
        }
    }
    Ok(())
}
