//! A real NATS server that a test starts, kills and starts again.

use crate::{data_dir, eventually_blocking, free_port, workspace_dir};
use rustix::process::{Pid, Signal};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The version that `cargo xtask nats` installs for everything.
const CURRENT: &str = "2.15.0";
/// The oldest one that is supported, Debian's.
const OLD: &str = "2.9.10";

/// Where a server's program is.
#[derive(Clone, Debug)]
pub struct NatsBinary {
    pub path: PathBuf,
    pub version: String,
}

impl NatsBinary {
    /// `NATS_SERVER`, then what `cargo xtask nats` installed, then the search path.
    pub fn current() -> Self {
        let named = std::env::var_os("NATS_SERVER").map(PathBuf::from);
        named
            .or_else(|| installed(CURRENT))
            .or_else(on_search_path)
            .and_then(Self::ask)
            .expect("no nats-server: run `cargo xtask nats`, or name one in NATS_SERVER")
    }

    /// The oldest supported server.
    pub fn old() -> Self {
        installed(OLD).and_then(Self::ask).expect(
            "no nats-server 2.9.10: run `cargo xtask nats`, which unpacks it to .nats/2.9.10",
        )
    }

    /// Whether the server syncs before it acknowledges when asked to.
    pub fn can_sync(&self) -> bool {
        let mut parts = self
            .version
            .split('.')
            .map_while(|part| part.parse::<u32>().ok());
        (parts.next(), parts.next()) >= (Some(2), Some(10))
    }

    fn ask(path: PathBuf) -> Option<Self> {
        let output = Command::new(&path).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text
            .trim()
            .rsplit(' ')
            .next()?
            .trim_start_matches('v')
            .to_owned();
        Some(Self { path, version })
    }
}

fn installed(version: &str) -> Option<PathBuf> {
    let path = workspace_dir()
        .join(".nats")
        .join(version)
        .join("nats-server");
    path.is_file().then_some(path)
}

fn on_search_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let programs = std::env::split_paths(&path).map(|dir| dir.join("nats-server"));
    programs.into_iter().find(|program| program.is_file())
}

/// How a server is started.
#[derive(Clone, Debug)]
pub struct NatsSetup {
    binary: NatsBinary,
    config: Option<PathBuf>,
    environment: Vec<(String, OsString)>,
    settings: String,
    sync: bool,
}

impl NatsSetup {
    pub fn new(binary: NatsBinary) -> Self {
        let (environment, settings) = (Vec::new(), String::new());
        Self {
            sync: binary.can_sync(),
            binary,
            config: None,
            environment,
            settings,
        }
    }

    /// Runs a configuration file as it is, but for ports and storage directory.
    #[must_use]
    pub fn config(mut self, path: impl Into<PathBuf>) -> Self {
        self.config = Some(path.into());
        self
    }

    /// Acknowledges before it syncs, as servers do unless told otherwise.
    #[must_use]
    pub fn without_sync(mut self) -> Self {
        self.sync = false;
        self
    }

    /// A variable that the configuration refers to.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// A line of configuration, such as `max_payload: 65536`.
    #[must_use]
    pub fn setting(mut self, line: &str) -> Self {
        self.settings.push_str(line);
        self.settings.push('\n');
        self
    }

    pub fn start(self) -> Nats {
        let mut nats = Nats {
            setup: self,
            dir: data_dir(),
            port: free_port(),
            monitor: free_port(),
            child: None,
        };
        nats.restart();
        nats
    }
}

/// A running server with JetStream in a directory of its own, syncing before it acknowledges where
/// the version can. Killed and removed when dropped.
#[derive(Debug)]
pub struct Nats {
    setup: NatsSetup,
    dir: TempDir,
    port: u16,
    monitor: u16,
    child: Option<Child>,
}

impl Nats {
    /// The current server.
    pub fn start() -> Self {
        NatsSetup::new(NatsBinary::current()).start()
    }

    /// The oldest supported server.
    pub fn start_old() -> Self {
        NatsSetup::new(NatsBinary::old()).start()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn url_as(&self, user: &str, password: &str) -> String {
        format!("nats://{user}:{password}@127.0.0.1:{}", self.port)
    }

    /// `host:port` of the monitoring pages.
    pub fn monitor(&self) -> String {
        format!("127.0.0.1:{}", self.monitor)
    }

    pub fn version(&self) -> &str {
        &self.setup.binary.version
    }

    /// Where JetStream keeps its files.
    pub fn store_dir(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// Ends the server at once, as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killing the nats-server");
            child.wait().expect("the end of the nats-server");
        }
    }

    /// Starts it again on the same port with the same files; kills it first when it still runs.
    pub fn restart(&mut self) {
        self.kill();
        let log = self.dir.path().join("log");
        let output = File::create(&log).expect("the server's log");
        let child = self
            .command(output)
            .spawn()
            .expect("starting the nats-server");
        self.child = Some(child);
        let port = self.port;
        let child = self.child.as_mut();
        let mut child = child;
        eventually_blocking("the nats-server is ready", || {
            if let Some(Ok(Some(status))) = child.as_mut().map(|child| child.try_wait()) {
                let log = fs::read_to_string(&log).unwrap_or_default();
                panic!("the nats-server ended, {status}:\n{log}");
            }
            greets(port)
        });
    }

