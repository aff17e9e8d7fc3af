//! What happens to files, as the kernel tells it.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::time::Duration;

const EVENTS_BYTES: usize = 64 * 1024;

pub(super) struct Watch(OwnedFd);

impl Watch {
    fn new<'a>(paths: impl IntoIterator<Item = &'a Path>, events: WatchFlags) -> Self {
        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
        for path in paths {
            inotify::add_watch(&watch, path, events).unwrap();
        }
        Self(watch)
    }

    /// Of one file.
    pub(super) fn writes(file: &Path) -> Self {
        Self::new([file], WatchFlags::MODIFY)
    }

    /// Files that appear in the folders of snapshots, which must be there.
    pub(super) fn snapshots(data_dir: &Path) -> Self {
        let mut folders = vec![data_dir.join("snapshots")];
        for _ in ["tenant", "name", "version"] {
            folders = folders.iter().flat_map(|folder| below(folder)).collect();
        }
        assert!(!folders.is_empty(), "nothing was snapshotted yet");
        let folders = folders.iter().map(PathBuf::as_path);
        Self::new(folders, WatchFlags::CREATE)
    }

    /// The names of the files to which something happened, once it did; none when the time is over.
    pub(super) fn next(&self, within: Duration) -> Vec<String> {
        let within = Timespec::try_from(within).unwrap();
        match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&within)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => panic!("{error}"),
        }
        let mut buffer = [MaybeUninit::uninit(); EVENTS_BYTES];
        let mut reader = Reader::new(&self.0, &mut buffer);
        let mut names = Vec::new();
        loop {
            match reader.next() {
                Ok(event) => {
                    let name = event
                        .file_name()
                        .map(|name| name.to_string_lossy().into_owned());
                    names.push(name.unwrap_or_default());
                }
                Err(Errno::AGAIN) => return names,
                Err(error) => panic!("{error}"),
            }
            if reader.is_buffer_empty() {
                return names;
            }
        }
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}
