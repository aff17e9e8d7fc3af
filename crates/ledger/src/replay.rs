//! Adding the tail's records to what the blocks hold.

use crate::block;
use crate::error::{self, Damage, Error, Flaw};
use crate::frame::Section;
use crate::ledger::{FrameEntry, Frames};
use crate::mark::{self, Mark};
use crate::open::{Tenants, peek_at};
use crate::oversize::Stored;
use crate::record::{Chain, PeekFn, ROOT, link};
use crate::run::Run;
use crate::tail::{StoredFrame, Tail, damaged};
use crate::tenant::{TailRun, Tenant};
use crate::volume::Store;
use std::sync::Arc;
use touchbook_events::TenantNumber;

pub(crate) fn frames(
    store: &Store,
    tail: &Tail,
    tenants: &mut Tenants,
    peek: PeekFn,
) -> Result<Frames, Error> {
    let mut frames = Frames::default();
    for frame in &tail.frames {
        frames.push(replay(store, frame, tenants, peek)?);
    }
    Ok(frames)
}

fn replay(
    store: &Store,
    frame: &StoredFrame,
    tenants: &mut Tenants,
    peek: PeekFn,
) -> Result<FrameEntry, Error> {
    let mut lasts = Vec::new();
    let parts = frame.parts()?;
    let total = parts.first().map_or(1, |part| part.parts);
    for section in parts.iter().flat_map(|part| &part.sections) {
        let tenant = tenants.entry(section.tenant).or_default();
        add(store, frame.commit, tenant, section, peek)?;
        if section.count > 0 {
            lasts.push((section.tenant, end(section)));
        }
    }
    Ok(FrameEntry {
        commit: frame.commit,
        parts: total,
        bytes: frame.bytes(),
        lasts,
    })
}

/// The last position that is durable with the section.
fn end(section: &Section<'_>) -> u64 {
    section.first + u64::from(section.count) - 1
}

fn add(
    store: &Store,
    commit: u64,
    tenant: &mut Tenant,
    section: &Section<'_>,
    peek: PeekFn,
) -> Result<(), Error> {
    let head = tenant.head;
    if end(section) < head.position {
        return Ok(());
    }
    if section.first > head.position + 1 {
        let (from, to) = (head.position + 1, section.first - 1);
        return Err(Error::Missing {
            tenant: section.tenant,
            from,
            to,
        });
    }
    let chunks = Stored {
        tree: &store.chunks,
        tenant: section.tenant,
    };
    let count = section.count as usize;
    let run = Run::unpacked(section.first, count, section.packed.to_vec(), &chunks)
        .map_err(damaged(commit))?;
    let new = after(run, head.position, head.chain);
    if new.chains.last().unwrap_or(&head.chain) != &section.chain {
        return Err(damaged(commit)(Flaw::Chain));
    }
    for (position, record, _) in new.from(new.run.first()) {
        let peek = peek_at(peek, position, record).map_err(damaged(commit))?;
        tenant.index(&peek);
    }
    tenant.push_tail(new);
    Ok(())
}

/// The records after `position`, whose chain is `chain`.
fn after(run: Run, position: u64, mut chain: Chain) -> TailRun {
    let skipped = (position + 1 - run.first()) as usize;
    let run = match skipped {
        0 => run,
        _ => {
            let rest: Vec<&[u8]> = run.records().skip(skipped).collect();
            Run::copied(position + 1, rest.into_iter())
        }
    };
    let chains = run.records().map(|record| {
        chain = link(&chain, record);
        chain
    });
    let chains = chains.collect();
    TailRun {
        run: Arc::new(run),
        chains,
    }
}

/// Checks that every tenant has all blocks that it ever had. Gives the tenants whose mark is of a
/// commit that does not count.
pub(crate) fn check_marks(
    store: &Store,
    last_commit: u64,
    tenants: &Tenants,
) -> Result<Vec<TenantNumber>, Error> {
    let mut uncommitted = Vec::new();
    for item in &store.marks {
        let (key, value) = item.map_err(error::load)?;
        let (tenant, mark) = Mark::decode(&key, &value).map_err(|what| {
            let tenant = mark::tenant(&key).unwrap_or_default();
            Damage {
                tenant,
                position: 0,
                what,
            }
        })?;
        let sealed_to = tenants.get(&tenant).map_or(0, |tenant| tenant.sealed_to);
        if mark.commit > last_commit {
            uncommitted.push(tenant);
        } else if mark.sealed_to > sealed_to {
            let (from, to) = (sealed_to + 1, mark.sealed_to);
            return Err(Error::Missing { tenant, from, to });
        }
    }
    Ok(uncommitted)
}

/// Checks that each tenant's last block continues the chain of the one before it.
pub(crate) fn check_last_blocks(
    store: &Store,
    tenants: &Tenants,
    read_damaged: bool,
) -> Result<(), Error> {
    for (number, tenant) in tenants {
        match check_last_block(store, *number, tenant) {
            Err(Error::Damaged(_)) if read_damaged => {}
            checked => checked?,
        }
    }
    Ok(())
}

fn check_last_block(store: &Store, number: TenantNumber, tenant: &Tenant) -> Result<(), Error> {
    let Some((last, before)) = tenant.blocks.split_last() else {
        return Ok(());
    };
    let damage = |what| Damage {
        tenant: number,
        position: last.first,
        what,
    };
    let run = load(store, number, last.first)?;
    let before = before.last().map_or(ROOT, |block| block.chain);
    let chain = run
        .records()
        .fold(before, |chain, record| link(&chain, record));
    if chain == last.chain {
        Ok(())
    } else {
        Err(damage(Flaw::Chain).into())
    }
}

/// Reads a block of a tenant.
pub(crate) fn load(store: &Store, tenant: TenantNumber, first: u64) -> Result<Run, Damage> {
    let damage = |what| Damage {
        tenant,
        position: first,
        what,
    };
    let key = block::key(tenant, first);
    store.cache.accessed();
    let value = store.blocks.get(key);
    let value = value.map_err(|error| damage(error::unreadable(error)))?;
    let value = value.ok_or_else(|| damage(Flaw::Missing))?;
    let chunks = Stored {
        tree: &store.chunks,
        tenant,
    };
    let (_, run) = block::decode(&key, &value, &chunks).map_err(damage)?;
    Ok(run)
}
