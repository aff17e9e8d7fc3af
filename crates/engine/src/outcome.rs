//! What became of submitted events, and who waits for it.

mod passed;

use passed::Passed;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
use touchbook_events::record::Ineffective;
use touchbook_events::{CustomerId, Digest, Problem};

/// Events whose answers are kept for handlers that have yet to ask for them.
const KEPT_EVENTS_MAX: usize = 65_536;

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

    pub(crate) fn duplicate(position: u64) -> Self {
        Self {
            kind: OutcomeKind::Duplicate,
            position: Some(position),
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

/// One event's answer, and which event it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// Key of the event; [`Digest::default`] of what could not be read.
    pub(crate) event_key: Digest,
    pub(crate) outcome: Outcome,
}

/// The answers to one message's events, in order.
pub(crate) type Answers = Arc<Vec<Answer>>;

/// A message that the writer has passed.
pub(crate) struct Finished {
    pub(crate) ticket: u64,
    /// `None` where nobody asks: producers are answered by the stream.
    pub(crate) answers: Option<Vec<Answer>>,
}

/// Brings the writer's answers to the handlers, by the message's ticket.
#[derive(Default)]
pub(crate) struct Board(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: BTreeMap<u64, Vec<oneshot::Sender<Answers>>>,
    kept: BTreeMap<u64, Answers>,
    /// Events in `kept`.
    kept_events: usize,
    passed: Passed,
    closed: bool,
}

/// How a handler learns the answers to a message.
pub(crate) enum Posted {
    Now(Answers),
    Later(oneshot::Receiver<Answers>),
    /// It was decided so long ago that only the ledger knows.
    Forgotten,
    /// The writer has stopped.
    Closed,
}

impl Board {
    /// Everything up to `ticket` was decided before.
    pub(crate) fn after(ticket: u64) -> Self {
        Self(Mutex::new(State {
            passed: Passed::all_up_to(ticket),
            ..State::default()
        }))
    }

    pub(crate) fn ask(&self, ticket: u64) -> Posted {
        let mut state = self.lock();
        if let Some(answers) = state.kept.remove(&ticket) {
            state.kept_events -= answers.len();
            return Posted::Now(answers);
        }
        if state.passed.contains(ticket) {
            return Posted::Forgotten;
        }
        if state.closed {
            return Posted::Closed;
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.entry(ticket).or_default().push(sender);
        Posted::Later(receiver)
    }

    /// Answers who waits; of whom nobody asked yet, as many are kept as there is room for.
    pub(crate) fn post(&self, messages: impl IntoIterator<Item = Finished>) {
        let mut state = self.lock();
        for Finished { ticket, answers } in messages {
            state.passed.add(ticket);
            let waiting = state.waiting.remove(&ticket);
            let Some(answers) = answers.map(Arc::new) else {
                continue;
            };
            match waiting {
                Some(waiting) => waiting.into_iter().for_each(|sender| {
                    // A handler whose caller went away waits no more.
                    let _ = sender.send(Arc::clone(&answers));
                }),
                None => state.keep(ticket, answers),
            }
        }
        // What is waited for and was passed by will never come; the ledger knows of it.
        let up_to = state.passed.up_to();
        while let Some(first) = state.waiting.first_entry()
            && *first.key() <= up_to
        {
            first.remove();
        }
    }

    /// Nothing more will be posted; whoever waits learns it.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
    }

    /// Another stream was adopted: its tickets begin anew, and nobody gets the old one's answers.
    pub(crate) fn reset(&self, passed: u64) {
        let mut state = self.lock();
        state.kept.clear();
        state.kept_events = 0;
        state.waiting.clear();
        state.passed = Passed::all_up_to(passed);
    }

    /// Memory of the answers that are kept.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().kept_events * size_of::<Answer>()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, ticket: u64, answers: Answers) {
        self.kept_events += answers.len();
        if let Some(replaced) = self.kept.insert(ticket, answers) {
            self.kept_events -= replaced.len();
        }
        while self.kept_events > KEPT_EVENTS_MAX {
            let Some((_, oldest)) = self.kept.pop_first() else {
                break;
            };
            self.kept_events -= oldest.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot::error::TryRecvError;

    fn answer(position: u64) -> Answer {
        let outcome = Outcome {
            kind: OutcomeKind::Accepted,
            position: Some(position),
            customer: None,
        };
        Answer {
            event_key: Digest([position as u8; 16]),
            outcome,
        }
    }

    fn finished(ticket: u64, answers: impl IntoIterator<Item = Answer>) -> Finished {
        let answers = Some(answers.into_iter().collect());
        Finished { ticket, answers }
    }

    #[test]
    fn answers_reach_who_asks_before_and_who_asks_after() {
        let board = Board::default();
        let Posted::Later(mut early) = board.ask(1) else {
            panic!("nothing was posted yet")
        };
        board.post([finished(1, [answer(10)]), finished(2, [answer(11)])]);
        assert_eq!(early.try_recv().unwrap()[0], answer(10));
        assert!(matches!(board.ask(2), Posted::Now(answers) if answers[0] == answer(11)));
        assert!(matches!(board.ask(1), Posted::Forgotten));
        board.close();
        assert!(matches!(board.ask(3), Posted::Closed));
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten_in_the_end() {
        let board = Board::default();
        let many = |n| finished(n, (0..1_000).map(answer));
        board.post((1..=100).map(many));
        assert!(matches!(board.ask(3), Posted::Forgotten));
        assert!(matches!(board.ask(100), Posted::Now(_)));
        assert!(board.lock().kept_events <= KEPT_EVENTS_MAX);
    }

    #[test]
    fn nobody_waits_for_what_was_decided_before_the_start_or_has_no_answers() {
        let board = Board::after(550);
        assert!(matches!(board.ask(550), Posted::Forgotten));
        let Posted::Later(mut unanswered) = board.ask(551) else {
            panic!("it is to come")
        };
        board.post([Finished {
            ticket: 551,
            answers: None,
        }]);
        assert_eq!(unanswered.try_recv(), Err(TryRecvError::Closed));
        assert!(matches!(board.ask(551), Posted::Forgotten));
    }

    /// A tenant's message waits while those that others sent after it have their turn.
    #[test]
    fn who_waits_is_answered_though_later_tickets_were_posted_before() {
        let board = Board::default();
        let Posted::Later(mut first) = board.ask(1) else {
            panic!("nothing was posted yet")
        };
        board.post([finished(3, [answer(10)])]);
        assert_eq!(first.try_recv(), Err(TryRecvError::Empty));
        assert!(matches!(board.ask(2), Posted::Later(_)));
        assert!(matches!(board.ask(3), Posted::Now(_)));
        assert!(matches!(board.ask(3), Posted::Forgotten));
        board.post([finished(1, [answer(11)])]);
        assert_eq!(first.try_recv().unwrap()[0], answer(11));
    }

    #[test]
    fn an_adopted_stream_answers_nobody_who_asked_the_old_one() {
        let board = Board::default();
        let Posted::Later(mut old) = board.ask(7) else {
            panic!("nothing was posted yet")
        };
        board.reset(0);
        board.post([finished(7, [answer(1)])]);
        assert!(old.try_recv().is_err());
    }
}
