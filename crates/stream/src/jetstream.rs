//! NATS JetStream: connecting, the stream's configuration, the grouping publisher and the reader.

mod connection;
mod monitor;
mod options;
mod producer;
mod publisher;
mod reader;
mod settings;

pub use options::JetStreamOptions;
pub use producer::{Acknowledgement, Producer};

use crate::queue::Queue;
use crate::{
    AdoptError, Cause, Checkpoint, Kind, OpenError, Outgoing, Placed, PublishError, Status,
};
use connection::Connection;
use publisher::Publisher;
use reader::{AdoptReply, ReaderTask};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) struct JetStream<T> {
    pub(crate) queue: Arc<Queue<T>>,
    connection: Arc<Connection>,
    publisher: Arc<Publisher<T>>,
    adopt: mpsc::Sender<AdoptReply>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl<T: Send + 'static> JetStream<T> {
    pub(crate) async fn open(
        options: JetStreamOptions,
        checkpoint: Option<Checkpoint>,
    ) -> Result<Self, OpenError> {
        let connection = Arc::new(Connection::open(options).await?);
        let queue = Arc::new(Queue::new(
            checkpoint.map_or(0, |checkpoint| checkpoint.sequence),
        ));
        let (tasks, closing) = (TaskTracker::new(), CancellationToken::new());
        let publisher = Publisher::new(Arc::clone(&connection), tasks.clone(), closing.clone());
        let (adopt, adoptions) = mpsc::channel(1);
        let reader = ReaderTask::new(Arc::clone(&connection), Arc::clone(&queue), checkpoint);
        tasks.spawn(reader.run(adoptions, closing.clone()));
        Ok(Self {
            queue,
            connection,
            publisher: Arc::new(publisher),
            adopt,
            tasks,
            closing,
        })
    }

    pub(crate) async fn publish(&self, outgoing: Outgoing<T>) -> Result<Vec<Placed>, PublishError> {
        if let Some(reason) = self.connection.facts().stopped {
            return Err(PublishError::Stopped(reason));
        }
        self.publisher.publish(outgoing).await
    }

    pub(crate) async fn adopt(&self) -> Result<Checkpoint, AdoptError> {
        if self.connection.facts().stopped.is_none() {
            return Err(AdoptError::NotStopped);
        }
        let (reply, answer) = oneshot::channel();
        self.adopt
            .send(reply)
            .await
            .map_err(|_| AdoptError::Closed)?;
        answer.await.map_err(|_| AdoptError::Closed)?
    }

    pub(crate) fn status(&self) -> Status {
        let facts = self.connection.facts().clone();
        let level = self.queue.level();
        Status {
            kind: Kind::JetStream,
            // A server without the stream takes no event yet.
            connected: self.connection.is_connected() && facts.server_version.is_some(),
            server_version: facts.server_version,
            last_sequence: facts.last_sequence.max(level.last_sequence),
            delivered_sequence: level.last_sequence,
            queued: level.events,
            queued_bytes: level.bytes,
            unacknowledged: self.publisher.unacknowledged(),
            missing: facts.missing,
            stopped: facts.stopped,
            last_error: facts.last_error,
            max_age: facts.max_age,
            synced_before_acknowledged: facts.synced_before_acknowledged,
        }
    }

    pub(crate) async fn close(&self) {
        self.publisher.close();
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.queue.close();
    }
}

/// An error of the client library as the source of one of ours.
fn cause(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Cause {
    Cause::from(error.into())
}
