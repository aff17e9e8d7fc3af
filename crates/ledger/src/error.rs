//! What can go wrong.

use crate::guard::FileDamage;
use std::io;
use std::path::PathBuf;
use touchbook_events::TenantNumber;

/// A failure of the store underneath. Its text is all that may be relied on.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.said())]
pub struct StoreError(pub(crate) sled::Error);

impl StoreError {
    /// What the system says, as the system says it.
    fn said(&self) -> String {
        match &self.0 {
            sled::Error::Io(error) => code_in_copy(error).map_or_else(
                || error.to_string(),
                |code| io::Error::from_raw_os_error(code).to_string(),
            ),
            other => other.to_string(),
        }
    }

    fn is_damage(&self) -> bool {
        use sled::Error as E;
        matches!(
            self.0,
            E::Corruption { .. }
                | E::Unsupported(_)
                | E::ReportableBug(_)
                | E::CollectionNotFound(_)
        )
    }
}

/// sled tells an error to several who ask, most of them a copy, of which only the debug text is
/// left.
fn code_in_copy(error: &io::Error) -> Option<i32> {
    let text = error.get_ref()?.to_string();
    let rest = text.strip_prefix("Os { code: ")?;
    rest.split(',').next()?.parse().ok()
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the directory {path} cannot be prepared for the ledger")]
    Prepare {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the ledger in {path} is in use by another process or handle")]
    InUse {
        path: PathBuf,
        #[source]
        source: StoreError,
    },
    #[error("the ledger in {path} cannot be opened")]
    Open {
        path: PathBuf,
        #[source]
        source: StoreError,
    },
    #[error("the files in {path} cannot be examined")]
    Examine {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The store was not let near it.
    #[error("the ledger in {path} is damaged: {damage}")]
    DamagedStore { path: PathBuf, damage: FileDamage },
    #[error(
        "the ledger was written by another version of Touchbook, in a format ({version}) that this \
         one does not read"
    )]
    OtherVersion { version: u8 },
    #[error("the ledger in {path} is damaged: the store gave up on it")]
    StorePanicked { path: PathBuf },
    #[error(
        "commits are missing: {noted_commit} with {noted_records} records were acknowledged, and \
         {commit} with {records} are there"
    )]
    Lost {
        commit: u64,
        records: u64,
        noted_commit: u64,
        noted_records: u64,
    },
    #[error("what is acknowledged cannot be noted")]
    Witness {
        #[source]
        source: io::Error,
    },
    #[error("what the ledger holds cannot be read")]
    Load {
        #[source]
        source: StoreError,
    },
    #[error("records {from} to {to} of tenant {tenant} are missing")]
    Missing {
        tenant: TenantNumber,
        from: u64,
        to: u64,
    },
    #[error("frames from commit {commit} on are missing, though later blocks are there")]
    MissingFrames { commit: u64 },
    #[error(transparent)]
    Damaged(#[from] Damage),
    #[error("the frame of commit {commit} is damaged: {flaw}")]
    DamagedFrame { commit: u64, flaw: Flaw },
    #[error("a commit of {bytes} bytes is over the limit of {max}")]
    CommitTooLarge { bytes: usize, max: usize },
    #[error("record {position} of tenant {tenant} has {bytes} bytes, over the limit of {max}")]
    RecordTooLarge {
        tenant: TenantNumber,
        position: u64,
        bytes: usize,
        max: usize,
    },
    #[error("record {position} of tenant {tenant} was offered where {expected} must follow")]
    NotNext {
        tenant: TenantNumber,
        position: u64,
        expected: u64,
    },
    #[error("tenant {tenant} occurs twice in one commit")]
    TenantTwice { tenant: TenantNumber },
    #[error("the commit cannot be written")]
    Write {
        #[source]
        source: StoreError,
    },
    #[error("the commit cannot be made durable")]
    Sync {
        #[source]
        source: io::Error,
    },
    #[error("an earlier commit failed; nothing more is written until the process is started anew")]
    Poisoned,
    #[error("the ledger was opened despite damage and takes no records")]
    ReadOnly,
    #[error("record {position} of tenant {tenant} cannot be read")]
    Read {
        tenant: TenantNumber,
        position: u64,
        #[source]
        source: StoreError,
    },
    #[error("position {position} of tenant {tenant} is beyond its head {head}")]
    BeyondHead {
        tenant: TenantNumber,
        position: u64,
        head: u64,
    },
    #[error("the ledger cannot be closed while {readers} readers of it are alive")]
    StillRead { readers: usize },
    #[error("the ledger cannot be closed cleanly")]
    Close {
        #[source]
        source: StoreError,
    },
    /// Only the next start takes longer.
    #[error("what the indexes have of new records cannot be saved in {path}")]
    SaveIndex {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the size of the ledger cannot be read")]
    Size {
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Of what keeps a ledger from opening: the store's checksums vouch that a version which is not
    /// known is the one that was written.
    pub(crate) fn or_other_version(self) -> Self {
        match self {
            Self::Damaged(Damage {
                what: Flaw::Version(version),
                ..
            })
            | Self::DamagedFrame {
                flaw: Flaw::Version(version),
                ..
            } => Self::OtherVersion { version },
            other => other,
        }
    }

    /// Whether it says that stored bytes are not what was written.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::DamagedStore { .. }
                | Self::StorePanicked { .. }
                | Self::Lost { .. }
                | Self::Missing { .. }
                | Self::MissingFrames { .. }
                | Self::Damaged(_)
                | Self::DamagedFrame { .. }
        ) || matches!(self, Self::Load { source } | Self::Open { source, .. } if source.is_damage())
    }
}

/// A failure of the store while the ledger is opened.
pub(crate) fn load(error: sled::Error) -> Error {
    Error::Load {
        source: StoreError(error),
    }
}

/// What keeps the store from reading a value.
pub(crate) fn unreadable(error: sled::Error) -> Flaw {
    let is_of_system = matches!(error, sled::Error::Io(_));
    let said = StoreError(error).to_string();
    if is_of_system {
        Flaw::Unread(said)
    } else {
        Flaw::Unreadable(said)
    }
}

/// The first bad position that was met.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tenant {tenant} is damaged at position {position}: {what}")]
pub struct Damage {
    pub tenant: TenantNumber,
    pub position: u64,
    pub what: Flaw,
}

/// What is wrong with stored bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("format version {0} is unknown")]
    Version(u8),
    #[error("the checksum does not match")]
    Checksum,
    #[error("the layout is broken")]
    Layout,
    #[error("the bytes cannot be decompressed")]
    Compression,
    #[error("it is stored under another's key")]
    Misplaced,
    #[error("the hash chain is broken")]
    Chain,
    #[error("it is missing")]
    Missing,
    #[error("a chunk of a long record is missing or altered")]
    Chunk,
    #[error("the record's header cannot be read")]
    Header,
    #[error("the record says that it is at position {0}")]
    Position(u64),
    #[error("the index of event keys does not have it")]
    DuplicateIndex,
    #[error("the index of customers does not have it")]
    CustomerIndex,
    #[error("the disk no longer has it as it was written")]
    NotOnDisk,
    #[error("the store cannot read it: {0}")]
    Unreadable(String),
    /// It may be whole: the store reads nothing for which it must write, once a write has failed.
    #[error("the store does not read it: {0}")]
    Unread(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_system_reads_as_the_system_says_it() {
        let full = sled::Error::Io(io::Error::from_raw_os_error(28));
        let copies = [full.clone(), full];
        for error in copies {
            let said = StoreError(error).to_string();
            assert_eq!(said, "No space left on device (os error 28)");
        }
    }
}
