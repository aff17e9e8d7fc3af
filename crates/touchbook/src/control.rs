//! Commands to a node: `tenants`, `keys`, `rebuild`, `verify`, `stream`.
//!
//! A running service takes them at a socket in its data directory, which only its own user may use;
//! so a command finds the service that serves just this directory, wherever it listens, and needs
//! no key. Where nobody serves the directory, the command opens it and does the same itself.

mod keys;
mod node;
mod protocol;
mod server;
mod verify;

pub(crate) use node::Node;
pub(crate) use protocol::{KeyRequest, Request, Secret};
pub(crate) use server::Server;

use crate::config::Config;
use crate::progress::{Progress, note, say};
use crate::secrets::Vault;
use crate::service;
use anyhow::{Context, bail};
use protocol::Reply;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use touchbook_engine::{Engine, StreamConfig};

/// The socket's name in the data directory.
const SOCKET: &str = "control.sock";
/// Replies that wait for whoever reads them.
const REPLIES_MAX: usize = 64;

fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join(SOCKET)
}

/// Has the command done by the service that serves the data directory, or by this process.
pub(crate) async fn ask(config: &Config, request: Request) -> anyhow::Result<()> {
    let data_dir = &config.storage.data_dir;
    match UnixStream::connect(socket(data_dir)).await {
        Ok(stream) => {
            note(&format!(
                "asking the service that serves {}",
                data_dir.display()
            ));
            ask_service(stream, &request).await
        }
        Err(error) if is_nobody(error.kind()) => {
            note(&format!(
                "nothing serves {}; opening it",
                data_dir.display()
            ));
            by_ourselves(config, request).await
        }
        Err(error) => {
            Err(error).with_context(|| format!("could not reach {}", socket(data_dir).display()))
        }
    }
}

fn is_nobody(kind: ErrorKind) -> bool {
    // A socket that is left of a killed process refuses.
    matches!(kind, ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

async fn ask_service(stream: UnixStream, request: &Request) -> anyhow::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = serde_json::to_vec(request).context("the command can not be written")?;
    line.push(b'\n');
    writer
        .write_all(&line)
        .await
        .context("the service went away")?;
    let mut shown = Shown::default();
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await.context("the service went away")? {
        let reply = serde_json::from_str(&line).context("the service is of another version")?;
        if let Some(end) = shown.take(reply) {
            return end;
        }
    }
    bail!("the service went away before it was done")
}

async fn by_ourselves(config: &Config, request: Request) -> anyhow::Result<()> {
    let data_dir = &config.storage.data_dir;
    let begins = matches!(request, Request::CreateTenant { .. })
        || matches!(&request, Request::CreateKey(key) if key.creates_tenant);
    if !begins && !data_dir.join("ledger").is_dir() {
        bail!(
            "there is no ledger in {}; name its directory with --data-dir",
            data_dir.display()
        );
    }
    if let Request::Verify { tenant } = request {
        return show(|replies| verify::verify(config.storage.clone(), tenant, replies)).await;
    }
    let engine = service::open(config, stream_for(config, &request)).await?;
    let done = on_engine(config, engine.clone(), request).await;
    service::shut_down(engine).await?;
    done
}

async fn on_engine(config: &Config, engine: Engine, request: Request) -> anyhow::Result<()> {
    let node = Node {
        engine,
        vault: Arc::new(Vault::open(&config.storage.data_dir)?),
    };
    let done = show(|replies| async move {
        node::wait_for_stream(&node.engine, &request).await;
        node::perform(&node, request, &replies).await
    });
    done.await
}

/// Only what is about the stream, or goes over it, needs it.
fn stream_for(config: &Config, request: &Request) -> StreamConfig {
    match request {
        Request::CreateTenant { .. }
        | Request::StreamStatus
        | Request::AdoptStream
        | Request::CreateKey(_)
        | Request::RevokeKey { .. } => config.stream.for_engine(),
        Request::ListTenants
        | Request::Rebuild { .. }
        | Request::Verify { .. }
        | Request::ListKeys { .. } => StreamConfig::Embedded,
    }
}

/// Shows what `work` replies until it ends, or until Ctrl-C, which it learns by nobody listening.
async fn show<W>(work: impl FnOnce(mpsc::Sender<Reply>) -> W) -> anyhow::Result<()>
where
    W: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut signals = crate::signals::Signals::new()?;
    let (sender, mut replies) = mpsc::channel(REPLIES_MAX);
    let work = tokio::spawn(work(sender));
    let mut shown = Shown::default();
    loop {
        tokio::select! {
            reply = replies.recv() => match reply {
                Some(reply) => { shown.take(reply); }
                None => break,
            },
            _ = signals.next() => break,
        }
    }
    drop(replies);
    shown.clear();
    work.await.context("the command ended with a panic")?
}

/// What has been shown so far.
#[derive(Default)]
struct Shown {
    progress: Option<Progress>,
}

impl Shown {
    /// Shows a reply; answers how it ended if that is what it says.
    fn take(&mut self, reply: Reply) -> Option<anyhow::Result<()>> {
        match reply {
            Reply::Progress { what, done, total } => {
                let progress = self.progress.get_or_insert_with(|| Progress::new(&what));
                progress.set(done, total);
                return None;
            }
            Reply::Finished { done } => {
                if let Some(progress) = self.progress.take() {
                    progress.finish(done);
                }
                return None;
            }
            Reply::Line { text } => {
                self.clear();
                say(&text);
                return None;
            }
            Reply::Done => self.clear(),
            Reply::Failed { reason } => {
                self.clear();
                return Some(Err(anyhow::Error::msg(reason)));
            }
        }
        Some(Ok(()))
    }

    fn clear(&mut self) {
        if let Some(progress) = self.progress.take() {
            progress.abandon();
        }
    }
}

#[cfg(test)]
mod tests;
