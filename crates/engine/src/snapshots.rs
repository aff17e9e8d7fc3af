//! Snapshots on disk: an optimisation, and never trusted.
//!
//! `snapshots/<tenant number>/<name>/<version>/<part>`; written beside, synced, renamed, directory
//! synced. One that the ledger's chain does not confirm at its position is discarded, and what it
//! held is folded again from the ledger.

use crate::error::chain;
use crate::tenant::Tenant;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use touchbook_projection::projection::AnyProjection;
use touchbook_projection::snapshot::{self, Header, Part, Whole};
use touchbook_projection::{Decider, SHARDS};

/// Below this a tenant's projection is one file: folding so many records again takes milliseconds.
const SMALL_TENANT_RECORDS: u64 = 10_000;

/// Where one tenant's snapshots of one decider or projector stand.
pub(crate) struct Folder<'a> {
    tenant: &'a Tenant,
    name: &'a str,
    version: u32,
    path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    #[error("could not write snapshot {}", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not read the chain at position {position}")]
    Chain {
        position: u64,
        #[source]
        source: touchbook_ledger::Error,
    },
}

impl<'a> Folder<'a> {
    pub(crate) fn new(data_dir: &Path, tenant: &'a Tenant, name: &'a str, version: u32) -> Self {
        let number = tenant.number().to_string();
        let path = data_dir
            .join("snapshots")
            .join(number)
            .join(name)
            .join(version.to_string());
        Self {
            tenant,
            name,
            version,
            path,
        }
    }

    /// A large tenant's shards are written one at a time, so that folding never waits for long; a
    /// small one is one file, so that many idle ones cost little.
    pub(crate) fn save_projection(&self, projection: &dyn AnyProjection) -> Result<(), SaveError> {
        if self.tenant.head() < SMALL_TENANT_RECORDS {
            return self.save_whole(projection);
        }
        for shard in 0..SHARDS {
            let Some((position, body)) = projection.encode_shard(shard) else {
                return Ok(());
            };
            self.save(Part::Shard(shard as u16), position, &body)?;
        }
        let (position, body) = projection.encode_slices();
        self.save(Part::Slices, position, &body)?;
        self.forget_whole()
    }

    fn save_whole(&self, projection: &dyn AnyProjection) -> Result<(), SaveError> {
        let mut whole = Whole::with_capacity(SHARDS + 1);
        for shard in 0..SHARDS {
            let Some((position, body)) = projection.encode_shard(shard) else {
                return Ok(());
            };
            whole.push((Part::Shard(shard as u16), position, body));
        }
        let (position, body) = projection.encode_slices();
        whole.push((Part::Slices, position, body));
        // Folding may have gone on between two parts; the chain is confirmed at the furthest.
        let position = whole
            .iter()
            .map(|(_, position, _)| *position)
            .max()
            .unwrap_or(position);
        self.save(Part::Whole, position, &snapshot::encode_state(&whole))
    }

