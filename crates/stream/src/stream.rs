//! The one interface of both streams.

use crate::embedded::Embedded;
use crate::jetstream::JetStream;
use crate::{
    AdoptError, Checkpoint, Clock, JetStreamOptions, OpenError, Outgoing, Placed, PublishError,
    Reader, Status,
};
use std::sync::Arc;

/// Where commands are published; cheap to clone. What is published comes back out of the
/// [`Reader`]. `T` is an event as its sender had already decoded it.
pub struct Stream<T>(Inner<T>);

enum Inner<T> {
    Embedded(Arc<Embedded<T>>),
    JetStream(Arc<JetStream<T>>),
}

impl<T> Clone for Stream<T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Inner::Embedded(embedded) => Inner::Embedded(Arc::clone(embedded)),
            Inner::JetStream(jetstream) => Inner::JetStream(Arc::clone(jetstream)),
        })
    }
}

impl<T: Send + 'static> Stream<T> {
    /// A queue in memory, which numbers its messages after the checkpoint.
    pub fn embedded(checkpoint: Option<Checkpoint>, clock: Clock) -> (Self, Reader<T>) {
        let embedded = Arc::new(Embedded::new(checkpoint, clock));
        let reader = Reader {
            queue: Arc::clone(&embedded.queue),
        };
        (Self(Inner::Embedded(embedded)), reader)
    }

    /// JetStream, read after the checkpoint. Returns at once: the server is connected to, waited
    /// for and connected to again in the background, and [`Stream::status`] says how that goes.
    pub async fn jetstream(
        options: JetStreamOptions,
        checkpoint: Option<Checkpoint>,
    ) -> Result<(Self, Reader<T>), OpenError> {
        let jetstream = Arc::new(JetStream::open(options, checkpoint).await?);
        let reader = Reader {
            queue: Arc::clone(&jetstream.queue),
        };
        Ok((Self(Inner::JetStream(jetstream)), reader))
    }

    /// Publishes the events of one request, and returns where they went, in order. Events of an
    /// embedded stream are durable only once the ledger has committed them; those of JetStream when
    /// this returns, as far as the server syncs.
    pub async fn publish(&self, outgoing: Outgoing<T>) -> Result<Vec<Placed>, PublishError> {
        match &self.0 {
            Inner::Embedded(embedded) => embedded.publish(outgoing),
            Inner::JetStream(jetstream) => jetstream.publish(outgoing).await,
        }
    }

    pub fn status(&self) -> Status {
        match &self.0 {
            Inner::Embedded(embedded) => embedded.status(),
            Inner::JetStream(jetstream) => jetstream.status(),
        }
    }

    /// Accepts the stream that reading has stopped at: a new one from its first message, one with a
    /// gap from the message after it. The reader is handed the same checkpoint first.
    pub async fn adopt(&self) -> Result<Checkpoint, AdoptError> {
        match &self.0 {
            Inner::Embedded(_) => Err(AdoptError::Embedded),
            Inner::JetStream(jetstream) => jetstream.adopt().await,
        }
    }

    /// Takes nothing more, and lets the reader run dry.
    pub async fn close(&self) {
        match &self.0 {
            Inner::Embedded(embedded) => embedded.queue.close(),
            Inner::JetStream(jetstream) => jetstream.close().await,
        }
    }
}
