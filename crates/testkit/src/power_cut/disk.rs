//! A folder on a disk, with what of it a power cut can't take.
//!
//! The rules are stricter than those of any file system in use. Bytes and lengths are durable once
//! an `fsync` or `fdatasync` of their file has ended that began after the write had; names once an
//! `fsync` of their folder has, whatever was done to the file itself. (On ext4 any sync that
//! commits the journal makes all earlier changes of names durable.) Of the rest anything may be
//! there. Three things are relied on, which ext4, XFS and btrfs all give: a rename within a folder
//! happens or does not; the names of one folder change in the order in which they were changed; and
//! a file never has a length for bytes that were not written to it.

use crate::power_cut::{Operation, Recording, Survival};
use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A sync that a test can have the disk forget, to prove that it would be missed.
#[derive(Clone, Copy, Debug)]
pub struct Forgotten<'a> {
    pub path: &'a Path,
    /// `fdatasync`, not `fsync`.
    pub of_data: bool,
    pub of_folder: bool,
}

/// A place in [`Disk::nodes`].
type Place = usize;

/// The recorded folder itself.
const ROOT: Place = 0;

/// What the operations of a recording have made of a folder.
pub struct Disk<'a> {
    recording: &'a Recording,
    nodes: Vec<Node>,
    /// Syncs that have begun: of what, and how many of its changes they cover.
    syncs: HashMap<u64, (Place, usize)>,
}

enum Node {
    File(Changes<Change>, Origin),
    Folder(Changes<Naming>, Names),
}

/// How a file came to be.
enum Origin {
    /// With these permission bits.
    Made(u32),
    /// It was there when the recording began, as a copy of this.
    Base(PathBuf),
}

/// Changes with the operations that they are, in order; the first `synced` of them are durable.
struct Changes<T> {
    all: Vec<(usize, T)>,
    synced: usize,
}

enum Change {
    Write { at: u64, data: Range<usize> },
    Truncate { len: u64 },
}

enum Naming {
    Set(OsString, Place),
    Remove(OsString),
    Rename(OsString, OsString, Place),
}

/// The names in a folder: when the recording began, and as the process sees them.
#[derive(Default)]
struct Names {
    before: BTreeMap<OsString, Place>,
    now: BTreeMap<OsString, Place>,
}

impl<T> Changes<T> {
    const fn none() -> Self {
        Self {
            all: Vec::new(),
            synced: 0,
        }
    }
}

impl<'a> Disk<'a> {
    /// What a folder that was as `base` is, or was empty, has become after the first `operations`.
    ///
    /// # Panics
    /// If the recording can't be of that folder.
    pub fn after(
        recording: &'a Recording,
        operations: usize,
        base: Option<&Path>,
        forgets: impl Fn(&Forgotten<'_>) -> bool,
    ) -> io::Result<Self> {
        let mut disk = Self {
            recording,
            nodes: vec![Node::Folder(Changes::none(), Names::default())],
            syncs: HashMap::new(),
        };
        if let Some(base) = base {
            disk.take(ROOT, base)?;
        }
        for (index, operation) in recording.operations[..operations].iter().enumerate() {
            disk.apply(index, operation, &forgets);
        }
        Ok(disk)
    }

    /// Everything in `base` is durable.
    fn take(&mut self, folder: Place, base: &Path) -> io::Result<()> {
        for entry in fs::read_dir(base)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if !kind.is_dir() && !kind.is_file() {
                continue;
            }
            let place = self.nodes.len();
            if kind.is_dir() {
                self.nodes
                    .push(Node::Folder(Changes::none(), Names::default()));
                self.take(place, &entry.path())?;
            } else {
                self.nodes
                    .push(Node::File(Changes::none(), Origin::Base(entry.path())));
            }
            let (_, names) = self.folder(folder);
            names.before.insert(entry.file_name(), place);
            names.now.insert(entry.file_name(), place);
        }
        Ok(())
    }

