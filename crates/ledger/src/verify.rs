//! Verifying all that is stored of a tenant, and that the indexes agree.

use crate::error::{Damage, Error, Flaw};
use crate::index::Index;
use crate::ledger::{Shared, read};
use crate::open::peek_at;
use crate::reader::{Found, Reader};
use crate::record::{Head, Peek, link};
use crate::run::Run;
use crate::tenant::Tenant;
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
        let found = self
            .found(walk.tenant, position)
            .map_err(|error| walk.unreadable(error))?;
        let found = found.ok_or_else(|| walk.damage(position, Flaw::Missing))?;
        walk.check(&found, target)?;
        Ok(found.run.bytes() as u64)
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

    fn check(&mut self, found: &Found, target: Head) -> Result<(), Damage> {
        self.records(&found.run, target.position)?;
        self.chain(found, target)
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

    /// Compares with the chain that was found with the run, and with that of the head.
    fn chain(&self, found: &Found, target: Head) -> Result<(), Damage> {
        let Head { position, chain } = self.done;
        let differs_at_end = position + 1 == found.run.next() && chain != found.chain;
        let differs_at_head = position == target.position && chain != target.chain;
        if differs_at_end || differs_at_head {
            return Err(self.damage(found.run.first(), Flaw::Chain));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::{Dir, T, append};

    #[test]
    fn records_that_are_sealed_while_they_are_checked_are_whole() {
        let dir = Dir::new();
        let (mut ledger, _) = dir.open();
        append(&mut ledger, T, 100, 200).unwrap();
        let reader = ledger.reader();
        let found = reader.found(T, 1).unwrap().unwrap();
        append(&mut ledger, T, 1_000, 200).unwrap();
        let state = reader.shared.tenant(T).unwrap();
        assert_eq!(read(&state).blocks[0].first, found.run.first());
        let target = reader.head(T);
        let mut walk = Walk {
            shared: &reader.shared,
            tenant: T,
            state,
            done: Head::EMPTY,
            afresh: None,
        };
        walk.check(&found, target).unwrap();
        assert_eq!(walk.done.position, 100);
        while walk.done.position < target.position {
            reader.step(&mut walk, target).unwrap();
        }
        assert_eq!(walk.done, target);
    }
}