    /// Asks the server to end, as whoever runs it does: it writes down where its streams end.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            let pid = pid.expect("the nats-server's id");
            rustix::process::kill_process(pid, Signal::TERM).expect("asking the nats-server");
            child.wait().expect("the end of the nats-server");
        }
    }

    /// Cuts the file with the newest messages to a part of its length, as a machine may leave it
    /// that lost its power before it synced. The server must not run.
    pub fn cut_newest_messages(&self, part: f64) {
        assert!(self.child.is_none(), "the server writes to its files");
        let blocks = files(&self.store_dir()).into_iter();
        let blocks = blocks.filter(|path| path.extension().is_some_and(|name| name == "blk"));
        let newest = blocks.max_by_key(|path| {
            let number = path
                .file_stem()
                .and_then(|name| name.to_str()?.parse().ok());
            number.unwrap_or(0_u64)
        });
        let file = File::options().write(true).open(newest.expect("a block"));
        let file = file.expect("the newest block");
        let bytes = file.metadata().expect("its length").len();
        file.set_len((bytes as f64 * part) as u64)
            .expect("cutting the newest block");
    }

    /// Kills the server, and forgets everything it stored.
    pub fn kill_and_wipe(&mut self) {
        self.kill();
        fs::remove_dir_all(self.store_dir()).expect("removing the store");
    }

    /// Kills the server and copies its files, so that they can be put back later.
    pub fn kill_and_back_up(&mut self) -> TempDir {
        self.kill();
        let backup = data_dir();
        copy_dir(&self.store_dir(), backup.path());
        backup
    }

    /// Kills the server, and puts back files that were copied earlier.
    pub fn kill_and_restore(&mut self, backup: &TempDir) {
        self.kill_and_wipe();
        copy_dir(backup.path(), &self.store_dir());
    }

    fn command(&self, output: File) -> Command {
        let config = self.dir.path().join("nats.conf");
        let mut file = File::create(&config).expect("the server's configuration");
        file.write_all(self.configuration().as_bytes())
            .expect("the server's configuration");
        let mut command = Command::new(&self.setup.binary.path);
        command
            .arg("--config")
            .arg(&config)
            .args(["--addr", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--http_port", &self.monitor.to_string()])
            .envs(
                self.setup
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle on the log"))
            .stderr(output);
        command
    }

    fn configuration(&self) -> String {
        let store = format!("store_dir: \"{}\"", self.store_dir().display());
        let Some(path) = &self.setup.config else {
            let sync = if self.setup.sync {
                "sync_interval: always"
            } else {
                ""
            };
            return format!("jetstream {{ {store}\n{sync} }}\n{}", self.setup.settings);
        };
        let text = fs::read_to_string(path).expect("the server's configuration file");
        let lines: Vec<&str> = text
            .lines()
            .map(|line| {
                if line.trim().starts_with("store_dir:") {
                    &store
                } else {
                    line
                }
            })
            .collect();
        lines.join("\n")
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether a server answers a new connection with its greeting.
fn greets(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    let patience = stream.set_read_timeout(Some(Duration::from_secs(1)));
    let mut greeting = [0; 4];
    patience.is_ok() && stream.read_exact(&mut greeting).is_ok() && &greeting == b"INFO"
}

/// All files below a folder.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("a directory of the store");
    let paths = entries.map(|entry| entry.expect("an entry of the store").path());
    let within = paths.flat_map(|path| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    });
    within.collect()
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory to copy") {
        let entry = entry.expect("an entry of a directory");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copying a file");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn publish(url: String) -> u64 {
        let client = async_nats::connect(url).await.unwrap();
        let context = async_nats::jetstream::new(client);
        let config = async_nats::jetstream::stream::Config {
            name: "kept".to_owned(),
            ..Default::default()
        };
        context.get_or_create_stream(config).await.unwrap();
        context
            .publish("kept", "x".into())
            .await
            .unwrap()
            .await
            .unwrap()
            .sequence
    }

    #[tokio::test]
    async fn what_a_killed_server_had_acknowledged_is_there_after_a_restart() {
        for mut nats in [Nats::start(), Nats::start_old()] {
            assert_eq!(publish(nats.url()).await, 1);
            nats.restart();
            assert_eq!(publish(nats.url()).await, 2);
        }
    }

    #[tokio::test]
    async fn a_cut_store_forgets_its_end() {
        let mut nats = Nats::start();
        for sequence in 1..=10 {
            assert_eq!(publish(nats.url()).await, sequence);
        }
        nats.kill();
        nats.cut_newest_messages(0.5);
        nats.restart();
        let next = publish(nats.url()).await;
        assert!((5..=6).contains(&next), "{next}");
        // One that was asked to end knows how far it was.
        nats.stop();
        nats.cut_newest_messages(0.5);
        nats.restart();
        assert_eq!(publish(nats.url()).await, next + 1);
    }

    #[tokio::test]
    async fn a_backup_brings_back_an_earlier_state() {
        let mut nats = Nats::start();
        publish(nats.url()).await;
        let backup = nats.kill_and_back_up();
        nats.restart();
        assert_eq!(publish(nats.url()).await, 2);
        nats.kill_and_restore(&backup);
        nats.restart();
        assert_eq!(publish(nats.url()).await, 2);
        nats.kill_and_wipe();
        nats.restart();
        assert_eq!(publish(nats.url()).await, 1);
    }
}