    fn apply(
        &mut self,
        index: usize,
        operation: &Operation,
        forgets: &impl Fn(&Forgotten<'_>) -> bool,
    ) {
        match operation {
            Operation::Write { path, at, data } => {
                let (at, data) = (*at, data.clone());
                self.change(index, path, Change::Write { at, data });
            }
            Operation::Truncate { path, len } => {
                self.change(index, path, Change::Truncate { len: *len });
            }
            Operation::SyncBegin { path, id, of_data } => {
                let place = self.find(path);
                let (covered, of_folder) = match &self.nodes[place] {
                    Node::File(changes, _) => (changes.all.len(), false),
                    Node::Folder(changes, _) => (changes.all.len(), true),
                };
                let of_data = *of_data;
                let sync = Forgotten {
                    path,
                    of_data,
                    of_folder,
                };
                if !forgets(&sync) {
                    self.syncs.insert(*id, (place, covered));
                }
            }
            Operation::SyncEnd { id } => self.end_sync(*id),
            Operation::Create { path, mode } => {
                let place = self.add(Node::File(Changes::none(), Origin::Made(*mode)));
                self.name(index, path, place);
            }
            Operation::MakeFolder { path } => {
                let place = self.add(Node::Folder(Changes::none(), Names::default()));
                self.name(index, path, place);
            }
            Operation::Link { from, to } => {
                let place = self.find(from);
                self.name(index, to, place);
            }
            Operation::Rename { from, to } => self.rename(index, from, to),
            Operation::Remove { path } => self.unname(index, path),
            Operation::Answer { .. } | Operation::Note { .. } => {}
        }
    }

    fn add(&mut self, node: Node) -> Place {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn change(&mut self, index: usize, path: &Path, change: Change) {
        let place = self.find(path);
        match &mut self.nodes[place] {
            Node::File(changes, _) => changes.all.push((index, change)),
            Node::Folder(..) => panic!("{} is no file", path.display()),
        }
    }

    fn end_sync(&mut self, id: u64) {
        let Some((place, covered)) = self.syncs.remove(&id) else {
            return;
        };
        let synced = match &mut self.nodes[place] {
            Node::File(changes, _) => &mut changes.synced,
            Node::Folder(changes, _) => &mut changes.synced,
        };
        *synced = covered.max(*synced);
    }

    fn name(&mut self, index: usize, path: &Path, place: Place) {
        let (folder, name) = self.split(path);
        let (changes, names) = self.folder(folder);
        changes.all.push((index, Naming::Set(name.clone(), place)));
        names.now.insert(name, place);
    }

    fn unname(&mut self, index: usize, path: &Path) {
        let (folder, name) = self.split(path);
        let (changes, names) = self.folder(folder);
        // A socket may go that nobody saw come: it is no file.
        if names.now.remove(&name).is_some() {
            changes.all.push((index, Naming::Remove(name)));
        }
    }

    fn rename(&mut self, index: usize, from: &Path, to: &Path) {
        let place = self.find(from);
        let ((from_folder, old), (to_folder, new)) = (self.split(from), self.split(to));
        if from_folder != to_folder {
            self.unname(index, from);
            self.name(index, to, place);
            return;
        }
        let (changes, names) = self.folder(from_folder);
        names.now.remove(&old);
        names.now.insert(new.clone(), place);
        changes.all.push((index, Naming::Rename(old, new, place)));
    }

    fn find(&self, path: &Path) -> Place {
        path.iter().fold(ROOT, |place, name| {
            let Node::Folder(_, names) = &self.nodes[place] else {
                panic!("{} leads through a file", path.display());
            };
            let found = names.now.get(name);
            *found.unwrap_or_else(|| panic!("{} was never made", path.display()))
        })
    }

    fn split(&self, path: &Path) -> (Place, OsString) {
        let folder = path.parent().map_or(ROOT, |parent| self.find(parent));
        let name = path.file_name().map(OsStr::to_owned);
        (folder, name.unwrap_or_default())
    }

    fn folder(&mut self, place: Place) -> (&mut Changes<Naming>, &mut Names) {
        match &mut self.nodes[place] {
            Node::Folder(changes, names) => (changes, names),
            Node::File(..) => panic!("a file was taken for a folder"),
        }
    }

    /// Writes what the disk has after a power cut into the folder `into`, which must be empty.
    pub fn survivors(&self, survival: &mut Survival, into: &Path) -> io::Result<()> {
        self.write(ROOT, survival, into)
    }

    fn write(&self, place: Place, survival: &mut Survival, into: &Path) -> io::Result<()> {
        match &self.nodes[place] {
            Node::File(changes, origin) => self.write_file(changes, origin, survival, into),
            Node::Folder(changes, names) => {
                if place != ROOT {
                    fs::create_dir(into)?;
                }
                for (name, place) in surviving_names(changes, names, survival) {
                    self.write(place, survival, &into.join(name))?;
                }
                Ok(())
            }
        }
    }

    fn write_file(
        &self,
        changes: &Changes<Change>,
        origin: &Origin,
        survival: &mut Survival,
        into: &Path,
    ) -> io::Result<()> {
        if let Origin::Base(base) = origin {
            fs::copy(base, into)?;
        }
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(into)?;
        if let Origin::Made(mode) = origin {
            file.set_permissions(Permissions::from_mode(*mode))?;
        }
        let (synced, unsynced) = changes.all.split_at(changes.synced);
        for (_, change) in synced {
            match change {
                Change::Write { at, data } => {
                    file.write_all_at(self.recording.data(data), *at)?;
                }
                Change::Truncate { len } => file.set_len(*len)?,
            }
        }
        let pieces = survival.pieces(&writes(unsynced));
        for (operation, change) in unsynced {
            match change {
                Change::Write { at, data } => {
                    let data = self.recording.data(data);
                    for (from, to) in pieces.of(*operation, *at, data.len() as u64) {
                        file.write_all_at(&data[from as usize..to as usize], at + from)?;
                    }
                }
                Change::Truncate { len } if survival.keeps(*operation) => file.set_len(*len)?,
                Change::Truncate { .. } => {}
            }
        }
        Ok(())
    }
}

fn writes(changes: &[(usize, Change)]) -> Vec<(usize, u64, u64)> {
    let writes = changes
        .iter()
        .filter_map(|(operation, change)| match change {
            Change::Write { at, data } => Some((*operation, *at, data.len() as u64)),
            Change::Truncate { .. } => None,
        });
    writes.collect()
}

fn surviving_names(
    changes: &Changes<Naming>,
    names: &Names,
    survival: &mut Survival,
) -> BTreeMap<OsString, Place> {
    let mut surviving = names.before.clone();
    for (count, (operation, naming)) in changes.all.iter().enumerate() {
        if count >= changes.synced && !survival.keeps(*operation) {
            break;
        }
        match naming {
            Naming::Set(name, place) => {
                surviving.insert(name.clone(), *place);
            }
            Naming::Remove(name) => {
                surviving.remove(name);
            }
            Naming::Rename(old, new, place) => {
                surviving.remove(old);
                surviving.insert(new.clone(), *place);
            }
        }
    }
    surviving
}
