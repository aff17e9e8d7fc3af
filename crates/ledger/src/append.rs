//! Appending one commit.
//!
//! Long records' chunks and full blocks are written first, the frame last, then everything is made
//! durable, and only then do readers see it. A commit of which only a part reached the disk is
//! dropped when the ledger is opened: its frame or one of its blocks is missing.

use crate::block;
use crate::error::Error;
use crate::frame;
use crate::ledger::{FrameEntry, Ledger, read, write};
use crate::limits::{REMOVALS, TAIL_BYTES, TAIL_FRAMES};
use crate::mark::{self, Mark};
use crate::oversize;
use crate::record::{Appended, Commit, Head};
use crate::seal::{self, Budget};
use crate::staged::{self, Staged};
use crate::tenant::Tenant;
use crate::volume::Store;
use std::collections::BTreeSet;
use std::sync::{Arc, RwLock};
use touchbook_events::TenantNumber;

/// All values of a commit, in the order in which they are written.
struct Plan<'a> {
    commit: u64,
    staged: Vec<Staged<'a>>,
    parts: Vec<Vec<u8>>,
    removed: usize,
}

impl Ledger {
    /// Appends a commit and returns when it is durable.
    ///
    /// Positions must follow each tenant's head without a gap. After an error of the disk every
    /// further append fails: the process must end, and what it left is judged at the next start.
    pub fn append(&mut self, commit: &Commit<'_>) -> Result<Appended, Error> {
        self.disk.check()?;
        if self.read_only {
            return Err(Error::ReadOnly);
        }
        staged::check_sizes(commit)?;
        let plan = self.plan(commit)?;
        self.write(&plan)?;
        self.disk.make_durable()?;
        Ok(self.publish(plan, commit))
    }

    fn plan<'a>(&self, commit: &'a Commit<'a>) -> Result<Plan<'a>, Error> {
        let number = self.last_commit + 1;
        let mut early = self.to_seal_early();
        let mut budget = Budget::new();
        let mut staged = Vec::with_capacity(commit.tenants.len());
        for (tenant, records) in commit
            .tenants
            .iter()
            .filter(|(_, records)| !records.is_empty())
        {
            let mut part = Staged::new(self.state(*tenant), *tenant, records)?;
            part.seal(number, early.remove(tenant), &mut budget);
            staged.push(part);
        }
        for tenant in early {
            let mut part = Staged::new(self.state(tenant), tenant, &[])?;
            part.seal(number, true, &mut budget);
            if !part.sealed.is_empty() {
                staged.push(part);
            }
        }
        let parts = self.frame(number, commit, &staged);
        Ok(Plan {
            commit: number,
            staged,
            parts,
            removed: self.removable(),
        })
    }

    /// What is known of a tenant; a new one is shown only when its first record is durable.
    fn state(&self, tenant: TenantNumber) -> Arc<RwLock<Tenant>> {
        self.shared.tenant(tenant).unwrap_or_default()
    }

    /// The tenants of the oldest frames, when there are too many frames: a tenant that rarely has
    /// a record must not keep everybody else's frames for ever.
    fn to_seal_early(&self) -> BTreeSet<TenantNumber> {
        let mut tenants = BTreeSet::new();
        let mut excess_frames = self.frames.entries.len().saturating_sub(TAIL_FRAMES);
        let mut excess_bytes = self.frames.bytes.saturating_sub(TAIL_BYTES);
        for frame in &self.frames.entries {
            if (excess_frames == 0 && excess_bytes == 0) || tenants.len() > seal::MAX_EARLY {
                break;
            }
            excess_frames = excess_frames.saturating_sub(1);
            excess_bytes = excess_bytes.saturating_sub(frame.bytes);
            let unsealed = frame
                .lasts
                .iter()
                .filter(|(tenant, last)| !self.is_sealed(*tenant, *last));
            tenants.extend(unsealed.map(|(tenant, _)| *tenant));
        }
        tenants
    }

    fn is_sealed(&self, tenant: TenantNumber, position: u64) -> bool {
        self.shared
            .tenant(tenant)
            .is_some_and(|state| read(&state).sealed_to >= position)
    }

