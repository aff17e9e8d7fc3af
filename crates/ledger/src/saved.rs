//! Saved indexes: what a start would otherwise derive by reading every block.
//!
//! Of each large tenant a file beside the store, `index.<tenant>`, to which a part is added when
//! so many records more are sealed. It only saves time: nothing waits for it or syncs it, and a
//! part is of durable records alone. A start takes it up to the first part that is not whole, and
//! nothing of it where the store's block at its end is another than the one it was saved of. The
//! blocks before that are not read: damage in them is found by whoever reads them, by the scrub
//! and by `verify`.

mod part;

use crate::block::{self, Header};
use crate::error::Error;
use crate::index::{Index, Reload};
use crate::ledger::{Shared, write};
use crate::limits::SAVED_RECORDS;
use crate::open::Tenants;
use crate::reader::Reader;
use crate::record::{Head, Peek, ROOT};
use crate::tenant::{BlockEntry, Tenant};
use crate::volume::Store;
use crate::witness;
use part::{Part, RECORD_BYTES};
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::RwLock;
use touchbook_events::TenantNumber;

/// Files of saved indexes begin so.
const PREFIX: &str = "index.";

fn path(volume: &Path, tenant: TenantNumber) -> PathBuf {
    volume.join(format!("{PREFIX}{}", tenant.0))
}

/// What the records since the last part add to the indexes, as far as the indexes can't tell it.
#[derive(Default)]
pub(crate) struct Unsaved {
    /// Last position in the file.
    saved_to: u64,
    /// Where the next part goes.
    file_bytes: u64,
    /// What is kept of the event keys.
    prefixes: VecDeque<u64>,
    /// Customers with the position of their first record.
    customers: VecDeque<(u64, [u8; 16])>,
    /// Nothing more is saved until the next start.
    is_given_up: bool,
}

impl Unsaved {
    pub(crate) fn push(&mut self, peek: &Peek, is_new_customer: bool) {
        if self.is_given_up {
            return;
        }
        self.prefixes.push_back(Index::prefix_of(&peek.event_key));
        if let Some(customer) = peek.customer.filter(|_| is_new_customer) {
            self.customers.push_back((peek.position, customer));
        }
    }

    /// Of a file that can't be written, or of records that can't be read.
    pub(crate) fn give_up(&mut self) {
        *self = Self {
            is_given_up: true,
            ..Self::default()
        };
    }

    pub(crate) fn memory(&self) -> u64 {
        let customers = self.customers.capacity() * size_of::<(u64, [u8; 16])>();
        (self.prefixes.capacity() * size_of::<u64>() + customers) as u64
    }
}

impl Tenant {
    /// Takes the next part, if enough is sealed for one.
    fn part(&mut self) -> Option<Part> {
        let from = self.unsaved.saved_to;
        let is_due = self.sealed_to - from >= SAVED_RECORDS as u64 && !self.unsaved.is_given_up;
        let first_block = self.block_of(from + 1).filter(|_| is_due)?;
        let to = |block: usize| {
            self.blocks
                .get(block + 1)
                .map_or(self.sealed_to, |next| next.first - 1)
        };
        let mut last_block = first_block;
        while to(last_block) - from < SAVED_RECORDS as u64 {
            last_block += 1;
        }
        let to = to(last_block);
        let count = (to - from) as usize;
        let unsaved = &mut self.unsaved;
        let customers = unsaved
            .customers
            .partition_point(|(position, _)| *position <= to);
        let part = Part {
            before: Head {
                position: from,
                chain: first_block
                    .checked_sub(1)
                    .map_or(ROOT, |before| self.blocks[before].chain),
            },
            blocks: self.blocks[first_block..=last_block].to_vec(),
            prefixes: unsaved.prefixes.drain(..count).collect(),
            distances: (from + 1..=to)
                .map(|position| self.index.distance_of(position))
                .collect(),
            customers: unsaved.customers.drain(..customers).collect(),
        };
        unsaved.saved_to = to;
        if unsaved.prefixes.len() < unsaved.prefixes.capacity() / 4 {
            unsaved.prefixes.shrink_to(SAVED_RECORDS);
            unsaved.customers.shrink_to(0);
        }
        Some(part)
    }
}

