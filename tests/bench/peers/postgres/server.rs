//! A Postgres server of our own: a new cluster on the disk that is measured, with a port and a
//! configuration of its own, gone when it is dropped.

use crate::service::data_dir;
use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};
use touchbook_testkit::free_port;

/// The user of every machine who owns nothing. The server refuses root.
const NOBODY: u32 = 65_534;
const USER: &str = "bench";
/// How often it is asked whether it is up.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Of the machine's memory, what its own manual names.
const SHARED_BUFFERS_SHARE: u64 = 4;
const SHARED_BUFFERS_MIB_MAX: u64 = 4_096;
/// Beside the defaults, by which each commit is synced (`fsync`, `synchronous_commit` and
/// `full_page_writes` are on): no checkpoint in the middle of a load, and memory for sorting.
const SETTINGS: [&str; 9] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "timezone=UTC",
    "max_wal_size=8GB",
    "checkpoint_timeout=15min",
    "maintenance_work_mem=512MB",
    "work_mem=64MB",
    "random_page_cost=1.1",
    "log_min_messages=fatal",
];

pub(super) struct Server {
    child: Child,
    port: u16,
    shared_buffers: String,
    _dir: TempDir,
}

impl Server {
    pub(super) async fn start(programs: &Path) -> Result<Self> {
        let dir = data_dir()?;
        if geteuid().is_root() {
            std::os::unix::fs::chown(dir.path(), Some(NOBODY), Some(NOBODY))?;
        }
        let data = dir.path().join("data");
        let log = dir.path().join("log");
        init(programs, dir.path(), &data)?;

        let port = free_port();
        let shared_buffers = format!("shared_buffers={}MB", shared_buffers_mib()?);
        let mut command = unprivileged(programs, "postgres", dir.path());
        command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for setting in SETTINGS.into_iter().chain([&*shared_buffers]) {
            command.args(["-c", setting]);
        }
        let child = command
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .context("starting postgres")?;
        let mut server = Self {
            child,
            port,
            shared_buffers,
            _dir: dir,
        };
        server.wait_until_up(&log).await?;
        Ok(server)
    }

    /// What was set that figures depend on.
    pub(super) fn settings(&self) -> &str {
        &self.shared_buffers
    }

    pub(super) async fn create_database(&self, name: &str) -> Result<()> {
        self.command(&format!("CREATE DATABASE {name}")).await
    }

    /// Those who are connected are turned out.
    pub(super) async fn drop_database(&self, name: &str) -> Result<()> {
        self.command(&format!("DROP DATABASE {name} WITH (FORCE)"))
            .await
    }

    async fn command(&self, sql: &str) -> Result<()> {
        let client = self.connect("postgres").await?;
        Ok(client.batch_execute(sql).await?)
    }

    pub(super) async fn connect(&self, database: &str) -> Result<Client> {
        let config = format!(
            "host=127.0.0.1 port={} user={USER} dbname={database}",
            self.port
        );
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
        // It ends with the client, who is told of its errors.
        tokio::spawn(connection);
        Ok(client)
    }

    async fn wait_until_up(&mut self, log: &Path) -> Result<()> {
        let mut look = tokio::time::interval(LOOK_EVERY);
        while self.connect("postgres").await.is_err() {
            let ended = self.child.try_wait()?;
            let said = || fs::read_to_string(log).unwrap_or_default();
            ensure!(ended.is_none(), "postgres ended: {}", said());
            look.tick().await;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A fast shutdown: killed, it would leave its children. It may have ended already.
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            let _ = kill_process(pid, Signal::INT);
        }
        let _ = self.child.wait();
    }
}

fn init(programs: &Path, dir: &Path, data: &Path) -> Result<()> {
    let mut command = unprivileged(programs, "initdb", dir);
    command.arg("--pgdata").arg(data);
    command.args(["--username", USER, "--auth", "trust"]);
    command.args(["--encoding", "UTF8", "--locale", "C"]);
    let output = command.output().context("starting initdb")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "initdb: {}", said.trim());
    Ok(())
}

fn unprivileged(programs: &Path, program: &str, dir: &Path) -> Command {
    let mut command = Command::new(programs.join(program));
    command.current_dir(dir);
    if geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn shared_buffers_mib() -> Result<u64> {
    let memory = fs::read_to_string("/proc/meminfo")?;
    let line = memory.lines().next().context("no memory")?;
    let kib = line.split_whitespace().nth(1).context("no number")?;
    let mib = kib.parse::<u64>()? / 1024;
    Ok((mib / SHARED_BUFFERS_SHARE).min(SHARED_BUFFERS_MIB_MAX))
}
