//! The reading end of a stream.

use crate::queue::Queue;
use crate::{Checkpoint, Message};
use std::sync::Arc;
use std::time::Duration;

/// What a reader is handed, in order.
#[derive(Clone, Debug)]
pub enum Delivery<T> {
    Message(Message<T>),
    /// An operator accepted another stream: from here on sequences go on after this checkpoint.
    Adopted(Checkpoint),
}

/// How a wait for deliveries ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// At least one was added.
    Some,
    /// The time was up.
    Nothing,
    /// The stream was closed and everything in it was handed out.
    Closed,
}

/// Hands out the messages after the checkpoint, each once, in order of sequence.
#[derive(Debug)]
pub struct Reader<T> {
    pub(crate) queue: Arc<Queue<T>>,
}

impl<T> Reader<T> {
    /// Adds everything that waits, up to `max_bytes` of payload but at least one message. Blocks
    /// the thread until there is something, at most for `wait`.
    pub fn recv(
        &mut self,
        into: &mut Vec<Delivery<T>>,
        max_bytes: usize,
        wait: Option<Duration>,
    ) -> Received {
        self.queue.drain(into, max_bytes, wait)
    }

    /// The same without blocking the thread.
    pub async fn next(&mut self, into: &mut Vec<Delivery<T>>, max_bytes: usize) -> Received {
        self.queue.next(into, max_bytes).await
    }
}
