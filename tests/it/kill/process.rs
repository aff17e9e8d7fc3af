//! A process that is to be killed, and what can be seen of it from outside.

use crate::power_cut::files;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::fs;
use std::path::{Path, PathBuf};

pub(super) struct Target {
    pid: Pid,
    data_dir: PathBuf,
}

impl Target {
    pub(super) fn new(pid: u32, data_dir: &Path) -> Self {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        Self {
            pid: pid.expect("a process"),
            data_dir: data_dir.to_owned(),
        }
    }

    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(super) fn kill(&self) {
        kill_process(self.pid, Signal::KILL).unwrap();
    }

    pub(super) fn ask_to_stop(&self) {
        kill_process(self.pid, Signal::TERM).unwrap();
    }

    /// Freezes it; kills it if it is in such a state, else lets it go on.
    pub(super) fn kill_if(&self, state: impl FnOnce(&Self) -> bool) -> bool {
        kill_process(self.pid, Signal::STOP).unwrap();
        // Left to be waited for by whoever started it.
        let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(self.pid), options).unwrap();
        let is_frozen = status.is_some_and(|status| status.stopped());
        let kills = is_frozen && state(self);
        let signal = if kills { Signal::KILL } else { Signal::CONT };
        kill_process(self.pid, signal).unwrap();
        kills
    }

    /// Whether it ended; nobody has waited for it yet.
    pub(super) fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        waitid(WaitId::Pid(self.pid), options).unwrap().is_some()
    }

    /// By the beginning of its name.
    pub(super) fn has_thread(&self, name: &str) -> bool {
        let threads = self.list("task").into_iter();
        threads
            .filter_map(|thread| fs::read_to_string(thread.join("comm")).ok())
            .any(|found| found.trim_end() == name)
    }

    /// A file of its data directory.
    pub(super) fn has_open(&self, file: &str) -> bool {
        let file = self.data_dir.join(file);
        let links = self.list("fd").into_iter();
        links
            .filter_map(|link| fs::read_link(link).ok())
            .any(|open| open == file)
    }

    /// A file that is to take the place of a snapshot.
    pub(super) fn has_half_a_snapshot(&self) -> bool {
        let mut files = files(&self.data_dir.join("snapshots")).into_iter();
        files.any(|file| file.extension().is_some_and(|found| found == "new"))
    }

    fn list(&self, what: &str) -> Vec<PathBuf> {
        let folder = format!("/proc/{}/{what}", self.pid.as_raw_nonzero());
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.flatten().map(|entry| entry.path()).collect()
    }
}
