//! The real binary as a process, asked over HTTP as anybody would.

use reqwest::{Client, Method, RequestBuilder, Response};
use rustix::process::{Pid, Signal};
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Seek};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;
use touchbook_testkit::eventually;

/// Longer than any start in these tests takes.
const START: Duration = Duration::from_secs(60);
const LISTENING: &str = "listening on ";
/// A NATS server refuses a stream that could outgrow its disk: the default needs 5 GiB free.
const STREAM_BYTES_MAX: &str = "268435456";
pub(crate) const TENANT: &str = "acme";

/// The built binary beside this test's own.
pub(crate) fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let binary = test.parent().unwrap().parent().unwrap().join("touchbook");
    assert!(
        binary.try_exists().unwrap(),
        "{} is not built: run `cargo build --workspace --bins` first",
        binary.display()
    );
    binary
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).output().unwrap()
}

/// A service under test and the folder it keeps its data in.
pub(crate) struct Service {
    /// Removed at the end.
    home: Option<TempDir>,
    data_dir: PathBuf,
    /// The program that is given the binary to run, such as a tracer, with its arguments.
    under: Vec<OsString>,
    arguments: Vec<String>,
    environment: Vec<(OsString, OsString)>,
    tenant: String,
    child: Child,
    base: String,
    client: Client,
}

