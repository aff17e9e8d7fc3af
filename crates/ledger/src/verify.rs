//! Verifying all that is stored of a tenant, and that the indexes agree.

use crate::error::{Damage, Error, Flaw};
use crate::index::Index;
use crate::ledger::{Shared, read};
use crate::open::peek_at;
use crate::reader::Reader;
use crate::record::{Head, Peek, link};
use crate::run::Run;
use crate::tenant::{Place, Tenant};
use std::ops::ControlFlow;
use std::sync::{Arc, RwLock};
use touchbook_events::TenantNumber;

/// Records that were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The last of them, and the chain after it.
    pub head: Head,
    pub bytes: u64,
}

/// How far a tenant was verified, and that everything up to there is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    pub records: u64,
    pub head: Head,
}

impl Reader {
    /// Walks the whole chain, up to the head at the beginning, and names the first bad position.
    ///
    /// `progress` is told how many records are done and how many there are, and may end it early.
    pub fn verify(
        &self,
        tenant: TenantNumber,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Verified, Damage> {
        let Some(state) = self.shared.tenant(tenant) else {
            return Ok(Verified {
                records: 0,
                head: Head::EMPTY,
            });
        };
        let target = read(&state).head;
        let mut walk = Walk {
            shared: &self.shared,
            tenant,
            state,
            done: Head::EMPTY,
            afresh: Some(Index::default()),
        };
        while walk.done.position < target.position {
            self.step(&mut walk, target)?;
            if progress(walk.done.position, target.position).is_break() {
                break;
            }
        }
        Ok(Verified {
            records: walk.done.position,
            head: walk.done,
        })
    }

    /// Checks the records that follow `after`, a block or a commit of them, without the indexes;
    /// nothing at the head. For who walks the chain over a long time.
    pub fn check_after(
        &self,
        tenant: TenantNumber,
        after: Head,
    ) -> Result<Option<Checked>, Damage> {
        let Some(state) = self.shared.tenant(tenant) else {
            return Ok(None);
        };
        let target = read(&state).head;
        if after.position >= target.position {
            return Ok(None);
        }
        let mut walk = Walk {
            shared: &self.shared,
            tenant,
            state,
            done: after,
            afresh: None,
        };
        let bytes = self.step(&mut walk, target)?;
        let head = walk.done;
        Ok(Some(Checked { head, bytes }))
    }

    /// Answers the bytes of the records.
    fn step(&self, walk: &mut Walk<'_>, target: Head) -> Result<u64, Damage> {
        let position = walk.done.position + 1;
        let run = self
            .run(walk.tenant, position)
            .map_err(|error| walk.unreadable(error))?;
        let run = run.ok_or_else(|| walk.damage(position, Flaw::Missing))?;
        walk.records(&run, target.position)?;
        walk.chain(&run, target)?;
        Ok(run.bytes() as u64)
    }
}

struct Walk<'a> {
    shared: &'a Shared,
    tenant: TenantNumber,
    state: Arc<RwLock<Tenant>>,
    done: Head,
    /// The index as it should be, to compare.
    afresh: Option<Index>,
}

impl Walk<'_> {
    fn damage(&self, position: u64, what: Flaw) -> Damage {
        Damage {
            tenant: self.tenant,
            position,
            what,
        }
    }

    fn unreadable(&self, error: Error) -> Damage {
        match error {
            Error::Damaged(damage) => damage,
            other => self.damage(self.done.position + 1, Flaw::Unreadable(other.to_string())),
        }
    }

    fn records(&mut self, run: &Run, to: u64) -> Result<(), Damage> {
        for (position, record) in (run.first()..=to).zip(run.records()) {
            if position <= self.done.position {
                continue;
            }
            let peek = peek_at(self.shared.peek, position, record)
                .map_err(|flaw| self.damage(position, flaw))?;
            self.indexed(&peek)?;
            let chain = link(&self.done.chain, record);
            self.done = Head { position, chain };
        }
        Ok(())
    }

    fn indexed(&mut self, peek: &Peek) -> Result<(), Damage> {
        let position = peek.position;
        let Some(afresh) = &mut self.afresh else {
            return Ok(());
        };
        afresh.insert(peek);
        let previous = afresh.previous_of(position);
        let state = read(&self.state);
        let keyed = peek.event_key == [0; 16]
            || state
                .index
                .candidates(&peek.event_key)
                .any(|candidate| candidate == position);
        if !keyed {
            return Err(self.damage(position, Flaw::DuplicateIndex));
        }
        let linked = state.index.previous_of(position) == previous
            && peek
                .customer
                .is_none_or(|id| state.index.last_of(&id) >= Some(position));
        if linked {
            Ok(())
        } else {
            Err(self.damage(position, Flaw::CustomerIndex))
        }
    }

    /// Compares with the chain that the block or the head carries.
    fn chain(&self, run: &Run, target: Head) -> Result<(), Damage> {
        let state = read(&self.state);
        let stored = match state.place(self.done.position) {
            _ if self.done.position == target.position => Some(target.chain),
            Some(Place::Block(block)) if block.first == run.first() => Some(block.chain),
            _ => None,
        };
        match stored {
            Some(stored) if stored != self.done.chain => Err(self.damage(run.first(), Flaw::Chain)),
            _ => Ok(()),
        }
    }
}