    /// The tenant has grown: what was whole is of the past.
    fn forget_whole(&self) -> Result<(), SaveError> {
        let path = self.file(Part::Whole);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(SaveError::Write { path, source })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn save_decider(
        &self,
        decider: &dyn Decider,
        position: u64,
    ) -> Result<(), SaveError> {
        self.save(Part::Decider, position, &decider.encode())
    }

    /// The parts that there are of a projection, and their sizes; a whole one is all of it.
    pub(crate) fn parts(&self) -> Vec<(Part, u64)> {
        let sized = |part| match fs::metadata(self.file(part)) {
            Ok(file) => Some((part, file.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            // Loading it says what is the matter.
            Err(_) => Some((part, 0)),
        };
        match sized(Part::Whole) {
            Some(whole) => vec![whole],
            None => parts_of_large().filter_map(sized).collect(),
        }
    }

    /// Loads a part, if it is usable, into a projection that is empty there; what no part of it was
    /// loaded into is folded. `buffer` is used again, for whatever is loaded next.
    pub(crate) fn load_part(
        &self,
        part: Part,
        projection: &dyn AnyProjection,
        buffer: &mut Vec<u8>,
    ) {
        let loaded = self.load(part, buffer, |position, body| match part {
            Part::Whole => load_whole(projection, body),
            part => put(projection, part, position, body),
        });
        if part == Part::Whole && loaded.is_none() {
            parts_of_large().for_each(|part| self.load_part(part, projection, buffer));
        }
    }

    /// Size of a decider's snapshot; 0 where there is none.
    pub(crate) fn decider_bytes(&self) -> u64 {
        fs::metadata(self.file(Part::Decider)).map_or(0, |file| file.len())
    }

    /// The position up to which the decider now holds everything.
    pub(crate) fn load_decider(&self, decider: &mut dyn Decider, buffer: &mut Vec<u8>) -> u64 {
        self.load(Part::Decider, buffer, |_, body| decider.restore(body))
            .unwrap_or(0)
    }

    fn save(&self, part: Part, position: u64, body: &[u8]) -> Result<(), SaveError> {
        let reader = self.tenant.reader();
        let chain = reader
            .chain_at(self.tenant.number(), position)
            .map_err(|source| SaveError::Chain { position, source })?;
        let header = Header {
            tenant: self.tenant.number(),
            part,
            name: self.name.into(),
            version: self.version,
            position,
            chain,
        };
        let path = self.file(part);
        write_whole(&path, &snapshot::encode(&header, body))
            .map_err(|source| SaveError::Write { path, source })
    }

    fn load(
        &self,
        part: Part,
        buffer: &mut Vec<u8>,
        put: impl FnOnce(u64, &[u8]) -> Result<(), snapshot::Error>,
    ) -> Option<u64> {
        let path = self.file(part);
        match read_whole(&path, buffer) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return discard(&path, &error),
        }
        let (header, body) = match snapshot::decode(buffer) {
            Ok(decoded) => decoded,
            Err(error) => return discard(&path, &error),
        };
        if let Err(mismatch) = self.confirm(&header, part) {
            return discard(&path, &mismatch);
        }
        match put(header.position, body) {
            Ok(()) => Some(header.position),
            Err(error) => discard(&path, &error),
        }
    }

    /// Whether the ledger is the one that the snapshot was taken of.
    fn confirm(&self, header: &Header, part: Part) -> Result<(), Mismatch> {
        let same = header.tenant == self.tenant.number()
            && header.part == part
            && *header.name == *self.name
            && header.version == self.version;
        if !same {
            return Err(Mismatch::OfSomethingElse);
        }
        let position = header.position;
        if position > self.tenant.head() {
            return Err(Mismatch::BeyondHead { position });
        }
        match self
            .tenant
            .reader()
            .chain_at(self.tenant.number(), position)
        {
            Ok(chain) if chain == header.chain => Ok(()),
            _ => Err(Mismatch::OtherChain { position }),
        }
    }

    fn file(&self, part: Part) -> PathBuf {
        self.path.join(match part {
            Part::Decider => "decider".to_owned(),
            Part::Slices => "slices".to_owned(),
            Part::Shard(shard) => format!("{shard:02}"),
            Part::Whole => "whole".to_owned(),
        })
    }
}

/// What a large tenant's projection is written as.
fn parts_of_large() -> impl Iterator<Item = Part> {
    let shards = (0..SHARDS).map(|shard| Part::Shard(shard as u16));
    shards.chain([Part::Slices])
}

fn load_whole(projection: &dyn AnyProjection, body: &[u8]) -> Result<(), snapshot::Error> {
    let whole: Whole = snapshot::decode_state(body)?;
    whole
        .iter()
        .try_for_each(|(part, position, body)| put(projection, *part, *position, body))
}

fn put(
    projection: &dyn AnyProjection,
    part: Part,
    position: u64,
    body: &[u8],
) -> Result<(), snapshot::Error> {
    match part {
        Part::Shard(shard) => projection.load_shard(usize::from(shard), position, body),
        Part::Slices => projection.load_slices(position, body),
        Part::Decider | Part::Whole => Ok(()),
    }
}

#[derive(Debug, thiserror::Error)]
enum Mismatch {
    #[error("it is a snapshot of something else")]
    OfSomethingElse,
    #[error("its position {position} is beyond the ledger's head")]
    BeyondHead { position: u64 },
    #[error("the ledger's chain is another at position {position}")]
    OtherChain { position: u64 },
}

fn discard(path: &Path, why: &dyn std::error::Error) -> Option<u64> {
    tracing::warn!(path = %path.display(), reason = %chain(why), "discarded a snapshot");
    None
}

/// Reads a file into what `buffer` has room for already, or makes that room.
fn read_whole(path: &Path, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    let mut file = File::open(path)?;
    let bytes = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    buffer.try_reserve_exact(bytes)?;
    file.read_to_end(buffer)?;
    Ok(())
}

/// A reader sees the old file or the new one, whole, also after a power cut. What could not be
/// written takes no room, which the ledger may be short of.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = path.with_extension("new");
    let written = write_durably(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = written {
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    File::open(folder)?.sync_all()
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::write_whole;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/00");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
    }

    #[test]
    fn what_can_not_be_written_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/00");
        // No file takes the place of a folder.
        std::fs::create_dir_all(path.join("c")).unwrap();
        write_whole(&path, b"one").unwrap_err();
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
    }
}