impl Service {
    /// Serves the embedded stream from an empty folder.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self::start_in(touchbook_testkit::data_dir(), arguments)
    }

    /// Serves what is in a folder already.
    pub(crate) fn start_in(dir: TempDir, arguments: &[&str]) -> Self {
        let data_dir = dir.path().to_owned();
        Self::start_at(dir, data_dir, arguments, Vec::new())
    }

    /// Serves what is in a folder to those who say who they are.
    pub(crate) fn start_with_accounts(dir: TempDir) -> Self {
        Self::start_with_secrets(dir, &[])
    }

    /// The same, with secrets in its environment.
    pub(crate) fn start_with_secrets(dir: TempDir, secrets: &[(&str, &str)]) -> Self {
        let data_dir = dir.path().to_owned();
        let secrets = secrets.iter();
        let environment = secrets.map(|(name, secret)| (name.into(), secret.into()));
        let environment = environment.collect();
        Self::begin(dir, data_dir, Vec::new(), Vec::new(), environment)
    }

    /// Serves a folder below `home`, with more in its environment, such as a library to load first.
    pub(crate) fn start_at(
        home: TempDir,
        data_dir: PathBuf,
        arguments: &[&str],
        environment: Vec<(String, String)>,
    ) -> Self {
        let environment = environment.into_iter();
        let environment = environment.map(|(name, value)| (name.into(), value.into()));
        let environment = environment.collect();
        Self::begin(home, data_dir, Vec::new(), dev(arguments), environment)
    }

    /// Serves an empty folder under another program, such as a tracer that is given the binary.
    pub(crate) fn start_under(tracer: &Command) -> Self {
        let home = touchbook_testkit::data_dir();
        Self::start_within(home, tracer, &[])
    }

    /// The same with a folder of one's own.
    pub(crate) fn start_within(home: TempDir, other: &Command, arguments: &[&str]) -> Self {
        let program = [other.get_program()].into_iter().chain(other.get_args());
        let under = program.map(OsStr::to_owned).collect();
        let variables = other.get_envs();
        let variables = variables.filter_map(|(name, value)| Some((name, value?)));
        let environment = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let data_dir = home.path().to_owned();
        Self::begin(home, data_dir, under, dev(arguments), environment.collect())
    }

    fn begin(
        home: TempDir,
        data_dir: PathBuf,
        under: Vec<OsString>,
        arguments: Vec<String>,
        environment: Vec<(OsString, OsString)>,
    ) -> Self {
        let mut command = command(&under, &environment);
        let (child, base) = spawn(&mut command, &data_dir, &arguments);
        Self {
            home: Some(home),
            data_dir,
            under,
            arguments,
            environment,
            tenant: TENANT.to_owned(),
            child,
            base,
            client: client(),
        }
    }

    /// Serves what is in a folder, unless the service refuses; then what it said.
    pub(crate) fn attempt_in(dir: TempDir, arguments: &[&str]) -> Result<Self, String> {
        let arguments = dev(arguments);
        let mut command = Command::new(binary());
        let (child, base) = attempt(&mut command, dir.path(), &arguments)?;
        Ok(Self {
            data_dir: dir.path().to_owned(),
            home: Some(dir),
            under: Vec::new(),
            arguments,
            environment: Vec::new(),
            tenant: TENANT.to_owned(),
            child,
            base,
            client: client(),
        })
    }

    /// Runs another command of the binary, where the service runs.
    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        let mut command = command(&self.under, &self.environment);
        command
            .args(arguments)
            .arg("--data-dir")
            .arg(&self.data_dir);
        command.output().unwrap()
    }

    /// Keeps its folder for whoever wants to know what went wrong.
    pub(crate) fn keep(&mut self) -> PathBuf {
        self.home.take().expect("it is taken once").keep()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let address = self.base.strip_prefix("http://").expect("it speaks HTTP");
        address.parse().expect("it listens on an address")
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Asks for this tenant from now on.
    pub(crate) fn ask_as(&mut self, tenant: &str) {
        tenant.clone_into(&mut self.tenant);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no last words.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// SIGTERM.
    pub(crate) fn ask_to_stop(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        rustix::process::kill_process(pid.unwrap(), signal).unwrap();
    }

    /// The exit code, once it has ended.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// SIGKILL; answers what it served from.
    pub(crate) fn into_home(mut self) -> TempDir {
        self.kill();
        self.child.wait().unwrap();
        self.home.take().expect("it is taken once")
    }

    /// SIGTERM, and the exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.ask_to_stop();
        self.exit_code()
    }

    /// Serves the same folder again, once the process that was told to end has.
    pub(crate) fn restart(&mut self) {
        self.child.wait().unwrap();
        let mut command = command(&self.under, &self.environment);
        (self.child, self.base) = spawn(&mut command, &self.data_dir, &self.arguments);
    }

    /// The same, unless the service refuses; then what it said.
    pub(crate) fn attempt_again(&mut self) -> Result<(), String> {
        self.child.wait().unwrap();
        let mut command = command(&self.under, &self.environment);
        (self.child, self.base) = attempt(&mut command, &self.data_dir, &self.arguments)?;
        Ok(())
    }

    /// The same, in the hands of `watch` from the start, which may kill it and then says so.
    pub(crate) fn restart_watched(&mut self, watch: impl FnOnce(u32) -> bool) -> bool {
        self.child.wait().unwrap();
        let mut command = command(&self.under, &self.environment);
        let command = command.stderr(Stdio::inherit());
        let (child, lines) = begin(command, &self.data_dir, &self.arguments);
        self.child = child;
        if watch(self.child.id()) {
            return true;
        }
        self.base = listening(&lines).expect("the service says where it listens");
        false
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_as(&self.tenant, method, path)
    }

    pub(crate) fn request_as(&self, tenant: &str, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base))
            .header("X-Tenant-ID", tenant)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// The answer's body, which must be a success.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        let status = response.status();
        let body = response.text().await.unwrap();
        assert!(status.is_success(), "GET {path}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Posts one event and answers its position, or nothing where it was not acknowledged.
    pub(crate) async fn post_one(&self, event: String) -> Option<u64> {
        let request = self
            .request(Method::POST, "/api/v1/events")
            .header("Content-Type", "application/cloudevents+json")
            .body(event);
        let response = request.send().await.ok()?;
        if !response.status().is_success() {
            return None;
        }
        response.json::<Value>().await.ok()?["position"].as_u64()
    }

    /// Every record in order, as `GET /ledger/events` shows it.
    pub(crate) async fn records(&self) -> Vec<Value> {
        let mut records: Vec<Value> = Vec::new();
        loop {
            let after = records.len();
            let path = format!("/api/v1/ledger/events?after={after}&limit=500");
            let page = self.json(&path).await;
            let items = page["items"].as_array().unwrap();
            for (position, record) in (after + 1..).zip(items) {
                assert_eq!(record["position"], position, "a gap in the positions");
            }
            records.extend(items.iter().cloned());
            if page["next_cursor"].is_null() {
                return records;
            }
        }
    }

    /// Posts events, one a line, and answers what was said.
    pub(crate) async fn post_lines(&self, lines: String) -> reqwest::Result<Response> {
        self.request(Method::POST, "/api/v1/events")
            .header("Content-Type", "application/x-ndjson")
            .body(lines)
            .send()
            .await
    }

    /// Begins something with a POST that answers what was begun.
    pub(crate) async fn accepted(&self, path: &str) -> Value {
        let response = self.request(Method::POST, path).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "POST {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Begins a job with a POST and waits for its end; answers it as it ended.
    pub(crate) async fn run_job(&self, path: &str) -> Value {
        let job = self.accepted(path).await;
        let id = job["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/jobs/{id}");
        eventually(format!("job {id} ends"), || async {
            self.json(&path).await["state"] != "running"
        })
        .await;
        self.json(&path).await
    }

    /// Waits until every projection has applied everything that is durable; answers that position.
    pub(crate) async fn caught_up(&self) -> u64 {
        let applied = AtomicU64::new(0);
        eventually("every projection has caught up", || async {
            let all = self.json("/api/v1/projections").await;
            let items = all["items"].as_array().unwrap();
            let position = items
                .iter()
                .map(|one| one["applied"].as_u64().unwrap())
                .min();
            applied.store(position.unwrap(), Ordering::Relaxed);
            items.iter().all(|one| one["lag"] == 0)
        })
        .await;
        applied.into_inner()
    }

    /// Every projection's digest, once all have applied everything that is durable.
    pub(crate) async fn digests(&self) -> Value {
        self.caught_up().await;
        let all = self.json("/api/v1/projections?digest=true").await;
        let digest = |one: &Value| {
            assert!(one["digest"].is_string(), "{one}");
            (
                one["name"].as_str().unwrap().to_owned(),
                one["digest"].clone(),
            )
        };
        let digests: serde_json::Map<_, _> = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(digest)
            .collect();
        digests.into()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client() -> Client {
    Client::builder()
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

/// Starts the binary and waits for the line that says where it listens.
fn spawn(command: &mut Command, data_dir: &Path, arguments: &[String]) -> (Child, String) {
    let (child, base) = launch(command.stderr(Stdio::inherit()), data_dir, arguments);
    (child, base.expect("the service says where it listens"))
}

/// The arguments of a service that asks nobody who they are.
fn dev(arguments: &[&str]) -> Vec<String> {
    let arguments = ["--dev"].into_iter().chain(arguments.iter().copied());
    arguments.map(str::to_owned).collect()
}

/// The same; what it said where it ended instead.
fn attempt(
    command: &mut Command,
    data_dir: &Path,
    arguments: &[String],
) -> Result<(Child, String), String> {
    let mut said = tempfile::tempfile().unwrap();
    command.stderr(said.try_clone().unwrap());
    let (mut child, base) = launch(command, data_dir, arguments);
    if let Some(base) = base {
        return Ok((child, base));
    }
    child.wait().unwrap();
    let mut text = String::new();
    said.rewind().unwrap();
    said.read_to_string(&mut text).unwrap();
    Err(text)
}

/// The binary, or what is given it to run.
fn command(under: &[OsString], environment: &[(OsString, OsString)]) -> Command {
    let mut command = match under {
        [] => Command::new(binary()),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(binary());
            command
        }
    };
    command.envs(environment.iter().cloned());
    command
}

/// Starts the binary; answers where it listens, unless it ended before it said so.
fn launch(command: &mut Command, data_dir: &Path, arguments: &[String]) -> (Child, Option<String>) {
    let (child, lines) = begin(command, data_dir, arguments);
    (child, listening(&lines))
}

/// Starts the binary; answers the lines that it says.
fn begin(
    command: &mut Command,
    data_dir: &Path,
    arguments: &[String],
) -> (Child, mpsc::Receiver<String>) {
    let mut child = command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .args(arguments)
        .env("TOUCHBOOK_STREAM_MAX_BYTES", STREAM_BYTES_MAX)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // The rest is read so that the pipe never fills.
            let _ = sender.send(line);
        }
    });
    (child, lines)
}

/// Where it listens, unless it ended before it said so.
fn listening(lines: &mpsc::Receiver<String>) -> Option<String> {
    let line = match lines.recv_timeout(START) {
        Ok(line) => line,
        Err(mpsc::RecvTimeoutError::Disconnected) => return None,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it neither serves nor ends"),
    };
    let base = line
        .strip_prefix(LISTENING)
        .expect("the first line says where it listens");
    Some(base.to_owned())
}
