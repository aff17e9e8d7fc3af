//! What callers send: published, and waited for until it is decided and durable.

use super::sent::{Sent, digest, known};
use super::{Engine, LOOK_AGAIN, Submission};
use crate::error::{SubmitError, chain};
use crate::outcome::{Answers, Outcome, Posted};
use crate::tenant::Tenant;
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot::{self, error::RecvError};
use tokio::time::Instant;
use touchbook_events::{Data, EventType, Incoming, Problem};
use touchbook_stream::{Item, Outgoing, Placed, PublishError};

/// How long a sender is kept waiting for what becomes of all that it sent.
pub(super) const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);
/// Why nobody is kept waiting any longer.
pub(super) const TOO_LONG: &str = "it takes longer than anybody waits";

impl Engine {
    /// Publishes events and waits until they are decided and durable; one outcome each, in order.
    ///
    /// # Errors
    /// When there is no outcome. Unless it says otherwise, events may have been stored all the
    /// same; sending them again is safe.
    pub async fn submit(
        &self,
        tenant: &Arc<Tenant>,
        submissions: Vec<Submission>,
        atomic: bool,
    ) -> Result<Vec<Outcome>, SubmitError> {
        if let Some(reason) = self.0.shared.stopped() {
            return Err(SubmitError::Unavailable { reason });
        }
        let until = Instant::now() + ANSWER_WAIT_MAX;
        let sent: Vec<Sent> = submissions.iter().map(Sent::of).collect();
        let items = submissions.into_iter().map(item).collect();
        let placed = self.publish(tenant.slug(), items, atomic, until).await?;
        self.outcomes(tenant, &sent, placed, until).await
    }

    /// One for each of what was sent, of which `placed` says where it went.
    async fn outcomes(
        &self,
        tenant: &Arc<Tenant>,
        sent: &[Sent],
        placed: Vec<Placed>,
        until: Instant,
    ) -> Result<Vec<Outcome>, SubmitError> {
        let mut outcomes = Vec::with_capacity(sent.len());
        let mut rest = sent;
        for run in placed {
            let (of_run, after) = rest.split_at((run.count as usize).min(rest.len()));
            rest = after;
            let answers = self.posted(&run, until).await?;
            let from = run.index as usize;
            let answers = answers
                .as_ref()
                .and_then(|answers| answers.get(from..from + of_run.len()));
            for (index, sent) in of_run.iter().enumerate() {
                let answer = answers.map(|answers| &answers[index]);
                outcomes.push(match answer {
                    Some(answer) if answer.event_key == sent.event_key && !run.duplicate => {
                        answer.outcome.clone()
                    }
                    _ => self.look_up(tenant, sent, run.duplicate, until).await?,
                });
            }
        }
        Ok(outcomes)
    }

    /// The answer that nobody kept, or that another event got: what the ledger knows. An event that
    /// the stream's server dropped as a repeat, and that the ledger does not know, was refused
    /// before and may not be now: it is sent once more, under a name of its own.
    async fn look_up(
        &self,
        tenant: &Arc<Tenant>,
        sent: &Sent,
        dropped: bool,
        until: Instant,
    ) -> Result<Outcome, SubmitError> {
        if let Some(known) = known(tenant, sent)? {
            return Ok(known);
        }
        if dropped {
            let again = sent.again(self.now());
            let placed = self.publish(tenant.slug(), vec![again], false, until);
            for run in placed.await? {
                let answers = self.posted(&run, until).await?;
                let answer = answers
                    .as_ref()
                    .and_then(|answers| answers.get(run.index as usize));
                if let Some(answer) = answer.filter(|answer| answer.event_key == sent.event_key) {
                    return Ok(answer.outcome.clone());
                }
            }
            if let Some(known) = known(tenant, sent)? {
                return Ok(known);
            }
        }
        Err(SubmitError::Unavailable {
            reason: "what became of the event is not known; send it again with the same id"
                .to_owned(),
        })
    }

    pub(super) async fn publish(
        &self,
        slug: &str,
        items: Vec<Item<Incoming>>,
        atomic: bool,
        until: Instant,
    ) -> Result<Vec<Placed>, SubmitError> {
        let outgoing = Outgoing {
            tenant: slug.into(),
            items,
            atomic,
        };
        let publishing = self.0.stream.publish(outgoing);
        match tokio::time::timeout_at(until, publishing).await {
            Ok(published) => published.map_err(unavailable),
            Err(_) => Err(undecided(TOO_LONG)),
        }
    }

    /// Takes an event from a sender who can't be told what is wrong with it: one that can't be read
    /// is kept as a dead letter. Answers what became of it.
    pub async fn deliver(
        &self,
        tenant: &Arc<Tenant>,
        event_type: EventType,
        json: Bytes,
    ) -> Result<Outcome, SubmitError> {
        if let Some(reason) = self.0.shared.stopped() {
            return Err(SubmitError::Unavailable { reason });
        }
        let item = Item {
            event_type: event_type.as_str().into(),
            key: digest(&json),
            payload: json,
            decoded: None,
        };
        let forgotten = || SubmitError::Unavailable {
            reason: "what became of the event is not known".to_owned(),
        };
        let until = Instant::now() + ANSWER_WAIT_MAX;
        let placed = self.publish(tenant.slug(), vec![item], false, until);
        for run in placed.await? {
            let answers = self.posted(&run, until).await?.ok_or_else(forgotten)?;
            if let Some(answer) = answers.get(run.index as usize) {
                return Ok(answer.outcome.clone());
            }
        }
        Err(forgotten())
    }

