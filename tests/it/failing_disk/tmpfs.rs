//! A small file system in memory, mounted for one service and a test alone.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const BYTES: &str = "192m";
/// Mounts where nobody else sees it, and holds it until its input ends.
const HOLD: &str = r#"mount -t tmpfs -o size="$1",mode=700 none "$0" && echo mounted && exec cat"#;
const BALLAST: &str = "ballast";

pub(super) struct Tmpfs {
    holder: Child,
    path: PathBuf,
}

impl Tmpfs {
    /// Over `folder`, unless this machine lets nobody mount anything.
    pub(super) fn mount(folder: &Path) -> Option<Self> {
        let mut unshare = Command::new("unshare");
        unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c", HOLD]);
        let unshare = unshare.arg(folder).arg(BYTES);
        let pipes = unshare.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = pipes.spawn().ok()?;
        let mut said = String::new();
        let stdout = holder.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut said).unwrap();
        let tmpfs = Self {
            path: Path::new("/proc")
                .join(holder.id().to_string())
                .join("root")
                .join(folder.strip_prefix("/").unwrap()),
            holder,
        };
        (said.trim_end() == "mounted").then_some(tmpfs)
    }

    /// Runs a program where the file system is seen.
    pub(super) fn inside(&self) -> Command {
        let mut nsenter = Command::new("nsenter");
        let holder = self.holder.id().to_string();
        nsenter.args([
            "--preserve-credentials",
            "--user",
            "--mount",
            "--target",
            &holder,
        ]);
        nsenter
    }

    /// Leaves so much room, in whole pages.
    pub(super) fn fill(&self, room: u64) {
        let mut ballast = File::create(self.path.join(BALLAST)).unwrap();
        let everything = io::copy(&mut io::repeat(0), &mut ballast);
        assert_eq!(everything.unwrap_err().kind(), io::ErrorKind::StorageFull);
        let bytes = ballast.metadata().unwrap().len();
        ballast.set_len(bytes.saturating_sub(room)).unwrap();
    }

    pub(super) fn free(&self) {
        std::fs::remove_file(self.path.join(BALLAST)).unwrap();
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
