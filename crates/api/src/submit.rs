//! From what the engine says became of events to what their sender is answered.

use crate::decode::{Item, Sender, made};
use crate::extract::Caller;
use crate::problem::Problem;
use crate::state::Api;
use crate::wire::event::{BatchWritten, DecisionName, Written, WrittenItem};
use axum::http::StatusCode;
use serde_json::value::RawValue;
use touchbook_engine::{Outcome, OutcomeKind, Submission};
use touchbook_events::record::Ineffective;
use touchbook_events::{Decision, Envelope, EventType, Header};

/// The source of events that the service makes of its callers' requests.
pub(crate) const SOURCE: &str = "touchbook/api";

/// A write that becomes one event.
pub(crate) struct Command<'a> {
    pub event_type: EventType,
    pub subject: Option<&'a str>,
    /// The payload, JSON.
    pub data: &'a RawValue,
    /// The same for a retry of the same write.
    pub event_id: String,
    /// Up to where its caller knows what it changes.
    pub expected_position: Option<u64>,
}

impl Caller {
    /// Sends `command` as an event, and waits until it is durable.
    pub(crate) async fn send(&self, api: &Api, command: Command<'_>) -> Result<Written, Problem> {
        let envelope = Envelope {
            id: command.event_id.as_str().into(),
            source: SOURCE.into(),
            event_type: command.event_type.as_str().into(),
            subject: command.subject.map(Into::into),
            data: Some(command.data),
            expected_position: command.expected_position,
            ..Envelope::default()
        };
        let submission = made(&envelope, &self.sender())?;
        self.submit_one(api, submission).await
    }

    /// Whose events those of this caller are.
    pub(crate) fn sender(&self) -> Sender<'_> {
        Sender {
            tenant: self.tenant.slug(),
            key: self.tenant.key(),
            principal: &self.principal,
            guard: &self.guard,
            is_published: self.is_published,
        }
    }

    /// Submits one event and answers it.
    pub(crate) async fn submit_one(
        &self,
        api: &Api,
        submission: Submission,
    ) -> Result<Written, Problem> {
        let event_id = submission.incoming.sent.id.clone();
        let _waiter = api.waiter(&self.tenant)?;
        let looked = self.look_ahead(api, vec![Ok(submission)], false).await?;
        let submissions = looked.into_iter().collect::<Result<_, _>>()?;
        let outcomes = api
            .engine()
            .submit(&self.tenant, submissions, false)
            .await?;
        match outcomes.into_iter().next() {
            Some(outcome) => self.written(event_id, outcome),
            None => Err(Problem::failed()),
        }
    }

    /// Submits the events of one batch and answers them, in order.
    pub(crate) async fn submit_batch(
        &self,
        api: &Api,
        items: Vec<Item>,
        atomic: bool,
        full: bool,
    ) -> Result<BatchWritten, Problem> {
        let _waiter = api.waiter(&self.tenant)?;
        let items = self.look_ahead(api, items, atomic).await?;
        let mut batch = Batch::new(items.len(), full);
        let mut submissions = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Ok(submission) => {
                    let id = full.then(|| submission.incoming.sent.id.clone());
                    batch.places.push((index, id));
                    submissions.push(submission);
                }
                Err(problem) => batch.refuse(index, problem.into()),
            }
        }
        if atomic && !batch.answer.errors.is_empty() {
            return Err(batch.refused());
        }
        if submissions.is_empty() {
            return Ok(batch.answer);
        }
        let outcomes = api
            .engine()
            .submit(&self.tenant, submissions, atomic)
            .await?;
        let torn = atomic && outcomes.iter().any(is_torn);
        for ((index, id), outcome) in std::mem::take(&mut batch.places).into_iter().zip(outcomes) {
            batch.take(self, index, id, outcome);
        }
        if torn {
            return Err(batch.refused());
        }
        batch.answer.errors.sort_by_key(|error| error.index);
        Ok(batch.answer)
    }

    /// What a single outcome answers: success, or why not.
    fn written(&self, event_id: Box<str>, outcome: Outcome) -> Result<Written, Problem> {
        let position = outcome.position;
        let duplicate = match outcome.kind {
            OutcomeKind::Accepted => false,
            OutcomeKind::Duplicate => {
                self.first_answer(position)?;
                true
            }
            OutcomeKind::Conflict => {
                let detail = "the same `source` and `id` stand in the ledger with other content";
                let conflict = Problem::new(StatusCode::CONFLICT, "id_conflict", detail);
                return Err(conflict.position(position));
            }
            OutcomeKind::Ineffective { reason, winner } => {
                return Err(ineffective(reason, winner, position));
            }
            OutcomeKind::Refused(problem) => return Err(problem.into()),
            OutcomeKind::NotStored => {
                let detail = "nothing of the batch was stored, since another event was refused";
                return Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "not_stored",
                    detail,
                ));
            }
        };
        Ok(Written {
            event_id,
            customer_id: outcome.customer.map(|customer| customer.0),
            resolved_from: None,
            position: position.unwrap_or_default(),
            duplicate,
            decision: DecisionName::Effective,
        })
    }

    /// A retry gets the first answer: the command that lost then has lost.
    fn first_answer(&self, position: Option<u64>) -> Result<(), Problem> {
        let Some(position) = position else {
            return Ok(());
        };
        let Some(bytes) = self.tenant.record_bytes(position)? else {
            return Ok(());
        };
        match Header::peek(&bytes).map(|header| header.decision) {
            Ok(Decision::Ineffective { reason, winner }) => {
                Err(ineffective(reason, winner, Some(position)))
            }
            Ok(Decision::Effective) => Ok(()),
            Err(error) => Err(Problem::internal(&error)),
        }
    }
}

