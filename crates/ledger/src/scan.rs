//! Scanning the blocks when the ledger is opened, but for those of which the indexes were saved:
//! their order is checked here, their content and what the indexes need of it by as many threads as
//! there are cores.

use crate::block::{self, Header};
use crate::error::{self, Damage, Error, Flaw};
use crate::open::{Tenants, peek_at};
use crate::oversize::Stored;
use crate::record::{Peek, PeekFn};
use crate::tail::Tail;
use crate::tenant::BlockEntry;
use crate::volume::Store;
use sled::IVec;
use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, Scope};
use touchbook_events::TenantNumber;

const MAX_WORKERS: usize = 8;

/// Blocks that one worker may have before it; bounds the memory of a start.
const BLOCKS_AHEAD: usize = 8;

#[derive(Default)]
pub(crate) struct Scanned {
    pub(crate) tenants: Tenants,
    /// Blocks of the commit that does not count.
    pub(crate) uncommitted: Vec<Header>,
    pub(crate) damage: Vec<Damage>,
}

/// What the indexes need of a block, or its first bad position.
type Content = Result<(Vec<Peek>, u64), (u64, Flaw)>;

pub(crate) fn blocks(
    store: &Store,
    tail: &Tail,
    peek: PeekFn,
    read_damaged: bool,
    saved: Tenants,
) -> Result<Scanned, Error> {
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers = (0..cores.min(MAX_WORKERS)).map(|_| Worker::spawn(scope, store, peek));
        let mut scan = Scan {
            last_commit: tail.last_commit,
            read_damaged,
            workers: workers.collect(),
            pending: VecDeque::new(),
            next_worker: 0,
            found: Scanned {
                tenants: saved,
                ..Scanned::default()
            },
        };
        for range in ranges(&scan.found.tenants) {
            for item in store.blocks.range(range) {
                store.cache.accessed();
                let (key, value) = item.map_err(error::load)?;
                scan.block(key, value)?;
            }
        }
        scan.finish()
    })
}

/// The keys between what is known of each tenant.
fn ranges(saved: &Tenants) -> Vec<(Bound<block::Key>, Bound<block::Key>)> {
    let mut from = Bound::Unbounded;
    let mut ranges = Vec::with_capacity(saved.len() + 1);
    for (number, tenant) in saved {
        let to = Bound::Excluded(block::key(*number, 0));
        let after = Bound::Included(block::key(*number, tenant.head.position + 1));
        ranges.push((std::mem::replace(&mut from, after), to));
    }
    ranges.push((from, Bound::Unbounded));
    ranges
}

struct Scan {
    last_commit: u64,
    read_damaged: bool,
    workers: Vec<Worker>,
    /// Blocks whose content is still being read, and by whom.
    pending: VecDeque<(TenantNumber, u64, u32, usize)>,
    next_worker: usize,
    found: Scanned,
}

impl Scan {
    fn block(&mut self, key: IVec, value: IVec) -> Result<(), Error> {
        let Some((tenant, first)) = block::place(&key) else {
            let what = Flaw::Misplaced;
            return Err(Damage {
                tenant: TenantNumber::NODE,
                position: 0,
                what,
            }
            .into());
        };
        match Header::decode(&key, &value) {
            Err(what) => self.damaged(Damage {
                tenant,
                position: first,
                what,
            }),
            Ok(header) if header.commit > self.last_commit + 1 => Err(Error::MissingFrames {
                commit: self.last_commit + 1,
            }),
            Ok(header) if header.commit > self.last_commit => {
                self.found.uncommitted.push(header);
                Ok(())
            }
            Ok(header) => self.committed(&header, key, value),
        }
    }

