//! Walking each tenant's chain over the values that are there.

use super::TenantSurvey;
use super::entries::Entries;
use crate::block::{self, Header};
use crate::error::{Damage, Flaw};
use crate::frame::{self, Part};
use crate::log::{Log, Value};
use crate::mark::{self, Mark};
use crate::oversize::{self, Chunks};
use crate::record::{Chain, ROOT, link};
use crate::run::Run;
use std::collections::BTreeMap;
use std::io;
use touchbook_events::TenantNumber;

pub(super) struct Walked {
    pub(super) tenants: Vec<TenantSurvey>,
    pub(super) frames: Vec<(u64, Flaw)>,
}

/// Records of a frame.
struct Section {
    first: u64,
    count: u32,
    chain: Chain,
    packed: Vec<u8>,
}

/// Walks every tenant. What a crash tore looks like damage: `is_damaged` says that it is.
pub(super) fn walk(log: &Log, entries: &Entries, is_damaged: bool) -> io::Result<Walked> {
    let mut frames = Frames::default();
    frames.read(log, entries)?;
    if is_damaged {
        frames.read_gaps(log)?;
    }
    let mut numbers: Vec<TenantNumber> = entries.blocks.keys().map(|(tenant, _)| *tenant).collect();
    numbers.extend(frames.sections.keys());
    numbers.extend(entries.marks.keys());
    numbers.sort_unstable();
    numbers.dedup();
    let mut tenants = Vec::with_capacity(numbers.len());
    for tenant in numbers {
        let walker = Walker {
            log,
            entries,
            frames: &frames,
            tenant,
        };
        tenants.extend(walker.walk()?);
    }
    Ok(Walked {
        tenants,
        frames: frames.damaged,
    })
}

#[derive(Default)]
struct Frames {
    sections: BTreeMap<TenantNumber, Vec<Section>>,
    last_commit: u64,
    damaged: Vec<(u64, Flaw)>,
    /// What damaged frames say that they held: tenant, first and last position.
    claims: Vec<(TenantNumber, u64, u64)>,
}

impl Frames {
    fn read(&mut self, log: &Log, entries: &Entries) -> io::Result<()> {
        let mut parts: BTreeMap<u64, Vec<Vec<u8>>> = BTreeMap::new();
        for ((commit, _), value) in &entries.frames {
            let bytes = log.bytes(value.offset, value.len)?;
            parts.entry(*commit).or_default().push(bytes);
        }
        for (commit, values) in parts {
            let decoded = values.iter().zip(0..).map(|(value, part)| {
                let key = frame::key(commit, part);
                frame::decode(&key, value)
            });
            match decoded.collect::<Result<Vec<Part<'_>>, Flaw>>() {
                Ok(parts) => self.add(commit, &parts),
                Err(flaw) => {
                    self.claims
                        .extend(values.iter().flat_map(|value| frame::claims(value)));
                    self.damaged.push((commit, flaw));
                }
            }
        }
        Ok(())
    }

    /// What can't be reached, because what was written with it can't be read, still says of what
    /// it was.
    fn read_gaps(&mut self, log: &Log) -> io::Result<()> {
        let gaps = log.segments.values().flat_map(|segment| &segment.gaps);
        for offset in gaps.map(|gap| gap.offset).chain(log.end().offset) {
            for value in log.content(offset)?.values() {
                self.claims.extend(frame::claims(value));
            }
        }
        Ok(())
    }

    fn add(&mut self, commit: u64, parts: &[Part<'_>]) {
        // One of which a part is missing was never acknowledged.
        if parts
            .iter()
            .any(|part| usize::from(part.parts) != parts.len())
        {
            return;
        }
        self.last_commit = self.last_commit.max(commit);
        for section in parts.iter().flat_map(|part| &part.sections) {
            let sections = self.sections.entry(section.tenant).or_default();
            sections.push(Section {
                first: section.first,
                count: section.count,
                chain: section.chain,
                packed: section.packed.to_vec(),
            });
        }
    }
}

struct Walker<'a> {
    log: &'a Log,
    entries: &'a Entries,
    frames: &'a Frames,
    tenant: TenantNumber,
}

/// How far the walk is, and what stopped it.
struct Done {
    position: u64,
    chain: Chain,
    first: Option<Vec<u8>>,
}