/// Whether an outcome shows that nothing of its atomic batch was stored.
fn is_torn(outcome: &Outcome) -> bool {
    matches!(
        outcome.kind,
        OutcomeKind::Refused(_) | OutcomeKind::Conflict | OutcomeKind::NotStored
    )
}

/// Why the event at `position` changes nothing.
fn ineffective(reason: Ineffective, winner: Option<u64>, position: Option<u64>) -> Problem {
    if reason == Ineffective::PositionChanged {
        let detail = match winner {
            Some(_) => {
                "what it is about is not as it expects: it changed at `position`; read it again. \
                 It is recorded, and changes nothing"
            }
            None => {
                "the position that it expects was never here: the ledger had not come that far; \
                 read what it is about again. It is recorded, and changes nothing"
            }
        };
        let status = StatusCode::PRECONDITION_FAILED;
        return Problem::new(status, reason.as_str(), detail).position(winner);
    }
    let detail = "it changes nothing, given what the ledger holds; it is recorded as such";
    Problem::new(StatusCode::CONFLICT, reason.as_str(), detail).position(winner.or(position))
}

/// An answer to a batch while it is put together.
struct Batch {
    answer: BatchWritten,
    /// Index of each event that was submitted, and its id where rows are wanted.
    places: Vec<(usize, Option<Box<str>>)>,
}

impl Batch {
    fn new(events: usize, full: bool) -> Self {
        Self {
            answer: BatchWritten {
                accepted: 0,
                duplicates: 0,
                position: 0,
                errors: Vec::new(),
                results: full.then(|| Vec::with_capacity(events)),
            },
            places: Vec::with_capacity(events),
        }
    }

    fn refuse(&mut self, index: usize, problem: Problem) {
        self.answer.errors.push(problem.of_item(index));
    }

    fn take(&mut self, caller: &Caller, index: usize, id: Option<Box<str>>, outcome: Outcome) {
        self.answer.position = self
            .answer
            .position
            .max(outcome.position.unwrap_or_default());
        if self.answer.results.is_none() && outcome.kind == OutcomeKind::Accepted {
            self.answer.accepted += 1;
            return;
        }
        match caller.written(id.unwrap_or_default(), outcome) {
            Ok(written) => {
                self.answer.accepted += usize::from(!written.duplicate);
                self.answer.duplicates += usize::from(written.duplicate);
                if let Some(results) = &mut self.answer.results {
                    results.push(WrittenItem { index, written });
                }
            }
            Err(problem) => self.refuse(index, problem),
        }
    }

    /// An atomic batch of which nothing was stored.
    fn refused(self) -> Problem {
        let detail = "nothing of the batch was stored; see what is wrong with each bad event";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem::new(status, "batch_refused", detail).errors(self.answer.errors)
    }
}
