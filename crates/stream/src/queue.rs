//! The bounded queue in memory in front of the writer. Both streams end in one.

use crate::limits::{FULL_RETRY_AFTER, QUEUE_BYTES_MAX, QUEUE_EVENTS_MAX};
use crate::{Delivery, Message, PublishError, Received};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Deliveries in order, bounded by events and by bytes.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    /// For the writer, a plain thread.
    ready: Condvar,
    /// For a reader in a runtime.
    ready_async: Notify,
    room: Notify,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<Waiting<T>>,
    events: usize,
    bytes: usize,
    last_sequence: u64,
    closed: bool,
}

#[derive(Debug)]
struct Waiting<T> {
    delivery: Delivery<T>,
    events: usize,
    bytes: usize,
}

impl<T> Waiting<T> {
    fn message(message: Message<T>) -> Self {
        let (events, bytes) = (message.decoded.len().max(1), message.payload.len());
        Self {
            delivery: Delivery::Message(message),
            events,
            bytes,
        }
    }
}

/// How full a queue is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
    pub(crate) last_sequence: u64,
}

impl<T> Queue<T> {
    pub(crate) fn new(last_sequence: u64) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                events: 0,
                bytes: 0,
                last_sequence,
                closed: false,
            }),
            ready: Condvar::new(),
            ready_async: Notify::new(),
            room: Notify::new(),
        }
    }

    /// Takes all messages of a request or none, and numbers them. `stamp` gets each in its turn.
    pub(crate) fn offer(
        &self,
        messages: Vec<Message<T>>,
        mut stamp: impl FnMut(&mut Message<T>),
    ) -> Result<u64, PublishError> {
        let added: Vec<_> = messages.into_iter().map(Waiting::message).collect();
        let mut state = self.lock();
        if state.closed {
            return Err(PublishError::Closed);
        }
        if !state.has_room(&added) {
            return Err(PublishError::Full {
                retry_after: FULL_RETRY_AFTER,
            });
        }
        let first = state.last_sequence + 1;
        for mut waiting in added {
            if let Delivery::Message(message) = &mut waiting.delivery {
                message.sequence = state.last_sequence + 1;
                stamp(message);
            }
            state.push(waiting);
        }
        drop(state);
        self.wake_reader();
        Ok(first)
    }

    /// Takes a delivery that has its number, waiting for room; `false` when the queue was closed.
    pub(crate) async fn push(&self, delivery: Delivery<T>) -> bool {
        let mut waiting = Some(match delivery {
            Delivery::Message(message) => Waiting::message(message),
            adopted @ Delivery::Adopted(_) => Waiting {
                delivery: adopted,
                events: 0,
                bytes: 0,
            },
        });
        loop {
            let room = self.room.notified();
            {
                let mut state = self.lock();
                if state.closed {
                    return false;
                }
                if state.has_room(waiting.as_slice())
                    && let Some(waiting) = waiting.take()
                {
                    state.push(waiting);
                    drop(state);
                    self.wake_reader();
                    return true;
                }
            }
            room.await;
        }
    }

    /// Moves what waits, at least one and at most `max_bytes` of it, blocking up to `wait`.
    pub(crate) fn drain(
        &self,
        into: &mut Vec<Delivery<T>>,
        max_bytes: usize,
        wait: Option<Duration>,
    ) -> Received {
        let until = wait.map(|wait| Instant::now() + wait);
        let mut state = self.lock();
        while state.waiting.is_empty() && !state.closed {
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self
                    .ready
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return Received::Nothing,
                Some(left) => {
                    let waited = self.ready.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        self.take(state, into, max_bytes)
    }

    /// The same for a reader in a runtime, without an end to its patience.
    pub(crate) async fn next(&self, into: &mut Vec<Delivery<T>>, max_bytes: usize) -> Received {
        loop {
            let ready = self.ready_async.notified();
            match self.drain(into, max_bytes, Some(Duration::ZERO)) {
                Received::Nothing => ready.await,
                received => return received,
            }
        }
    }

    /// Nothing more is taken; what waits can still be drained.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.wake_reader();
        self.room.notify_waiters();
    }

    pub(crate) fn level(&self) -> Level {
        let state = self.lock();
        Level {
            events: state.events,
            bytes: state.bytes,
            last_sequence: state.last_sequence,
        }
    }

    fn take(
        &self,
        mut state: MutexGuard<'_, State<T>>,
        into: &mut Vec<Delivery<T>>,
        max_bytes: usize,
    ) -> Received {
        let mut taken = 0;
        let before = into.len();
        while let Some(next) = state.pop_within(max_bytes, taken) {
            taken += next.bytes;
            into.push(next.delivery);
        }
        drop(state);
        if into.len() == before {
            return Received::Closed;
        }
        self.room.notify_waiters();
        Received::Some
    }

    fn wake_reader(&self) {
        self.ready.notify_one();
        self.ready_async.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Every change of the state is complete before its lock is given back.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// An empty queue takes anything that passed the limits of one message or request.
    fn has_room(&self, added: &[Waiting<T>]) -> bool {
        let events: usize = added.iter().map(|waiting| waiting.events).sum();
        let bytes: usize = added.iter().map(|waiting| waiting.bytes).sum();
        let fits =
            self.events + events <= QUEUE_EVENTS_MAX && self.bytes + bytes <= QUEUE_BYTES_MAX;
        fits || self.waiting.is_empty()
    }

    /// The next delivery if `taken` bytes leave room for it; the first is always given.
    fn pop_within(&mut self, max_bytes: usize, taken: usize) -> Option<Waiting<T>> {
        let next = self.waiting.front()?;
        if taken > 0 && taken + next.bytes > max_bytes {
            return None;
        }
        self.events -= next.events;
        self.bytes -= next.bytes;
        self.waiting.pop_front()
    }

    fn push(&mut self, waiting: Waiting<T>) {
        self.events += waiting.events;
        self.bytes += waiting.bytes;
        if let Delivery::Message(message) = &waiting.delivery {
            self.last_sequence = message.sequence;
        }
        self.waiting.push_back(waiting);
    }
}
