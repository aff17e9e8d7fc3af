//! What became of submitted events, and who waits for it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
use touchbook_events::record::Ineffective;
use touchbook_events::{CustomerId, Problem};

/// Messages whose outcomes are kept for a handler that has yet to ask for them.
const KEPT_MESSAGES_MAX: usize = 4_096;

/// What became of one event.
#[derive(Clone, Debug, PartialEq)]
pub enum OutcomeKind {
    Accepted,
    /// The same source, id and content stand at `position`, or the same whole object does.
    Duplicate,
    /// The same source and id stand at `position` with other content.
    Conflict,
    /// It was appended and changes nothing.
    Ineffective {
        reason: Ineffective,
        winner: Option<u64>,
    },
    Refused(Problem),
    /// Nothing was wrong with it, but with another event of its atomic batch.
    NotStored,
}

/// One event's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub kind: OutcomeKind,
    pub position: Option<u64>,
    pub customer: Option<CustomerId>,
}

impl Outcome {
    pub fn refused(problem: Problem) -> Self {
        Self {
            kind: OutcomeKind::Refused(problem),
            position: None,
            customer: None,
        }
    }

    /// Its name in metrics.
    pub fn label(&self) -> &'static str {
        match self.kind {
            OutcomeKind::Accepted => "accepted",
            OutcomeKind::Duplicate => "duplicate",
            OutcomeKind::Conflict => "conflict",
            OutcomeKind::Ineffective { .. } => "ineffective",
            OutcomeKind::Refused(_) => "refused",
            OutcomeKind::NotStored => "not_stored",
        }
    }
}

/// The outcomes of one message's events, in order.
pub(crate) type Outcomes = Arc<Vec<Outcome>>;

/// Brings the writer's outcomes to the handlers, by the message's sequence.
#[derive(Default)]
pub(crate) struct Board(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: HashMap<u64, Vec<oneshot::Sender<Outcomes>>>,
    kept: BTreeMap<u64, Outcomes>,
    /// The highest sequence that was posted.
    posted: u64,
    closed: bool,
}

/// How a handler learns a message's outcomes.
pub(crate) enum Posted {
    Now(Outcomes),
    Later(oneshot::Receiver<Outcomes>),
    /// It was decided so long ago that only the ledger knows.
    Forgotten,
    /// The writer has stopped.
    Closed,
}

impl Board {
    pub(crate) fn ask(&self, sequence: u64) -> Posted {
        let mut state = self.lock();
        if let Some(outcomes) = state.kept.remove(&sequence) {
            return Posted::Now(outcomes);
        }
        if sequence <= state.posted {
            return Posted::Forgotten;
        }
        if state.closed {
            return Posted::Closed;
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.entry(sequence).or_default().push(sender);
        Posted::Later(receiver)
    }

    pub(crate) fn post(&self, messages: impl IntoIterator<Item = (u64, Vec<Outcome>)>) {
        let mut state = self.lock();
        for (sequence, outcomes) in messages {
            let outcomes = Arc::new(outcomes);
            state.posted = state.posted.max(sequence);
            match state.waiting.remove(&sequence) {
                Some(waiting) => waiting.into_iter().for_each(|sender| {
                    // A handler whose caller went away waits no more.
                    let _ = sender.send(Arc::clone(&outcomes));
                }),
                None => {
                    state.kept.insert(sequence, outcomes);
                }
            }
        }
        while state.kept.len() > KEPT_MESSAGES_MAX {
            state.kept.pop_first();
        }
    }

    /// Nothing more will be posted; whoever waits learns it.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
    }

    /// Another stream was adopted: its sequences begin anew.
    pub(crate) fn reset(&self, posted: u64) {
        let mut state = self.lock();
        state.kept.clear();
        state.posted = posted;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(position: u64) -> Outcome {
        Outcome {
            kind: OutcomeKind::Accepted,
            position: Some(position),
            customer: None,
        }
    }

    #[test]
    fn outcomes_reach_who_asks_before_and_who_asks_after() {
        let board = Board::default();
        let Posted::Later(mut early) = board.ask(1) else {
            panic!("nothing was posted yet")
        };
        board.post([(1, vec![accepted(10)]), (2, vec![accepted(11)])]);
        assert_eq!(early.try_recv().unwrap()[0], accepted(10));
        assert!(matches!(board.ask(2), Posted::Now(outcomes) if outcomes[0] == accepted(11)));
        assert!(matches!(board.ask(1), Posted::Forgotten));
        board.close();
        assert!(matches!(board.ask(3), Posted::Closed));
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten_in_the_end() {
        let board = Board::default();
        board.post((1..=KEPT_MESSAGES_MAX as u64 + 5).map(|n| (n, vec![accepted(n)])));
        assert!(matches!(board.ask(3), Posted::Forgotten));
        assert!(matches!(board.ask(100), Posted::Now(_)));
    }
}
