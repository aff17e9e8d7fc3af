//! Events of an import on their way into the ledger, sent again until it is known what became of
//! them.

use crate::auth::guard::Guard;
use crate::decode::{Sender, made_by_us};
use crate::state::Api;
use serde_json::{Value, value::to_raw_value};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use touchbook_engine::jobs::Job;
use touchbook_engine::{Outcome, OutcomeKind, Submission, SubmitError, Tenant, WaitError, chain};
use touchbook_events::limits::BATCH_EVENTS_MAX;
use touchbook_events::{Envelope, EventType, Principal};
use touchbook_ingest::csv::SOURCE;

/// How often work looks whether it should go on.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long an import waits for writes that stand still; a start goes on then.
const UNAVAILABLE_MAX: Duration = Duration::from_secs(60);
/// How long until it tries again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Why work on an import ended before it was done.
#[derive(Debug)]
pub(super) enum Halt {
    /// Somebody asked for it.
    Cancelled,
    /// The service stops; the next start goes on.
    Stopping,
    /// It can't go on for now; the next start does.
    Interrupted(String),
    /// It can't go on.
    Failed(String),
}

/// Sends for one import.
pub(super) struct Sending {
    pub(super) api: Api,
    pub(super) tenant: Arc<Tenant>,
    pub(super) job: Arc<Job>,
    pub(super) principal: Principal,
    pub(super) prefix: String,
}

/// What is said of one event of the import itself.
pub(super) struct About<'a> {
    pub(super) event_type: EventType,
    /// What follows the import's id in the event's.
    pub(super) name: &'a str,
    pub(super) subject: Option<&'a str>,
    pub(super) data: Value,
}

impl Sending {
    /// Whether to go on.
    pub(super) fn look(&self) -> Result<(), Halt> {
        if self.api.stopping().is_cancelled() {
            return Err(Halt::Stopping);
        }
        match self.job.is_cancelled() {
            true => Err(Halt::Cancelled),
            false => Ok(()),
        }
    }

    /// Waits until projections show what is recorded up to `position`, however long they take.
    pub(super) async fn applied(&self, of: &[&str], position: u64) -> Result<(), Halt> {
        loop {
            self.look()?;
            match self.tenant.applied(of, position, LOOK_EVERY).await {
                Ok(_) => return Ok(()),
                Err(WaitError::TimedOut { .. }) => {}
                Err(error) => return Err(Halt::Interrupted(chain(&error))),
            }
        }
    }

    /// One outcome each, in order.
    pub(super) async fn submit(&self, mut events: Vec<Submission>) -> Result<Vec<Outcome>, Halt> {
        let mut outcomes = Vec::with_capacity(events.len());
        while !events.is_empty() {
            let rest = events.split_off(events.len().min(BATCH_EVENTS_MAX));
            outcomes.extend(self.submit_batch(events).await?);
            events = rest;
        }
        Ok(outcomes)
    }

    async fn submit_batch(&self, events: Vec<Submission>) -> Result<Vec<Outcome>, Halt> {
        let until = Instant::now() + UNAVAILABLE_MAX;
        loop {
            let engine = self.api.engine();
            let error = match engine.submit(&self.tenant, events.clone(), false).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(error) => error,
            };
            self.look()?;
            match error {
                SubmitError::Busy { retry_after } => sleep(retry_after).await,
                SubmitError::Unavailable { .. } if Instant::now() < until => {
                    sleep(TRY_AGAIN).await;
                }
                SubmitError::Unavailable { reason } => return Err(Halt::Interrupted(reason)),
                error => return Err(Halt::Failed(chain(&error))),
            }
        }
    }

    pub(super) fn event(&self, about: &About<'_>) -> Result<Submission, Halt> {
        self.event_expecting(about, None)
    }

    /// The same of one that loses where its customer was changed after `expected_position`.
    pub(super) fn event_expecting(
        &self,
        about: &About<'_>,
        expected_position: Option<u64>,
    ) -> Result<Submission, Halt> {
        let data = to_raw_value(&about.data).map_err(|error| Halt::Failed(error.to_string()))?;
        let id = format!("{}:{}", self.prefix, about.name);
        let envelope = Envelope {
            id: id.into(),
            source: SOURCE.into(),
            event_type: about.event_type.as_str().into(),
            subject: about.subject.map(Into::into),
            data: Some(&data),
            expected_position,
            ..Envelope::default()
        };
        let sender = Sender {
            tenant: self.tenant.slug(),
            key: self.tenant.key(),
            principal: &self.principal,
            guard: &Guard::Open,
            is_published: self.api.engine().is_published(),
        };
        made_by_us(&envelope, &sender).map_err(|problem| Halt::Failed(problem.to_string()))
    }

    /// Sends one event; a repeat of one that was sent with other content changes nothing.
    pub(super) async fn say(&self, about: &About<'_>) -> Result<Outcome, Halt> {
        let outcomes = self.submit(vec![self.event(about)?]).await?;
        match outcomes.into_iter().next() {
            Some(Outcome {
                kind: OutcomeKind::Refused(problem),
                ..
            }) => Err(Halt::Failed(problem.to_string())),
            Some(outcome) => Ok(outcome),
            None => Err(Halt::Failed("an event has no outcome".to_owned())),
        }
    }
}
