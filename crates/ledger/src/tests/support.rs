//! Records and volumes for tests.

use crate::volume::Store;
use crate::{Commit, Error, Ledger, NewRecord, OpenReport, Options, Peek, Reader};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use touchbook_events::TenantNumber;

pub(crate) const T: TenantNumber = TenantNumber(7);

/// A data directory whose `blobs/` must be empty when the test ends.
pub(crate) struct Dir(TempDir);

impl Dir {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn volume(&self) -> PathBuf {
        self.path().join("ledger/0001")
    }

    pub(crate) fn open(&self) -> (Ledger, OpenReport) {
        self.try_open().unwrap()
    }

    pub(crate) fn try_open(&self) -> Result<(Ledger, OpenReport), Error> {
        Ledger::open(self.path(), &Options::default(), peek)
    }

    pub(crate) fn refusal(&self) -> Error {
        self.try_open().err().expect("it must not open")
    }

    pub(crate) fn open_damaged(&self) -> (Ledger, OpenReport) {
        let options = Options {
            read_damaged: true,
            ..Options::default()
        };
        Ledger::open(self.path(), &options, peek).unwrap()
    }

    /// Works on the store behind the ledger's back.
    pub(crate) fn tamper(&self, work: impl FnOnce(&Store)) {
        let store = Store::open(&self.volume(), 1 << 20).unwrap();
        work(&store);
        store.db.flush().unwrap();
    }

    /// What a process that is killed now would leave.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        fs::create_dir_all(copy.volume().join("blobs")).unwrap();
        for entry in fs::read_dir(self.volume()).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), copy.volume().join(entry.file_name())).unwrap();
            }
        }
        copy
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        if let Ok(blobs) = fs::read_dir(self.volume().join("blobs")) {
            let left = blobs.count();
            assert!(
                std::thread::panicking() || left == 0,
                "{left} blobs were written"
            );
        }
    }
}

/// A record: position, event key, customer, rest.
pub(crate) fn record(position: u64, key: [u8; 16], customer: Option<u8>, len: usize) -> Vec<u8> {
    let mut bytes = position.to_le_bytes().to_vec();
    bytes.extend_from_slice(&key);
    bytes.push(u8::from(customer.is_some()));
    bytes.extend_from_slice(&[customer.unwrap_or(0); 16]);
    let mut seed = position.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    while bytes.len() < len {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        bytes.push(seed as u8);
    }
    bytes
}

pub(crate) fn key_of(position: u64) -> [u8; 16] {
    *blake3::hash(&position.to_le_bytes())
        .as_bytes()
        .first_chunk()
        .unwrap()
}

pub(crate) fn peek(bytes: &[u8]) -> Option<Peek> {
    let (position, rest) = bytes.split_first_chunk()?;
    let (event_key, rest) = rest.split_first_chunk()?;
    let (has_customer, rest) = rest.split_first()?;
    let customer = *rest.first_chunk()?;
    Some(Peek {
        position: u64::from_le_bytes(*position),
        event_key: *event_key,
        customer: (*has_customer == 1).then_some(customer),
    })
}

pub(crate) fn news(records: &[Vec<u8>]) -> Vec<NewRecord<'_>> {
    records
        .iter()
        .map(|bytes| NewRecord {
            bytes,
            peek: peek(bytes).unwrap(),
        })
        .collect()
}

/// `count` records of `len` bytes after `head`, of three customers in turn.
pub(crate) fn records(head: u64, count: u64, len: usize) -> Vec<Vec<u8>> {
    let positions = head + 1..=head + count;
    positions
        .map(|at| record(at, key_of(at), Some((at % 3) as u8), len))
        .collect()
}

/// Appends records to one tenant, in one commit.
pub(crate) fn append(
    ledger: &mut Ledger,
    tenant: TenantNumber,
    count: u64,
    len: usize,
) -> Result<crate::Appended, Error> {
    let records = records(ledger.reader().head(tenant).position, count, len);
    ledger.append(&Commit {
        tenants: vec![(tenant, news(&records))],
        checkpoint: None,
    })
}

/// All records of a tenant.
pub(crate) fn all(reader: &Reader, tenant: TenantNumber) -> Vec<Vec<u8>> {
    let mut expected = 1;
    let mut all = Vec::new();
    for run in reader.scan(tenant, 1, u64::MAX) {
        for (position, bytes) in run.unwrap().iter() {
            assert_eq!(position, expected);
            expected += 1;
            all.push(bytes.to_vec());
        }
    }
    all
}

pub(crate) fn verify(reader: &Reader, tenant: TenantNumber) -> Result<u64, crate::Damage> {
    let verified = reader.verify(tenant, &mut |_, _| std::ops::ControlFlow::Continue(()))?;
    Ok(verified.records)
}