impl Walker<'_> {
    /// Nothing for a tenant that never had an acknowledged record.
    fn walk(&self) -> io::Result<Option<TenantSurvey>> {
        let mut done = Done {
            position: 0,
            chain: ROOT,
            first: None,
        };
        let flaw = loop {
            match self.next(&done)? {
                Ok(Some((run, chain))) => {
                    if let Err(flaw) = done.add(&run, chain) {
                        break Some(flaw);
                    }
                }
                Ok(None) => break None,
                Err(flaw) => break Some(flaw),
            }
        };
        let claims = self.frames.claims.iter();
        let next = (self.tenant, done.position + 1);
        let claimed = claims.filter(|(tenant, first, _)| (*tenant, *first) == next);
        let claimed = claimed.map(|(_, _, last)| *last).max().unwrap_or(0);
        let seen_to = self.seen_to()?.max(done.position).max(claimed);
        let missing = (seen_to > done.position).then_some(Flaw::Missing);
        let damage = flaw.or(missing).map(|what| Damage {
            tenant: self.tenant,
            position: done.position + 1,
            what,
        });
        Ok((seen_to > 0 || damage.is_some()).then_some(TenantSurvey {
            tenant: self.tenant,
            whole_to: done.position,
            seen_to,
            damage,
            first: done.first,
        }))
    }

    /// The records after `done`, and the chain at their end.
    fn next(&self, done: &Done) -> io::Result<Result<Option<(Run, Chain)>, Flaw>> {
        let position = done.position + 1;
        if let Some(value) = self.entries.blocks.get(&(self.tenant, position)) {
            let bytes = self.log.bytes(value.offset, value.len)?;
            let key = block::key(self.tenant, position);
            let decoded = block::decode(&key, &bytes, self);
            let counts = |header: &Header| header.commit <= self.frames.last_commit;
            match decoded {
                Ok((header, run)) if counts(&header) => {
                    return Ok(Ok(Some((run, header.chain))));
                }
                Ok(_) => {}
                Err(flaw) => return Ok(Err(flaw)),
            }
        }
        let sections = self.frames.sections.get(&self.tenant);
        let section = sections.into_iter().flatten().find(|section| {
            section.first <= position && position < section.first + u64::from(section.count)
        });
        let Some(section) = section else {
            return Ok(Ok(None));
        };
        let count = section.count as usize;
        let run = Run::unpacked(section.first, count, section.packed.clone(), self);
        Ok(run.map(|run| Some((run, section.chain))))
    }

    /// The last position of which anything counts.
    fn seen_to(&self) -> io::Result<u64> {
        let of_tenant = (self.tenant, 0)..=(self.tenant, u64::MAX);
        let mut seen = 0;
        for ((_, first), value) in self.entries.blocks.range(of_tenant).rev().take(2) {
            let bytes = self.log.bytes(value.offset, value.len)?;
            let last = match Header::decode(&block::key(self.tenant, *first), &bytes) {
                Ok(header) if header.commit > self.frames.last_commit => 0,
                Ok(header) => header.next() - 1,
                Err(_) => *first,
            };
            seen = seen.max(last);
        }
        let sections = self.frames.sections.get(&self.tenant);
        let ends = sections.into_iter().flatten();
        let in_tail = ends.map(|section| section.first + u64::from(section.count) - 1);
        Ok(seen.max(in_tail.max().unwrap_or(0)).max(self.marked()?))
    }

    /// How far the tenant was sealed, as its mark says.
    fn marked(&self) -> io::Result<u64> {
        let Some(value) = self.entries.marks.get(&self.tenant) else {
            return Ok(0);
        };
        let bytes = self.log.bytes(value.offset, value.len)?;
        let mark = Mark::decode(&mark::key(self.tenant), &bytes);
        let counts = mark
            .ok()
            .filter(|(_, mark)| mark.commit <= self.frames.last_commit);
        Ok(counts.map_or(0, |(_, mark)| mark.sealed_to))
    }
}

impl Done {
    fn add(&mut self, run: &Run, chain: Chain) -> Result<(), Flaw> {
        let skipped = (self.position + 1 - run.first()) as usize;
        let mut after = self.chain;
        for record in run.records().skip(skipped) {
            after = link(&after, record);
        }
        if after != chain {
            return Err(Flaw::Chain);
        }
        if self.first.is_none() {
            self.first = run.records().next().map(<[u8]>::to_vec);
        }
        self.position = run.next() - 1;
        self.chain = after;
        Ok(())
    }
}

impl Chunks for Walker<'_> {
    fn resolve(&self, position: u64, stub: &[u8]) -> Result<Vec<u8>, Flaw> {
        oversize::assemble(stub, |index| {
            let key = oversize::key(self.tenant, position, index);
            let value: &Value = self.entries.chunks.get(&key[..]).ok_or(Flaw::Chunk)?;
            let chunk = self.log.bytes(value.offset, value.len);
            chunk.map_err(|error| Flaw::Unreadable(error.to_string()))
        })
    }
}