    /// How many of the oldest frames may go: all their records are in blocks that earlier commits
    /// made durable. The last one stays, since it proves the blocks of its own commit.
    fn removable(&self) -> usize {
        let candidates = self.frames.entries.len().saturating_sub(1).min(REMOVALS);
        let sealed = |frame: &&FrameEntry| {
            frame
                .lasts
                .iter()
                .all(|(tenant, last)| self.is_sealed(*tenant, *last))
        };
        self.frames
            .entries
            .iter()
            .take(candidates)
            .take_while(sealed)
            .count()
    }

    fn frame(&self, number: u64, commit: &Commit<'_>, staged: &[Staged<'_>]) -> Vec<Vec<u8>> {
        let mut builder = frame::Builder::default();
        let mut blocks = Vec::new();
        for part in staged {
            let first = part.first_in_frame();
            let records = part
                .new
                .from(first)
                .map(|(_, record, chain)| (record, chain));
            builder.section(part.tenant, first, part.chain_before(first), records);
            blocks.extend(
                part.sealed
                    .iter()
                    .map(|sealed| (sealed.tenant, sealed.entry.first)),
            );
        }
        let checkpoint = commit.checkpoint.or_else(|| *read(&self.shared.checkpoint));
        builder.finish(number, checkpoint, &blocks)
    }

    fn write(&mut self, plan: &Plan<'_>) -> Result<(), Error> {
        let store = &self.shared.store;
        let removed = self.frames.entries.iter().take(plan.removed);
        self.disk.write(|| {
            write_records(store, plan)?;
            for frame in removed {
                for part in 0..frame.parts {
                    store.tail.remove(frame::key(frame.commit, part))?;
                }
            }
            for (part, value) in plan.parts.iter().enumerate() {
                store
                    .tail
                    .insert(frame::key(plan.commit, part as u16), value.as_slice())?;
            }
            Ok(())
        })
    }

    /// Lets readers see what is durable.
    fn publish(&mut self, plan: Plan<'_>, commit: &Commit<'_>) -> Appended {
        for _ in 0..plan.removed {
            self.frames.pop();
        }
        self.frames.push(plan.entry());
        self.last_commit = plan.commit;
        self.count_frames();
        let mut heads = Vec::with_capacity(plan.staged.len());
        for part in plan.staged {
            let tenant = part.tenant;
            let is_new = part.before == Head::EMPTY;
            let state = Arc::clone(&part.state);
            heads.extend(part.publish().map(|head| (tenant, head)));
            if is_new {
                write(&self.shared.tenants).insert(tenant, state);
            }
        }
        if commit.checkpoint.is_some() {
            *write(&self.shared.checkpoint) = commit.checkpoint;
        }
        Appended {
            commit: plan.commit,
            heads,
        }
    }
}

fn write_records(store: &Store, plan: &Plan<'_>) -> sled::Result<()> {
    for part in &plan.staged {
        for record in part
            .records
            .iter()
            .filter(|record| oversize::is_oversize(record.bytes))
        {
            oversize::write(
                &store.chunks,
                part.tenant,
                record.peek.position,
                record.bytes,
            )?;
        }
        for sealed in &part.sealed {
            let key = block::key(sealed.tenant, sealed.entry.first);
            store.cache.accessed();
            store.blocks.insert(key, sealed.value.as_slice())?;
        }
        if let Some(sealed) = part.sealed.last() {
            let mark = Mark {
                commit: plan.commit,
                sealed_to: sealed.last,
            };
            store
                .marks
                .insert(mark::key(part.tenant), mark.encode(part.tenant))?;
        }
    }
    Ok(())
}

impl Plan<'_> {
    fn entry(&self) -> FrameEntry {
        let in_frame = |part: &&Staged<'_>| part.first_in_frame() < part.new.run.next();
        let lasts = self.staged.iter().filter(in_frame);
        FrameEntry {
            commit: self.commit,
            parts: self.parts.len() as u16,
            bytes: self.parts.iter().map(Vec::len).sum(),
            lasts: lasts
                .map(|part| (part.tenant, part.new.run.next() - 1))
                .collect(),
        }
    }
}
