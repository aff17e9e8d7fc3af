//! The real binary as a process, asked over HTTP as anybody would.

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

/// Longer than any start in these tests takes.
const START: Duration = Duration::from_secs(60);
const LISTENING: &str = "listening on ";
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

/// A service under test and the folder it keeps its data in.
pub(crate) struct Service {
    dir: TempDir,
    arguments: Vec<String>,
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
        let dir = touchbook_testkit::data_dir();
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        let (child, base) = spawn(&mut Command::new(binary()), dir.path(), &arguments);
        Self { dir, arguments, child, base, client: client() }
    }

    /// Serves under another program, such as a tracer that is given the binary to run.
    pub(crate) fn start_under(tracer: &mut Command) -> Self {
        let dir = touchbook_testkit::data_dir();
        let (child, base) = spawn(tracer.arg(binary()), dir.path(), &[]);
        Self { dir, arguments: Vec::new(), child, base, client: client() }
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no last words.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and the exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_raw(self.child.id() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }

    /// Serves the same folder again.
    pub(crate) fn restart(&mut self) {
        let (child, base) =
            spawn(&mut Command::new(binary()), self.dir.path(), &self.arguments.clone());
        (self.child, self.base) = (child, base);
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).header("X-Tenant-ID", TENANT)
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

    /// Posts events, one a line, and answers what was said.
    pub(crate) async fn post_lines(&self, lines: String) -> reqwest::Result<Response> {
        self.request(Method::POST, "/api/v1/events")
            .header("Content-Type", "application/x-ndjson")
            .body(lines)
            .send()
            .await
    }

    /// Begins a job with a POST and waits for its end; answers it as it ended.
    pub(crate) async fn run_job(&self, path: &str) -> Value {
        let response = self.request(Method::POST, path).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "POST {path}: {status} {text}");
        let job: Value = serde_json::from_str(&text).unwrap();
        let id = job["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/jobs/{id}");
        touchbook_testkit::eventually(format!("job {id} ends"), || async {
            self.json(&path).await["state"] != "running"
        })
        .await;
        self.json(&path).await
    }

    /// Every projection's digest, once all have applied everything that is durable.
    pub(crate) async fn digests(&self) -> Value {
        let mut items = Value::Null;
        touchbook_testkit::eventually("every projection has caught up", || async {
            let all = self.json("/api/v1/projections").await;
            all["items"].as_array().unwrap().iter().all(|one| one["lag"] == 0)
        })
        .await;
        let all = self.json("/api/v1/projections?digest=true").await;
        if let Some(found) = all["items"].as_array() {
            items = found
                .iter()
                .map(|one| (one["name"].as_str().unwrap().to_owned(), one["digest"].clone()))
                .collect::<serde_json::Map<_, _>>()
                .into();
        }
        assert!(items.as_object().is_some_and(|digests| digests.values().all(Value::is_string)));
        items
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
    Client::builder().timeout(Duration::from_secs(60)).build().unwrap()
}

/// Starts the binary and waits for the line that says where it listens.
fn spawn(command: &mut Command, data_dir: &Path, arguments: &[String]) -> (Child, String) {
    let mut child = command
        .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
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
    let base = lines.recv_timeout(START).expect("the service says where it listens");
    let base = base.strip_prefix(LISTENING).expect("the first line says where it listens");
    (child, base.to_owned())
}
