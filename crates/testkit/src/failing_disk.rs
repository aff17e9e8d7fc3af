//! A disk that is full, busy, or fails to sync, for one process and the files below one folder.

use crate::preload;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const SOURCE: &str = include_str!("failing_disk/failing_disk.c");

// The places of `struct control` in `failing_disk.c`.
const ROOM: u64 = 0;
const BROKEN_SYNCS: u64 = 8;
const REFUSED_WRITES: u64 = 16;
const FAILED_SYNCS: u64 = 24;
const REFUSES: u64 = 32;
const HELD: u64 = 40;
const ABOUT: u64 = 48;
const ABOUT_BYTES: usize = 256;
const CONTROL_BYTES: u64 = ABOUT + ABOUT_BYTES as u64;

/// Fails those processes that are started in its [environment](Self::environment), once told to.
pub struct FailingDisk {
    root: PathBuf,
    library: PathBuf,
    path: PathBuf,
    control: File,
}

impl FailingDisk {
    /// What lies below `root`, which must exist; its own files are kept in `folder`.
    pub fn new(root: &Path, folder: &Path) -> io::Result<Self> {
        let path = folder.join("control");
        let mut control = OpenOptions::new();
        let control = control.read(true).write(true).create(true).truncate(false);
        let disk = Self {
            root: root.canonicalize()?,
            library: preload::compile(folder, "failing_disk", SOURCE)?,
            control: control.open(&path)?,
            path,
        };
        disk.control.set_len(CONTROL_BYTES)?;
        disk.give_room()?;
        Ok(disk)
    }

    /// What a process must find in its environment to be failed.
    pub fn environment(&self) -> Vec<(String, String)> {
        vec![
            preload::variable("LD_PRELOAD", &self.library),
            preload::variable("FAILING_DISK_ROOT", &self.root),
            preload::variable("FAILING_DISK_CONTROL", &self.path),
        ]
    }

    /// From now on only files with this in their path fail.
    pub fn concern(&self, part: &str) -> io::Result<()> {
        let mut about = [0; ABOUT_BYTES];
        about[..part.len()].copy_from_slice(part.as_bytes());
        self.control.write_all_at(&about, ABOUT)
    }