    fn committed(&mut self, header: &Header, key: IVec, value: IVec) -> Result<(), Error> {
        let (tenant, first) = (header.tenant, header.first);
        let state = self.found.tenants.entry(tenant).or_default();
        let expected = state.head.position + 1;
        if first < expected {
            return self.damaged(Damage {
                tenant,
                position: first,
                what: Flaw::Misplaced,
            });
        }
        if first > expected {
            let follows_damage = self
                .found
                .damage
                .last()
                .is_some_and(|damage| damage.tenant == tenant && damage.position == expected);
            if !follows_damage {
                return Err(Error::Missing {
                    tenant,
                    from: expected,
                    to: first - 1,
                });
            }
            self.settle(0)?;
            self.skip(tenant, expected, first);
        }
        let state = self.found.tenants.entry(tenant).or_default();
        let entry = BlockEntry {
            first,
            chain: header.chain,
            bytes: 0,
        };
        state.push_block(entry, header.next() - 1);
        self.submit(header, key, value)
    }

    fn submit(&mut self, header: &Header, key: IVec, value: IVec) -> Result<(), Error> {
        let worker = self.next_worker;
        self.next_worker = (worker + 1) % self.workers.len();
        self.workers[worker].submit((header.tenant, key, value));
        self.pending
            .push_back((header.tenant, header.first, header.count, worker));
        self.settle(self.workers.len() * BLOCKS_AHEAD)
    }

    /// Takes contents, in order, until no more than `rest` are outstanding.
    fn settle(&mut self, rest: usize) -> Result<(), Error> {
        while self.pending.len() > rest {
            let Some((tenant, first, count, worker)) = self.pending.pop_front() else {
                break;
            };
            match self.workers[worker].content() {
                Ok((peeks, bytes)) => {
                    let state = self.found.tenants.entry(tenant).or_default();
                    state.weigh_block(first, bytes);
                    peeks.iter().for_each(|peek| state.index(peek));
                }
                Err((position, what)) => {
                    self.damaged(Damage {
                        tenant,
                        position,
                        what,
                    })?;
                    self.skip(tenant, first, first + u64::from(count));
                }
            }
        }
        Ok(())
    }

    /// Keeps the indexes in step over records that can't be read.
    fn skip(&mut self, tenant: TenantNumber, from: u64, to: u64) {
        let state = self.found.tenants.entry(tenant).or_default();
        state.unsaved.give_up();
        for position in from..to {
            state.index.insert(&Peek {
                position,
                event_key: [0; 16],
                customer: None,
            });
        }
    }

    fn damaged(&mut self, damage: Damage) -> Result<(), Error> {
        // What another version wrote is not damaged.
        if !self.read_damaged || matches!(damage.what, Flaw::Version(_)) {
            return Err(damage.into());
        }
        self.found.damage.push(damage);
        Ok(())
    }

    fn finish(mut self) -> Result<Scanned, Error> {
        self.settle(0)?;
        Ok(self.found)
    }
}

type Job = (TenantNumber, IVec, IVec);

struct Worker {
    jobs: Sender<Job>,
    contents: Receiver<Content>,
}

impl Worker {
    fn spawn<'scope>(scope: &'scope Scope<'scope, '_>, store: &'scope Store, peek: PeekFn) -> Self {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (outbox, contents) = mpsc::channel();
        scope.spawn(move || {
            for (tenant, key, value) in inbox {
                if outbox
                    .send(content(store, tenant, &key, &value, peek))
                    .is_err()
                {
                    break;
                }
            }
        });
        Self { jobs, contents }
    }

    fn submit(&self, job: Job) {
        self.jobs
            .send(job)
            .expect("a worker ends only after its jobs do");
    }

    fn content(&self) -> Content {
        self.contents.recv().expect("a worker answers every job")
    }
}

fn content(store: &Store, tenant: TenantNumber, key: &[u8], value: &[u8], peek: PeekFn) -> Content {
    let first = block::place(key).map_or(0, |(_, first)| first);
    let chunks = Stored {
        tree: &store.chunks,
        tenant,
    };
    let (_, run) = block::decode(key, value, &chunks).map_err(|flaw| (first, flaw))?;
    let records = (first..).zip(run.records());
    let peeks = records
        .map(|(position, record)| peek_at(peek, position, record).map_err(|flaw| (position, flaw)));
    Ok((peeks.collect::<Result<_, _>>()?, run.bytes() as u64))
}
