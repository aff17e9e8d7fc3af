//! The server's monitoring page, the one place that tells whether it syncs before it acknowledges.

use crate::limits::REQUEST_TIMEOUT;
use serde::Deserialize;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Far more than the page has.
const PAGE_BYTES_MAX: u64 = 1024 * 1024;

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    jetstream: Settings,
}

#[derive(Default, Deserialize)]
struct Settings {
    #[serde(default)]
    config: Sync,
}

#[derive(Default, Deserialize)]
struct Sync {
    #[serde(default)]
    sync_always: bool,
}

/// Asks `host:port` (of `http_port` in the server's configuration) whether every message is synced.
pub(super) async fn syncs_always(address: &str) -> io::Result<bool> {
    let page = tokio::time::timeout(REQUEST_TIMEOUT, page(address)).await??;
    let page: Page = serde_json::from_slice(&page)?;
    Ok(page.jetstream.config.sync_always)
}

/// The body of `/varz`, in HTTP/1.0, where the answer simply ends.
async fn page(address: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /varz HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(PAGE_BYTES_MAX).read_to_end(&mut answer).await?;
    let ok = answer
        .split(|byte| *byte == b'\n')
        .next()
        .is_some_and(|status| {
            status
                .split(|byte| *byte == b' ')
                .nth(1)
                .is_some_and(|code| code == b"200")
        });
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
    match head {
        Some(head) if ok => Ok(answer.split_off(head + 4)),
        _ => Err(io::Error::other("the monitoring page did not answer 200")),
    }
}