    /// The answers to a message once the writer has passed it; `None` when they are forgotten.
    pub(super) async fn posted(
        &self,
        run: &Placed,
        until: Instant,
    ) -> Result<Option<Answers>, SubmitError> {
        let stopped = || SubmitError::Unavailable {
            reason: self
                .0
                .shared
                .stopped()
                .unwrap_or_else(|| "writes have stopped".to_owned()),
        };
        // A repeat's answers are those of others, who have yet to ask for them.
        let own = if run.duplicate { 0 } else { run.count as usize };
        match self.0.shared.board.ask(run.ticket, own) {
            Posted::Now(answers) => Ok(Some(answers)),
            Posted::Forgotten => Ok(None),
            Posted::Closed => Err(stopped()),
            Posted::Later(answer) => match self.answered(answer, until).await? {
                Ok(answers) => Ok(Some(answers)),
                Err(_) if self.0.shared.stopped().is_some() => Err(stopped()),
                // It was passed by, or the stream is another one.
                Err(_) => Ok(None),
            },
        }
    }

    /// Waits for answers, or until it is known that they may take for ever.
    async fn answered(
        &self,
        mut answer: oneshot::Receiver<Answers>,
        until: Instant,
    ) -> Result<Result<Answers, RecvError>, SubmitError> {
        loop {
            // Looks again now and then, since reading may stop in between.
            let look = until.min(Instant::now() + LOOK_AGAIN);
            if let Ok(answered) = tokio::time::timeout_at(look, &mut answer).await {
                return Ok(answered);
            }
            if let Some(reason) = self.0.stream.status().stopped {
                return Err(undecided(&reason.to_string()));
            }
            if Instant::now() >= until {
                return Err(undecided(TOO_LONG));
            }
        }
    }
}

/// The type's name on the stream, as it was sent.
pub(super) fn name(data: &Data) -> Cow<'static, str> {
    match data {
        Data::Custom(_) => data.type_name().to_owned().into(),
        data => data.event_type().as_str().into(),
    }
}

pub(super) fn item(submission: Submission) -> Item<Incoming> {
    Item {
        event_type: name(&submission.incoming.data),
        payload: submission.json,
        key: submission.incoming.event_key,
        decoded: Some(submission.incoming),
    }
}

/// The stream may have taken an event, and whether the ledger will is not known yet.
pub(super) fn undecided(why: &str) -> SubmitError {
    let reason = format!("the event is not decided yet; send it again with the same id: {why}");
    SubmitError::Unavailable { reason }
}

fn unavailable(error: PublishError) -> SubmitError {
    match error {
        PublishError::Full { retry_after } => SubmitError::Busy { retry_after },
        PublishError::TooLarge { .. } | PublishError::TooMany { .. } => SubmitError::TooLarge {
            detail: chain(&error),
        },
        PublishError::Name { .. } => SubmitError::Refused(Problem::invalid("/type", chain(&error))),
        _ => SubmitError::Unavailable {
            reason: chain(&error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Answer, Finished};
    use crate::tests::{embedded, order, stop, submission};

    #[tokio::test]
    async fn a_request_of_several_messages_waits_no_longer_than_one() {
        let dir = tempfile::tempdir().unwrap();
        let engine = embedded(dir.path()).await;
        let tenant = engine.create_tenant("acme").await.unwrap();
        let sent = [1, 2].map(|id| Sent::of(&submission(&tenant, &order(id, "c1", "1"))));
        // Messages that the writer never comes to.
        let placed = [1_000, 1_001].map(|ticket| Placed {
            ticket,
            index: 0,
            count: 1,
            duplicate: false,
        });
        let first = Answer {
            event_key: sent[0].event_key,
            outcome: Outcome::duplicate(1),
        };
        tokio::time::pause();
        let began = Instant::now();
        let late = async {
            tokio::time::advance(ANSWER_WAIT_MAX * 9 / 10).await;
            engine.0.shared.board.post([Finished {
                ticket: 1_000,
                answers: Some(vec![first]),
            }]);
        };
        let until = began + ANSWER_WAIT_MAX;
        let waiting = engine.outcomes(&tenant, &sent, placed.into(), until);
        let (outcomes, ()) = tokio::join!(waiting, late);
        let waited = began.elapsed();
        tokio::time::resume();
        assert!(matches!(outcomes, Err(SubmitError::Unavailable { .. })));
        assert_eq!(waited.as_secs(), ANSWER_WAIT_MAX.as_secs());
        drop(tenant);
        stop(engine).await;
    }
}
