//! A lean HTTP/1.1 client: requests are bytes that were made before the clock runs, and an answer
//! is read as far as needed, so that little of the cores goes to asking.

use anyhow::{Context, Result, bail, ensure};
use std::net::SocketAddr;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

pub(crate) const TENANT: &str = "bench";

const READ_BYTES: usize = 64 * 1024;

/// What requests are signed with from now on: a key of the service that was started last.
static KEY: RwLock<String> = RwLock::new(String::new());

pub(crate) fn sign_with(key: &str) {
    key.clone_into(&mut KEY.write().unwrap_or_else(PoisonError::into_inner));
}

/// A request, ready to send.
pub(crate) fn get(path: &str) -> Vec<u8> {
    (head("GET", path) + "\r\n").into_bytes()
}

/// A request with a body, ready to send.
pub(crate) fn post(path: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let of_body = format!("Content-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n");
    let mut request = (head("POST", path) + &of_body).into_bytes();
    request.extend_from_slice(body);
    request
}

fn head(method: &str, path: &str) -> String {
    let key = KEY.read().unwrap_or_else(PoisonError::into_inner);
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Tenant-ID: {TENANT}\r\n\
         Authorization: Bearer {key}\r\n"
    )
}

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("no connection")?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(READ_BYTES),
        })
    }

    /// Sends one request and reads its whole answer: status and body.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.read().await?;
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let (status, length) = parse(&self.buffer[..head])?;
        while self.buffer.len() < head + length {
            self.read().await?;
        }
        Ok((status, &self.buffer[head..]))
    }

    /// The answer's body, which must be a success.
    pub(crate) async fn body(&mut self, request: &[u8]) -> Result<&[u8]> {
        let (status, body) = self.ask(request).await?;
        ensure!(
            (200..300).contains(&status),
            "{status}: {}",
            String::from_utf8_lossy(body)
        );
        Ok(body)
    }

    pub(crate) async fn json(&mut self, path: &str) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(self.body(&get(path)).await?)?)
    }

    async fn read(&mut self) -> Result<()> {
        self.buffer.reserve(READ_BYTES);
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the connection was closed");
        Ok(())
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Status and length of the body.
fn parse(head: &[u8]) -> Result<(u16, usize)> {
    let head = std::str::from_utf8(head)?;
    let status = head.get(9..12).context("no status")?.parse()?;
    for line in head.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            return Ok((status, value.trim().parse()?));
        }
    }
    bail!("an answer without its length: {head}")
}

/// What one connection sends: each of its requests once, or some of them again and again.
pub(crate) trait Requests: Send + 'static {
    fn next(&mut self) -> Result<Option<&[u8]>>;
}

/// What the requests of all connections took.
#[derive(Default)]
pub(crate) struct Driven {
    pub(crate) requests: u64,
    pub(crate) elapsed: Duration,
    /// Of each answer, in microseconds, sorted.
    pub(crate) latencies: Vec<u32>,
    /// The highest that any answer named.
    pub(crate) position: u64,
    pub(crate) body_bytes: u64,
}

impl Driven {
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    /// In milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let found = self.latencies.get(last * percent / 100);
        f64::from(found.copied().unwrap_or_default()) / 1_000.0
    }

    /// One more answer, after so long.
    pub(crate) fn answered(&mut self, after: Duration) {
        self.requests += 1;
        let micros = u32::try_from(after.as_micros());
        self.latencies.push(micros.unwrap_or(u32::MAX));
    }

    /// The answers of all connections together.
    pub(crate) fn all(parts: impl IntoIterator<Item = Self>, elapsed: Duration) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.add(part);
        }
        all.elapsed = elapsed;
        all.latencies.sort_unstable();
        all
    }

    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.latencies.extend(other.latencies);
        self.position = self.position.max(other.position);
        self.body_bytes += other.body_bytes;
    }
}

/// Sends on one connection per element of `load`, each next request once the last is answered,
/// until there are no more or the time is up.
pub(crate) async fn drive<R: Requests>(
    address: SocketAddr,
    load: Vec<R>,
    time: Duration,
) -> Result<Driven> {
    let mut connections = Vec::new();
    for requests in load {
        connections.push((Connection::open(address).await?, requests));
    }
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for (connection, requests) in connections {
        tasks.spawn(send(connection, requests, begun, time));
    }
    let mut parts = Vec::new();
    while let Some(driven) = tasks.join_next().await {
        parts.push(driven??);
    }
    Ok(Driven::all(parts, begun.elapsed()))
}

async fn send<R: Requests>(
    mut connection: Connection,
    mut requests: R,
    begun: Instant,
    time: Duration,
) -> Result<Driven> {
    let mut driven = Driven::default();
    let mut sent = begun;
    while sent.duration_since(begun) < time {
        let Some(request) = requests.next()? else {
            break;
        };
        let body = connection.body(request).await?;
        driven.position = driven.position.max(position(body)?);
        driven.body_bytes += body.len() as u64;
        let answered = Instant::now();
        driven.answered(answered.duration_since(sent));
        sent = answered;
    }
    Ok(driven)
}

/// The position in an answer to a write; 0 where there is none. A batch must be wholly accepted.
fn position(body: &[u8]) -> Result<u64> {
    const NAME: &[u8] = b"\"position\":";
    // Those of other answers are long, and not looked for.
    let body = &body[..body.len().min(256)];
    if find(body, b"\"errors\":[{").is_some() {
        bail!("refused: {}", String::from_utf8_lossy(body));
    }
    let Some(at) = find(body, NAME) else {
        return Ok(0);
    };
    let digits = body[at + NAME.len()..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    Ok(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}