impl Reader {
    /// To be called now and then: saves beside the store what the indexes have of records that are
    /// sealed since, so that the next start need not read them.
    ///
    /// # Errors
    /// When a file can't be written; its tenant is saved no further until the next start.
    pub fn save_indexes(&self) -> Result<(), Error> {
        let mut failed = Ok(());
        for tenant in self.tenants() {
            if let Some(state) = self.shared.tenant(tenant)
                && let Err(source) = save(&self.shared, tenant, &state)
            {
                write(&state).unsaved.give_up();
                let path = path(&self.shared.path, tenant);
                failed = Err(Error::SaveIndex { path, source });
            }
        }
        failed
    }
}

fn save(shared: &Shared, tenant: TenantNumber, state: &RwLock<Tenant>) -> io::Result<()> {
    let mut file = None;
    loop {
        let (part, at) = {
            let mut state = write(state);
            match state.part() {
                Some(part) => (part, state.unsaved.file_bytes),
                None => return Ok(()),
            }
        };
        let file = match &mut file {
            Some(file) => file,
            none => none.insert(open_at(&path(&shared.path, tenant), at)?),
        };
        let bytes = part.encode(tenant);
        file.write_all_at(&bytes, at).inspect_err(|_| {
            // What could not be written takes no room, which the ledger may be short of.
            let _: io::Result<()> = file.set_len(at);
        })?;
        write(state).unsaved.file_bytes += bytes.len() as u64;
    }
}

/// What stands behind the last part that counts must never follow a new one.
fn open_at(path: &Path, bytes: u64) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    file.set_len(bytes)?;
    Ok(file)
}

/// The tenants as far as files tell, each with the records up to the end of a block.
pub(crate) fn load(volume: &Path, store: &Store, last_commit: u64) -> io::Result<Tenants> {
    let mut tenants = Tenants::new();
    let expected = witness::last(volume)?.records as usize;
    for entry in fs::read_dir(volume)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let Some(tenant) = number
            .and_then(|number| number.parse().ok())
            .map(TenantNumber)
        else {
            continue;
        };
        // A file that can't be read is as good as none.
        if let Ok(loaded) = load_tenant(&entry.path(), tenant, expected)
            && is_of(store, tenant, &loaded, last_commit)
        {
            tenants.insert(tenant, loaded);
        }
    }
    Ok(tenants)
}

/// Whether the last block that was saved is the one that the store has there: its chain is over
/// all records before it.
fn is_of(store: &Store, tenant: TenantNumber, loaded: &Tenant, last_commit: u64) -> bool {
    let Some(last) = loaded.blocks.last() else {
        return false;
    };
    let key = block::key(tenant, last.first);
    let Ok(Some(value)) = store.blocks.get(key) else {
        return false;
    };
    Header::decode(&key, &value).is_ok_and(|header| {
        header.commit <= last_commit
            && header.chain == last.chain
            && header.next() - 1 == loaded.sealed_to
    })
}

/// `expected` is how many records there may be; only memory is taken by it.
fn load_tenant(path: &Path, tenant: TenantNumber, expected: usize) -> io::Result<Tenant> {
    let file = File::open(path)?;
    let len = file.metadata()?.len();
    let mut file = BufReader::new(file);
    let mut loaded = Tenant::default();
    let mut reload = Reload::with_capacity((len as usize / RECORD_BYTES).min(expected));
    let mut buffer = Vec::new();
    while let Some(part) = Part::read(&mut file, tenant, loaded.head, &mut buffer)? {
        if add(&mut reload, &part).is_none() {
            return Ok(Tenant::default());
        }
        let to = part.to();
        loaded.logical_bytes += part
            .blocks
            .iter()
            .map(|block| u64::from(block.bytes))
            .sum::<u64>();
        loaded.blocks.extend_from_slice(&part.blocks);
        let chain = part
            .blocks
            .last()
            .map_or(loaded.head.chain, |block| block.chain);
        loaded.head = Head {
            position: to,
            chain,
        };
        loaded.sealed_to = to;
        loaded.unsaved.saved_to = to;
        loaded.unsaved.file_bytes += part::stored_bytes(&buffer);
    }
    loaded.index = reload.finish();
    Ok(loaded)
}

fn add(reload: &mut Reload, part: &Part) -> Option<()> {
    let mut new = part.customers.iter().peekable();
    let records = part.prefixes.iter().zip(&part.distances);
    for (position, (prefix, distance)) in (part.before.position + 1..).zip(records) {
        let customer = new
            .next_if(|(first, _)| *first == position)
            .map(|(_, id)| *id);
        reload.push(*prefix, *distance, customer)?;
    }
    new.peek().is_none().then_some(())
}
