//! A bare connection, for what no HTTP client does.

use serde_json::Value;
use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// So little that a peer must be read before it can go on writing.
const NARROW_BYTES: u32 = 4_096;

/// A connection to the service.
pub(super) struct Wire {
    stream: TcpStream,
    /// Read, and not yet part of an answer.
    rest: Vec<u8>,
}

/// What the service said.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    body: Vec<u8>,
}

impl Wire {
    pub(super) async fn to(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpSocket::new_v4()?, address).await
    }

    /// One that takes little before it is read.
    pub(super) async fn narrow_to(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(NARROW_BYTES)?;
        Self::over(socket, address).await
    }

    async fn over(socket: TcpSocket, address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            stream: socket.connect(address).await?,
            rest: Vec::new(),
        })
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// The next answer; nothing where the connection has ended.
    pub(super) async fn answer(&mut self) -> Option<Answer> {
        let head = self.head().await?;
        let bytes = field(&head, "content-length").and_then(|bytes| bytes.parse().ok());
        let bytes = bytes.unwrap_or(0);
        while self.rest.len() < bytes {
            self.read_more().await?;
        }
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let body = self.rest.drain(..bytes).collect();
        Some(Answer { status, body })
    }

    /// Up to the body of the next answer.
    pub(super) async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.rest.windows(4).position(|part| part == b"\r\n\r\n") {
                let head = self.rest.drain(..end + 4).collect();
                return String::from_utf8(head).ok();
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> Option<()> {
        match self.stream.read_buf(&mut self.rest).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }

    /// Takes a byte, where there is one.
    pub(super) async fn take_byte(&mut self) {
        let _ = self.stream.read_u8().await;
    }

    /// Waits for the other side to end the connection, without taking more than it must.
    pub(super) async fn end(&mut self) {
        while self.read_more().await.is_some() {
            self.rest.clear();
        }
    }

    /// Whether the other side has not ended it yet. An end that comes behind what is not taken
    /// can't be read, only met when writing.
    pub(super) async fn is_open(&mut self) -> bool {
        self.stream.write_all(b"\r\n").await.is_ok()
    }

    /// Waits for the other side to end it, without taking anything.
    pub(super) async fn end_unread(&mut self, look_every: Duration) {
        let mut turns = tokio::time::interval(look_every);
        while self.is_open().await {
            turns.tick().await;
        }
    }

    /// Goes away as a process does that was killed with something unread.
    pub(super) fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }
}

impl Answer {
    /// What kind of problem it is.
    pub(super) fn code(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let code = body["type"].as_str()?.strip_prefix("/problems/")?;
        Some(code.to_owned())
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let mut found = fields.filter(|(found, _)| found.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value)
}

/// A request without a body.
pub(super) fn get(tenant: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Tenant-ID: {tenant}\r\n\r\n")
}

/// The head of a request with a body of so many bytes.
pub(super) fn post(tenant: &str, media_type: &str, bytes: usize) -> String {
    let mut head = String::from("POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\n");
    write!(
        head,
        "X-Tenant-ID: {tenant}\r\nContent-Type: {media_type}\r\n"
    )
    .unwrap();
    write!(head, "Content-Length: {bytes}\r\n\r\n").unwrap();
    head
}
