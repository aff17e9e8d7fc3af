//! The release binary as a process.

use crate::client::{self, Connection, TENANT};
use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Super admins of the default tenant see what is the node's, such as its metrics.
const DEFAULT_TENANT: [&str; 2] = ["--default-tenant", TENANT];
const LISTENING: &str = "listening on http://";
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How often the size on disk is looked at.
const WEIGH_EVERY: Duration = Duration::from_millis(100);
/// A line of `/metrics`.
const ENCODED_BYTES: &str = "touchbook_ledger_logical_bytes";
/// What the kernel counts a process's time in, whatever its own clock is.
const TICKS_A_SECOND: f64 = 100.0;

/// A service and the folder it keeps its data in; both are gone when it is dropped.
pub(crate) struct Service {
    dir: TempDir,
    arguments: Vec<String>,
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Service {
    pub(crate) fn start(arguments: &[&str]) -> Result<Self> {
        let dir = data_dir()?;
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        let (child, address) = spawn(dir.path(), &arguments)?;
        let service = Self {
            dir,
            arguments,
            child,
            address,
        };
        service.command(&["tenants", "create", TENANT])?;
        let key = service.command(&[
            "keys",
            "create",
            "--tenant",
            TENANT,
            "--role",
            "super_admin",
        ]);
        client::sign_with(key?.trim());
        Ok(service)
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) async fn connect(&self) -> Result<Connection> {
        Connection::open(self.address).await
    }

    /// Kills it and starts it again; answers how long it took until it said that it is ready.
    pub(crate) async fn kill_and_restart(&mut self) -> Result<Duration> {
        self.child.kill()?;
        self.child.wait()?;
        let begun = Instant::now();
        (self.child, self.address) = spawn(self.dir.path(), &self.arguments)?;
        let mut connection = self.connect().await?;
        let mut look = tokio::time::interval(LOOK_EVERY);
        while connection.ask(&client::get("/readyz")).await?.0 != 200 {
            look.tick().await;
        }
        Ok(begun.elapsed())
    }

    /// Waits until every projection has applied everything up to `position`.
    pub(crate) async fn applied(&self, position: u64) -> Result<()> {
        let mut connection = self.connect().await?;
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            let all = connection.json("/api/v1/projections").await?;
            let items = all["items"].as_array().context("no projections")?;
            ensure!(
                items.iter().all(|one| one["stalled"].is_null()),
                "stalled: {all}"
            );
            let applied = |one: &Value| one["applied"].as_u64().unwrap_or_default();
            if items.iter().all(|one| applied(one) >= position) {
                return Ok(());
            }
            look.tick().await;
        }
    }

    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line
            .and_then(|line| line.trim().strip_suffix(" kB"))
            .context("no VmRSS")?;
        Ok(kib.trim().parse::<u64>()? * 1024)
    }

    /// Time that it has had a core for, which neighbours change less than time on the wall.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name before it may hold anything.
        let fields = stat.rsplit_once(") ").context("no stat")?.1;
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
        Ok(ticks.sum::<Result<u64, _>>()? as f64 / TICKS_A_SECOND)
    }

    /// What the ledger takes on disk.
    pub(crate) fn disk_bytes(&self) -> Result<u64> {
        allocated(&self.dir.path().join("ledger"))
    }

    /// What its records are encoded, as it tells its operators itself, now and then.
    pub(crate) async fn encoded_bytes(&self) -> Result<f64> {
        let mut connection = self.connect().await?;
        let mut look = tokio::time::interval(WEIGH_EVERY);
        loop {
            let metrics = connection.body(&client::get("/metrics")).await?;
            let line = std::str::from_utf8(metrics)?
                .lines()
                .find_map(|line| line.strip_prefix(ENCODED_BYTES));
            if let Some(bytes) = line.and_then(|line| line.rsplit(' ').next()) {
                return Ok(bytes.parse()?);
            }
            look.tick().await;
        }
    }

    /// Does something, and answers beside its outcome the most that the ledger took on disk
    /// meanwhile.
    pub(crate) async fn watched<T>(
        &self,
        work: impl Future<Output = Result<T>>,
    ) -> Result<(T, u64)> {
        let mut work = std::pin::pin!(work);
        let mut look = tokio::time::interval(WEIGH_EVERY);
        let mut most = 0;
        loop {
            tokio::select! {
                done = &mut work => return Ok((done?, most)),
                _ = look.tick() => most = most.max(self.disk_bytes()?),
            }
        }
    }

    /// Leaves it alone for a while; answers the most that the ledger took on disk.
    pub(crate) async fn rest(&self, time: Duration) -> Result<u64> {
        let mut end = tokio::time::interval_at(tokio::time::Instant::now() + time, time);
        let nothing = async {
            end.tick().await;
            anyhow::Ok(())
        };
        Ok(self.watched(nothing).await?.1)
    }

    /// A command of the same binary to this service; answers what it printed.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(binary()?);
        command
            .args(arguments)
            .args(DEFAULT_TENANT)
            .arg("--data-dir")
            .arg(self.data_dir());
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "`touchbook {}`: {said}",
            arguments.join(" ")
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Stops it cleanly; its data are left for whoever wants to look.
    pub(crate) fn stop(mut self) -> Result<Stopped> {
        let pid = Pid::from_raw(self.child.id().cast_signed()).context("a process has an id")?;
        kill_process(pid, Signal::TERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the service ended with {status}");
        let dir = std::mem::replace(&mut self.dir, data_dir()?);
        Ok(Stopped(dir))
    }
}

/// What a service left behind.
pub(crate) struct Stopped(pub(crate) TempDir);

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder in [`bench_dir`] that is gone when it is dropped.
pub(crate) fn data_dir() -> Result<TempDir> {
    Ok(tempfile::tempdir_in(bench_dir()?)?)
}

/// `target/bench` of the workspace: the disk that is measured is the one we build on.
pub(crate) fn bench_dir() -> Result<PathBuf> {
    let target = binary()?
        .parent()
        .and_then(Path::parent)
        .map(Path::to_owned);
    let bench = target
        .context("the binary lies in target/release")?
        .join("bench");
    fs::create_dir_all(&bench)?;
    Ok(bench)
}

/// The built binary, in the folder above this program's own.
fn binary() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own
        .parent()
        .and_then(Path::parent)
        .context("we lie in target/release/deps")?;
    let binary = folder.join("touchbook");
    let built = binary.try_exists()?;
    ensure!(
        built,
        "run `cargo build --release -p touchbook`, or `cargo xtask bench`, which does"
    );
    Ok(binary)
}

fn spawn(data_dir: &Path, arguments: &[String]) -> Result<(Child, SocketAddr)> {
    let mut command = Command::new(binary()?);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .args(DEFAULT_TENANT)
        .args(arguments)
        .stdout(Stdio::piped());
    listening(command)
}

/// Starts a program that says where it listens, and learns where.
pub(crate) fn listening(mut command: Command) -> Result<(Child, SocketAddr)> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().context("its output is ours")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let address = line.trim().strip_prefix(LISTENING).map(str::parse);
    Ok((child, address.context("it did not say where it listens")??))
}

/// What the files below a folder take on disk.
pub(crate) fn allocated(path: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            // It may be replaced while we look.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        bytes += match metadata.is_dir() {
            true => allocated(&entry.path())?,
            false => metadata.blocks() * 512,
        };
    }
    Ok(bytes)
}
