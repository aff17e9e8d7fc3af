//! The service's side of the socket.

use super::node::{self, Node};
use super::protocol::{Reply, Request};
use super::{REPLIES_MAX, socket};
use anyhow::Context;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Only the user whose service it is may give it commands.
const MODE: u32 = 0o600;
/// A command is a line of at most this.
const REQUEST_BYTES_MAX: u64 = 64 * 1024;
/// How long a command may take to arrive.
const REQUEST_WAIT_MAX: Duration = Duration::from_secs(5);
/// Commands at once; more wait.
const COMMANDS_MAX: usize = 16;
/// How long commands may take to end once the service stops.
const STOP_WAIT_MAX: Duration = Duration::from_secs(5);

/// Takes commands until it is stopped.
pub(crate) struct Server {
    path: PathBuf,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Begins to take commands; a socket that can't be made is logged, and the service does
    /// without.
    pub(crate) fn start(data_dir: &Path, node: Node) -> Option<Self> {
        let path = socket(data_dir);
        let listener = match bind(&path) {
            Ok(listener) => listener,
            Err(error) => {
                let path = path.display();
                tracing::warn!(%error, %path, "no socket for commands; they can not reach this service");
                return None;
            }
        };
        let server = Self {
            path,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let (tasks, stopping) = (server.tasks.clone(), server.stopping.clone());
        server.tasks.spawn(accept(listener, node, tasks, stopping));
        Some(server)
    }

    /// Takes no more commands, and waits a while for those that run.
    pub(crate) async fn stop(self) {
        let _ = fs::remove_file(&self.path);
        self.stopping.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_WAIT_MAX, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("some commands did not end in time and are cut off");
        }
    }
}

/// Whoever holds the ledger's lock may replace the socket that an earlier process left.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(MODE))?;
    Ok(listener)
}

async fn accept(
    listener: UnixListener,
    node: Node,
    tasks: TaskTracker,
    stopping: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(COMMANDS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => return,
        };
        let (Ok((stream, _)), Ok(place)) = (accepted, Arc::clone(&places).acquire_owned().await)
        else {
            continue;
        };
        let (node, stopping) = (node.clone(), stopping.clone());
        tasks.spawn(async move {
            tokio::select! {
                // Whoever asked and went away needs no answer.
                _ = attend(stream, node) => {}
                () = stopping.cancelled() => {}
            }
            drop(place);
        });
    }
}

async fn attend(stream: UnixStream, node: Node) -> anyhow::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(REQUEST_BYTES_MAX));
    tokio::time::timeout(REQUEST_WAIT_MAX, reader.read_line(&mut line)).await??;
    let request: Request = match serde_json::from_str(&line).context("the command is not known") {
        Ok(request) => request,
        Err(error) => return write(&mut writer, &failed(&error)).await,
    };
    let (sender, mut replies) = mpsc::channel(REPLIES_MAX);
    let work = tokio::spawn(async move {
        let performed = node::perform(&node, request, &sender).await;
        let last = performed.map_or_else(|error| failed(&error), |()| Reply::Done);
        let _ = sender.send(last).await;
    });
    while let Some(reply) = replies.recv().await {
        write(&mut writer, &reply).await?;
    }
    work.await.context("the command ended with a panic")
}

fn failed(error: &anyhow::Error) -> Reply {
    Reply::Failed {
        reason: format!("{error:#}"),
    }
}

async fn write(writer: &mut (impl AsyncWrite + Unpin), reply: &Reply) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    writer.write_all(&line).await?;
    Ok(())
}