    /// Files may grow by so many bytes, and then no more.
    pub fn leave_room(&self, bytes: u64) -> io::Result<()> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.control.write_all_at(&bytes.to_ne_bytes(), ROOM)
    }

    /// Nothing can be written, not even over what is there, as where that is copied first.
    pub fn refuse_writes(&self) -> io::Result<()> {
        self.control.write_all_at(&1_u64.to_ne_bytes(), REFUSES)?;
        self.leave_room(0)
    }

    /// There is as much room as anybody wants.
    pub fn give_room(&self) -> io::Result<()> {
        self.control.write_all_at(&0_u64.to_ne_bytes(), REFUSES)?;
        self.control.write_all_at(&(-1_i64).to_ne_bytes(), ROOM)
    }

    /// The next sync of each file fails, and those after it succeed. A process that is started
    /// later is told of nothing.
    pub fn break_next_syncs(&self) -> io::Result<()> {
        let broken = self.number(BROKEN_SYNCS)? + 1;
        self.control
            .write_all_at(&broken.to_ne_bytes(), BROKEN_SYNCS)
    }

    /// Syncs wait until they are let go on.
    pub fn hold_syncs(&self) -> io::Result<()> {
        self.control.write_all_at(&1_u64.to_ne_bytes(), HELD)
    }

    pub fn let_sync(&self) -> io::Result<()> {
        self.control.write_all_at(&0_u64.to_ne_bytes(), HELD)
    }

    /// How many writes found too little room.
    pub fn refused_writes(&self) -> io::Result<u64> {
        self.number(REFUSED_WRITES)
    }

    /// How many syncs failed.
    pub fn failed_syncs(&self) -> io::Result<u64> {
        self.number(FAILED_SYNCS)
    }

    fn number(&self, at: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, at)?;
        Ok(u64::from_ne_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{data_dir, eventually_blocking};
    use std::process::{Command, Stdio};
    use tempfile::TempDir;

    struct Shell {
        root: TempDir,
        _own: TempDir,
        disk: FailingDisk,
    }

    impl Shell {
        fn new() -> Self {
            let (root, own) = (data_dir(), data_dir());
            let disk = FailingDisk::new(root.path(), own.path()).unwrap();
            Self {
                root,
                _own: own,
                disk,
            }
        }

        fn says(&self, script: &str) -> String {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]).current_dir(self.root.path());
            let output = shell.envs(self.disk.environment()).output().unwrap();
            String::from_utf8(output.stderr).unwrap()
        }

        fn bytes(&self, name: &str) -> Option<u64> {
            let found = std::fs::metadata(self.root.path().join(name));
            found.ok().map(|file| file.len())
        }

        fn text(&self, name: &str) -> String {
            std::fs::read_to_string(self.root.path().join(name)).unwrap()
        }
    }

    // What a shell's own printf says of an error is up to the shell.
    const WRITE: &str = "printf 'hello again' | cat > a";

    #[test]
    fn a_full_disk_takes_what_fits_and_what_overwrites() {
        let shell = Shell::new();
        assert_eq!(shell.says(WRITE), "");
        shell.disk.leave_room(4).unwrap();
        let said = shell.says("printf 'good-bye' | cat 1<> a; printf 'one more' | cat > b");
        assert!(said.contains("No space left on device"), "{said}");
        assert_eq!(
            (&*shell.text("a"), &*shell.text("b")),
            ("good-byeain", "one ")
        );
        assert!(shell.disk.refused_writes().unwrap() > 0);
        shell.disk.give_room().unwrap();
        assert_eq!(shell.says("printf 'more' | cat >> b"), "");
        assert_eq!(shell.text("b"), "one more");
    }

    #[test]
    fn only_files_that_are_meant_fail() {
        let shell = Shell::new();
        shell.disk.refuse_writes().unwrap();
        shell.disk.concern("/b").unwrap();
        assert_eq!(shell.says(WRITE), "");
        assert!(shell.says("printf x | cat > b").contains("No space left"));
        shell.disk.concern("").unwrap();
        assert!(shell.says("printf x | cat 1<> a").contains("No space left"));
    }

    #[test]
    fn a_sync_waits_until_it_is_let_go_on() {
        let shell = Shell::new();
        shell.disk.hold_syncs().unwrap();
        let mut dd = Command::new("dd");
        dd.args(["if=/dev/zero", "of=a", "count=1", "conv=fdatasync"])
            .current_dir(shell.root.path());
        let mut dd = dd.envs(shell.disk.environment()).spawn().unwrap();
        eventually_blocking("all is written", || shell.bytes("a") == Some(512));
        assert_eq!(dd.try_wait().unwrap(), None);
        shell.disk.let_sync().unwrap();
        assert!(dd.wait().unwrap().success());
    }

    #[test]
    fn a_broken_sync_fails_once_and_not_in_the_next_process() {
        let shell = Shell::new();
        let mut dd = Command::new("dd");
        dd.args(["of=a", "conv=fdatasync"])
            .current_dir(shell.root.path());
        let pipes = dd.stdin(Stdio::piped()).stderr(Stdio::piped());
        let dd = pipes.envs(shell.disk.environment()).spawn().unwrap();
        let file = shell.root.path().join("a");
        eventually_blocking("it is open", || file.try_exists().unwrap());
        shell.disk.break_next_syncs().unwrap();
        let said = dd.wait_with_output().unwrap().stderr;
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("Input/output error"), "{said}");
        assert_eq!(shell.disk.failed_syncs().unwrap(), 1);
        assert_eq!(
            shell.says("dd if=/dev/null of=b conv=fdatasync status=none"),
            ""
        );
    }
}
