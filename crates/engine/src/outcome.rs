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
    waiting: BTreeMap<u64, Waiting>,
    kept: BTreeMap<u64, Kept>,
    /// Events in `kept`.
    kept_events: usize,
    passed: Passed,
    closed: bool,
}

/// Handlers that asked before there were answers.
#[derive(Default)]
struct Waiting {
    senders: Vec<oneshot::Sender<Answers>>,
    /// How many of the message's events are theirs.
    events: usize,
}

/// Answers of which some were not asked for yet: a message may hold events of several handlers.
struct Kept {
    answers: Answers,
    unasked: usize,
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

    /// Asks for the answers to a message, of whose events so many are the asker's own: 0 for who
    /// only looks, since nobody else's answers may be gone for it.
    pub(crate) fn ask(&self, ticket: u64, events: usize) -> Posted {
        let mut state = self.lock();
        if let Some(answers) = state.take(ticket, events) {
            return Posted::Now(answers);
        }
        if state.passed.contains(ticket) {
            return Posted::Forgotten;
        }
        if state.closed {
            return Posted::Closed;
        }
        let (sender, receiver) = oneshot::channel();
        let waiting = state.waiting.entry(ticket).or_default();
        waiting.senders.push(sender);
        waiting.events += events;
        Posted::Later(receiver)
    }

    /// Answers who waits; what is not asked for yet is kept, as much as there is room for.
    pub(crate) fn post(&self, messages: impl IntoIterator<Item = Finished>) {
        let mut state = self.lock();
        for Finished { ticket, answers } in messages {
            state.passed.add(ticket);
            let waiting = state.waiting.remove(&ticket).unwrap_or_default();
            let Some(answers) = answers.map(Arc::new) else {
                continue;
            };
            for sender in waiting.senders {
                // A handler whose caller went away waits no more.
                let _ = sender.send(Arc::clone(&answers));
            }
            let unasked = answers.len().saturating_sub(waiting.events);
            if unasked > 0 {
                state.keep(ticket, Kept { answers, unasked });
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
    /// Kept answers; no longer once each event's was asked for.
    fn take(&mut self, ticket: u64, events: usize) -> Option<Answers> {
        let kept = self.kept.get_mut(&ticket)?;
        kept.unasked = kept.unasked.saturating_sub(events);
        let answers = Arc::clone(&kept.answers);
        if kept.unasked == 0 {
            self.kept.remove(&ticket);
            self.kept_events -= answers.len();
        }
        Some(answers)
    }

    fn keep(&mut self, ticket: u64, kept: Kept) {
        self.kept_events += kept.answers.len();
        if let Some(replaced) = self.kept.insert(ticket, kept) {
            self.kept_events -= replaced.answers.len();
        }
        while self.kept_events > KEPT_EVENTS_MAX {
            let Some((_, oldest)) = self.kept.pop_first() else {
                break;
            };
            self.kept_events -= oldest.answers.len();
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

    /// Asks for what was not posted yet.
    fn waiting(board: &Board, ticket: u64, events: usize) -> oneshot::Receiver<Answers> {
        match board.ask(ticket, events) {
            Posted::Later(answers) => answers,
            _ => panic!("nothing was posted yet"),
        }
    }

    #[test]
    fn answers_reach_who_asks_before_and_who_asks_after() {
        let board = Board::default();
        let mut early = waiting(&board, 1, 1);
        board.post([finished(1, [answer(10)]), finished(2, [answer(11)])]);
        assert_eq!(early.try_recv().unwrap()[0], answer(10));
        assert!(matches!(board.ask(2, 1), Posted::Now(answers) if answers[0] == answer(11)));
        assert!(matches!(board.ask(1, 1), Posted::Forgotten));
        board.close();
        assert!(matches!(board.ask(3, 1), Posted::Closed));
    }

    /// JetStream's publisher sends what several handlers have in one message.
    #[test]
    fn each_of_those_whose_events_went_in_one_message_gets_its_answers() {
        let board = Board::default();
        let mut early = waiting(&board, 1, 2);
        board.post([finished(1, (10..15).map(answer))]);
        assert_eq!(early.try_recv().unwrap()[1], answer(11));
        let second = board.ask(1, 1);
        assert!(matches!(second, Posted::Now(answers) if answers[2] == answer(12)));
        assert!(matches!(board.ask(1, 0), Posted::Now(_)), "a look");
        let last = board.ask(1, 2);
        assert!(matches!(last, Posted::Now(answers) if answers[4] == answer(14)));
        assert!(matches!(board.ask(1, 0), Posted::Forgotten));
        assert_eq!(board.lock().kept_events, 0);
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten_in_the_end() {
        let board = Board::default();
        let many = |n| finished(n, (0..1_000).map(answer));
        board.post((1..=100).map(many));
        assert!(matches!(board.ask(3, 1), Posted::Forgotten));
        assert!(matches!(board.ask(100, 1_000), Posted::Now(_)));
        assert!(board.lock().kept_events <= KEPT_EVENTS_MAX);
    }

    #[test]
    fn nobody_waits_for_what_was_decided_before_the_start_or_has_no_answers() {
        let board = Board::after(550);
        assert!(matches!(board.ask(550, 1), Posted::Forgotten));
        let mut unanswered = waiting(&board, 551, 1);
        board.post([Finished {
            ticket: 551,
            answers: None,
        }]);
        assert_eq!(unanswered.try_recv(), Err(TryRecvError::Closed));
        assert!(matches!(board.ask(551, 1), Posted::Forgotten));
    }

    /// A tenant's message waits while those that others sent after it have their turn.
    #[test]
    fn who_waits_is_answered_though_later_tickets_were_posted_before() {
        let board = Board::default();
        let mut first = waiting(&board, 1, 1);
        board.post([finished(3, [answer(10)])]);
        assert_eq!(first.try_recv(), Err(TryRecvError::Empty));
        assert!(matches!(board.ask(2, 1), Posted::Later(_)));
        assert!(matches!(board.ask(3, 1), Posted::Now(_)));
        assert!(matches!(board.ask(3, 1), Posted::Forgotten));
        board.post([finished(1, [answer(11)])]);
        assert_eq!(first.try_recv().unwrap()[0], answer(11));
    }

    #[test]
    fn an_adopted_stream_answers_nobody_who_asked_the_old_one() {
        let board = Board::default();
        let mut old = waiting(&board, 7, 1);
        board.reset(0);
        board.post([finished(7, [answer(1)])]);
        assert!(old.try_recv().is_err());
    }
}
