//! What can be said of a volume whatever its state: read without the store, and without changing a
//! byte of it.

mod entries;
pub mod layout;
mod rescue;
pub mod space;
mod walk;

use crate::error::{Damage, Error, Flaw};
use crate::guard::{self, FileDamage, Refusal};
use crate::log::{Log, Pages, Snapshot};
use crate::volume;
use crate::witness::{self, Note};
use entries::Entries;
pub(crate) use rescue::Rescue;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use touchbook_events::TenantNumber;

/// Damage in files that is listed; more than this says nothing new.
const DAMAGE_MAX: usize = 20;

/// What a directory holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    pub tenants: Vec<TenantSurvey>,
    /// Damage of files that matters, in the order in which it was met.
    pub files: Vec<FileDamage>,
    /// Frames of which no tenant can be told, by commit.
    pub frames: Vec<(u64, Flaw)>,
    /// Records that were acknowledged and are nowhere, beyond those that are told of a tenant.
    pub missing_records: u64,
}

/// What a directory holds of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSurvey {
    pub tenant: TenantNumber,
    /// Everything up to here is as it was written.
    pub whole_to: u64,
    /// The last position of which anything is there.
    pub seen_to: u64,
    /// The first bad position.
    pub damage: Option<Damage>,
    /// The stored bytes of its first record.
    pub first: Option<Vec<u8>>,
}

impl Survey {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.files.is_empty()
            && self.frames.is_empty()
            && self.missing_records == 0
            && self.tenants.iter().all(|tenant| tenant.damage.is_none())
    }
}

/// Examines the ledger below `data_dir`, which nobody may have open.
pub fn survey(data_dir: &Path) -> Result<Survey, Error> {
    let path = volume::path(data_dir);
    examine(&path).map_err(|source| Error::Examine { path, source })
}

fn examine(volume: &Path) -> io::Result<Survey> {
    let mut files: Vec<FileDamage> = guard::examine(volume)?
        .err()
        .and_then(Refusal::damage)
        .into_iter()
        .collect();
    if !volume.try_exists()? {
        return Ok(Survey::default());
    }
    let acknowledged = witness::last(volume)?.records;
    let (log, pages) = match pages(volume) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Survey {
                files,
                missing_records: acknowledged,
                ..Survey::default()
            });
        }
        Err(error) => return Err(error),
    };
    let mut entries = Entries::collect(&log, &pages)?;
    add(&mut files, std::mem::take(&mut entries.damage));
    let walked = walk::walk(&log, &entries, !files.is_empty())?;
    let seen: u64 = walked.tenants.iter().map(|tenant| tenant.seen_to).sum();
    Ok(Survey {
        tenants: walked.tenants,
        files,
        frames: walked.frames,
        missing_records: acknowledged.saturating_sub(seen),
    })
}

/// The log, and where it has every page.
fn pages(volume: &Path) -> io::Result<(Log, Pages)> {
    let (stable, mut pages) = match Snapshot::newest(volume)? {
        Ok(Some(snapshot)) => (snapshot.stable, snapshot.pages),
        Ok(None) | Err(_) => (0, Pages::default()),
    };
    let log = Log::read(volume, stable)?;
    for message in log.messages().filter(|message| message.lsn >= stable) {
        pages.apply(message);
    }
    Ok((log, pages))
}

/// Whether these pages are a whole ledger, and no smaller than was noted.
pub(crate) fn are_whole(pages: &Pages, log: &Log, noted: Note) -> io::Result<bool> {
    let entries = Entries::collect(log, pages)?;
    let walked = walk::walk(log, &entries, false)?;
    let records: u64 = walked.tenants.iter().map(|tenant| tenant.whole_to).sum();
    let is_whole = |tenant: &TenantSurvey| tenant.damage.is_none();
    Ok(entries.damage.is_empty()
        && walked.frames.is_empty()
        && walked.tenants.iter().all(is_whole)
        && records >= noted.records)
}

fn add(files: &mut Vec<FileDamage>, more: Vec<FileDamage>) {
    let known: BTreeSet<Option<u64>> = files.iter().map(|damage| damage.offset).collect();
    let new = more
        .into_iter()
        .filter(|damage| !known.contains(&damage.offset));
    files.extend(new);
    files.truncate(DAMAGE_MAX);
}
