//! The bounded queue in memory in front of the writer. Both streams end in one.
//!
//! JetStream's messages have their numbers and are handed out as they came. Those of the embedded
//! stream wait in a lane of their tenant's, and are numbered when they are handed out.

use crate::lanes::{Lanes, Waiting};
use crate::limits::{
    FULL_RETRY_AFTER, QUEUE_BYTES_MAX, QUEUE_EVENTS_MAX, READER_SPIN, RESERVED_BYTES,
    RESERVED_EVENTS,
};
use crate::{Delivery, Message, PublishError, Received};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The sequence of a message that gets one when it is handed out. Sequences begin with 1.
pub(crate) const UNNUMBERED: u64 = 0;

/// Deliveries in order, bounded by events and by bytes.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    /// The one lane of a stream that has its order already.
    in_order: Arc<str>,
    /// For the writer, a plain thread.
    ready: Condvar,
    /// For a reader in a runtime.
    ready_async: Notify,
    room: Notify,
}

#[derive(Debug)]
struct State<T> {
    lanes: Lanes<T>,
    events: usize,
    bytes: usize,
    /// Sequence or ticket of the last message that came in.
    last_offered: u64,
    /// Sequence of the last message that went out.
    last_taken: u64,
    closed: bool,
}

fn waiting<T>(delivery: Delivery<T>) -> Waiting<T> {
    let (events, bytes) = match &delivery {
        Delivery::Message(message) => (message.decoded.len().max(1), message.bytes),
        Delivery::Adopted(_) => (0, 0),
    };
    Waiting {
        delivery,
        events,
        bytes,
    }
}

/// How full a queue is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
    /// The sequence of the last message that came in, or the one that the last to go out will get.
    pub(crate) last_sequence: u64,
}

impl<T> Queue<T> {
    pub(crate) fn new(last_sequence: u64) -> Self {
        Self {
            state: Mutex::new(State {
                lanes: Lanes::default(),
                events: 0,
                bytes: 0,
                last_offered: last_sequence,
                last_taken: last_sequence,
                closed: false,
            }),
            in_order: Arc::default(),
            ready: Condvar::new(),
            ready_async: Notify::new(),
            room: Notify::new(),
        }
    }

    /// Takes all messages of a tenant's request or none. Answers the ticket of the first; the
    /// others have those after it. `stamp` gets each in its turn.
    pub(crate) fn offer(
        &self,
        tenant: &Arc<str>,
        messages: Vec<Message<T>>,
        mut stamp: impl FnMut(&mut Message<T>),
    ) -> Result<u64, PublishError> {
        let message = |message| waiting(Delivery::Message(message));
        let added: Vec<_> = messages.into_iter().map(message).collect();
        let mut state = self.lock();
        if state.closed {
            return Err(PublishError::Closed);
        }
        if !state.has_room(&added) && !state.has_reserve(tenant, &added) {
            return Err(PublishError::Full {
                retry_after: FULL_RETRY_AFTER,
            });
        }
        let first = state.last_offered + 1;
        for mut waiting in added {
            if let Delivery::Message(message) = &mut waiting.delivery {
                message.ticket = state.last_offered + 1;
                stamp(message);
            }
            state.push(tenant, waiting);
        }
        drop(state);
        self.wake_reader();
        Ok(first)
    }

    /// Takes a delivery that has its number, waiting for room; `false` when the queue was closed.
    pub(crate) async fn push(&self, delivery: Delivery<T>) -> bool {
        let mut waiting = Some(waiting(delivery));
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
                    state.push(&self.in_order, waiting);
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
        let mut state = self.look(wait.map_or(READER_SPIN, |wait| wait.min(READER_SPIN)));
        while state.lanes.is_empty() && !state.closed {
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
            last_sequence: state.last_offered,
        }
    }

    /// Looks whether something waits, again and again for so long.
    fn look(&self, spin: Duration) -> MutexGuard<'_, State<T>> {
        let begun = Instant::now();
        loop {
            let state = self.lock();
            let found = !state.lanes.is_empty() || state.closed;
            if found || begun.elapsed() >= spin {
                return state;
            }
            drop(state);
            // Whoever has something to offer needs the lock, and perhaps the core.
            std::thread::yield_now();
        }
    }

    fn take(
        &self,
        mut state: MutexGuard<'_, State<T>>,
        into: &mut Vec<Delivery<T>>,
        max_bytes: usize,
    ) -> Received {
        let before = into.len();
        state.take(into, max_bytes);
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
        self.lanes.is_empty() || self.fits(added, QUEUE_EVENTS_MAX, QUEUE_BYTES_MAX)
    }

    /// Whether `tenant`, of which nothing waits, still gets in where others have filled the queue.
    fn has_reserve(&self, tenant: &str, added: &[Waiting<T>]) -> bool {
        let events = QUEUE_EVENTS_MAX + RESERVED_EVENTS;
        !self.lanes.holds(tenant) && self.fits(added, events, QUEUE_BYTES_MAX + RESERVED_BYTES)
    }

    fn fits(&self, added: &[Waiting<T>], events_max: usize, bytes_max: usize) -> bool {
        let events: usize = added.iter().map(|waiting| waiting.events).sum();
        let bytes: usize = added.iter().map(|waiting| waiting.bytes).sum();
        self.events + events <= events_max && self.bytes + bytes <= bytes_max
    }

    /// Moves what one drain hands out, and numbers what has no number yet.
    fn take(&mut self, into: &mut Vec<Delivery<T>>, max_bytes: usize) {
        let Self {
            lanes,
            events,
            bytes,
            last_taken,
            ..
        } = self;
        lanes.drain(max_bytes, |mut next| {
            *events -= next.events;
            *bytes -= next.bytes;
            if let Delivery::Message(message) = &mut next.delivery {
                if message.sequence == UNNUMBERED {
                    message.sequence = *last_taken + 1;
                }
                *last_taken = message.sequence;
            }
            into.push(next.delivery);
        });
    }

    fn push(&mut self, tenant: &Arc<str>, waiting: Waiting<T>) {
        self.events += waiting.events;
        self.bytes += waiting.bytes;
        if let Delivery::Message(message) = &waiting.delivery {
            self.last_offered = message.ticket;
        }
        self.lanes.push(tenant, waiting);
    }
}
