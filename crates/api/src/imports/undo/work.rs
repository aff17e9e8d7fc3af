//! The work of an undoing: it gives back identifiers, then retracts all that was recorded.
//!
//! Others write meanwhile. So it looks at what they wrote before each step, and each step expects
//! its customers as they were then; the ledger's one order decides who was first. Of whom others
//! wrote, who that is stays, and gets back what was given back already.

use super::freed::Freed;
use super::looking::Looking;
use crate::imports::manifest::Undone;
use crate::imports::sending::{About, Halt, Sending};
use serde_json::json;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use touchbook_engine::{Outcome, OutcomeKind, ReadError, Submission, chain};
use touchbook_events::EventType;
use touchbook_events::incoming::{IMPORT_UNDOING, IMPORT_UNDONE_REASON, import_undoing_id};
use touchbook_events::limits::{BATCH_EVENTS_MAX, POSITIONS_MAX};
use touchbook_events::record::Ineffective;
use touchbook_ingest::csv::SOURCE;

/// Records whose identifiers are given back together.
const FREED_TOGETHER: usize = if cfg!(test) { 3 } else { BATCH_EVENTS_MAX / 2 };
/// Records that are retracted together.
const RETRACTED_TOGETHER: usize = if cfg!(test) { 20 } else { POSITIONS_MAX };
/// How often somebody may be in the way of one step. Each time that is a write of the same customer
/// within a moment.
const ATTEMPTS_MAX: u32 = 100;

pub(super) struct Work<'a> {
    sending: &'a Sending,
    looking: Arc<Mutex<Looking>>,
}

impl<'a> Work<'a> {
    /// Looks at what there is to undo.
    pub(super) async fn begin(sending: &'a Sending, from: u64) -> Result<Self, Halt> {
        let looking = Looking::new(Arc::clone(&sending.tenant), &sending.prefix, from);
        let looking = Arc::new(Mutex::new(looking));
        let this = Self { sending, looking };
        this.with(Looking::begin).await?;
        Ok(this)
    }

    pub(super) async fn undone(&self) -> Result<Undone, Halt> {
        self.with(|looking| looking.undone()).await
    }

    /// Does it; what was begun can only be ended from here on.
    pub(super) async fn undo(&self) -> Result<(), Halt> {
        self.turn().await?;
        self.say_that_it_begins().await?;
        self.free_all().await?;
        self.retract_all().await?;
        self.with(Looking::look).await
    }

    async fn with<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Looking) -> Result<R, ReadError> + Send + 'static,
    ) -> Result<R, Halt> {
        let looking = Arc::clone(&self.looking);
        let worked = tokio::task::spawn_blocking(move || {
            work(&mut looking.lock().unwrap_or_else(PoisonError::into_inner))
        });
        let worked = worked.await;
        let worked = worked.map_err(|_| Halt::Failed("it ended with a panic".to_owned()))?;
        worked.map_err(|error| Halt::Failed(chain(&error)))
    }

    /// Whether to go on. Tests write in between.
    async fn turn(&self) -> Result<(), Halt> {
        #[cfg(test)]
        self.sending.api.imports().turns.take().await;
        self.sending.look()
    }

    /// The ledger knows from its first record on that an undoing began, whatever else is lost: an
    /// import that is there by half is not sent again.
    async fn say_that_it_begins(&self) -> Result<(), Halt> {
        let id = import_undoing_id(&self.sending.prefix);
        let first = self.with(move |looking| {
            let is_first = |at: &u64| looking.goes(*at) && !looking.identity.has(*at);
            match looking.tenant.find(SOURCE, &id)? {
                Some(_) => Ok(None),
                None => Ok(looking.own.all().find(is_first)),
            }
        });
        if let Some(first) = first.await? {
            self.sending
                .say(&retracting(IMPORT_UNDOING, &[first]))
                .await?;
        }
        Ok(())
    }

    async fn free_all(&self) -> Result<(), Halt> {
        let mut at = 0;
        loop {
            let freed = self.with(move |looking| looking.to_free(at, FREED_TOGETHER));
            let Some((freed, next)) = freed.await? else {
                return Ok(());
            };
            self.free(freed).await?;
            at = next;
        }
    }

    /// Makes identifiers nobody's, one of a customer at a time, so that each expects the customer
    /// after the one before.
    async fn free(&self, mut pending: Vec<Freed>) -> Result<(), Halt> {
        while !pending.is_empty() {
            self.turn().await?;
            let looked = self.with(move |looking| {
                looking.look()?;
                pending.retain(|freed| !looking.stays(freed.position));
                Ok((pending, looking.head))
            });
            let (left, head) = looked.await?;
            self.turn().await?;
            let mut named = HashSet::new();
            let is_now = |freed: &Freed| !freed.is_made || named.insert(freed.customer);
            let (now, later): (Vec<_>, Vec<_>) = left.into_iter().partition(is_now);
            pending = self.free_now(now, head).await?;
            pending.extend(later);
        }
        Ok(())
    }

    /// Answers those that somebody was in the way of.
    async fn free_now(&self, now: Vec<Freed>, head: u64) -> Result<Vec<Freed>, Halt> {
        let mut again = Vec::new();
        for some in now.chunks(BATCH_EVENTS_MAX) {
            let events: Result<Vec<_>, Halt> = some
                .iter()
                .map(|freed| self.detaching(freed, head))
                .collect();
            let outcomes = self.sending.submit(events?).await?;
            for (freed, outcome) in some.iter().zip(outcomes) {
                if !self.is_freed(freed, outcome).await? {
                    let attempt = freed.attempt + 1;
                    not_for_ever(attempt)?;
                    again.push(Freed {
                        attempt,
                        ..freed.clone()
                    });
                }
            }
        }
        Ok(again)
    }

    async fn is_freed(&self, freed: &Freed, outcome: Outcome) -> Result<bool, Halt> {
        match outcome.kind {
            OutcomeKind::Refused(problem) => Err(Halt::Failed(problem.to_string())),
            // An earlier attempt at undoing sent it. It may have lost, or been taken back since.
            OutcomeKind::Duplicate | OutcomeKind::Conflict if freed.is_made => {
                self.stands(outcome.position).await
            }
            kind => Ok(!is_changed(&kind)),
        }
    }

    /// Whether the record at `position` has its effect, and was not taken back.
    async fn stands(&self, position: Option<u64>) -> Result<bool, Halt> {
        let Some(position) = position else {
            return Ok(false);
        };
        let restoring = format!("{}:{}", self.sending.prefix, restoring(position));
        let stands = self.with(move |looking| {
            let header = looking.header(position)?;
            let is_effective = header.is_some_and(|header| header.is_effective());
            Ok(is_effective && looking.tenant.find(SOURCE, &restoring)?.is_none())
        });
        stands.await
    }

    fn detaching(&self, freed: &Freed, head: u64) -> Result<Submission, Halt> {
        let Freed {
            position,
            ordinal,
            attempt,
            ..
        } = freed;
        let name = match attempt {
            0 => format!("free-{position}-{ordinal}"),
            attempt => format!("free-{position}-{ordinal}-{attempt}"),
        };
        let expected = freed.is_made.then_some(head);
        self.identifier(EventType::IdentifierDetached, &name, freed, expected)
    }

    fn identifier(
        &self,
        event_type: EventType,
        name: &str,
        freed: &Freed,
        expected: Option<u64>,
    ) -> Result<Submission, Halt> {
        let about = About {
            event_type,
            name,
            subject: Some(&format!("customer/{}", freed.customer)),
            data: json!({ "kind": freed.kind, "value": freed.value }),
        };
        self.sending.event_expecting(&about, expected)
    }

    /// Gives back to customers who stay what was taken from them. What is somebody else's by now
    /// remains so.
    async fn restore(&self) -> Result<(), Halt> {
        loop {
            let freed = self
                .with(|looking| looking.to_restore(FREED_TOGETHER))
                .await?;
            if freed.is_empty() {
                return Ok(());
            }
            let attaching = |freed: &Freed| {
                let name = restoring(freed.position);
                self.identifier(EventType::IdentifierAttached, &name, freed, None)
            };
            let events: Result<Vec<_>, Halt> = freed.iter().map(attaching).collect();
            let outcomes = self.sending.submit(events?).await?;
            let mut done = Vec::with_capacity(freed.len());
            for (freed, outcome) in freed.iter().zip(outcomes) {
                done.push((freed.position, self.is_theirs(outcome).await?));
            }
            self.with(move |looking| {
                for (position, is_theirs) in done {
                    looking.restored.set(position);
                    if !is_theirs {
                        looking.own.clear(position);
                    }
                }
                Ok(())
            })
            .await?;
        }
    }

    /// Whether the identifier is its customer's again.
    async fn is_theirs(&self, outcome: Outcome) -> Result<bool, Halt> {
        let position = match outcome.kind {
            OutcomeKind::Accepted => return Ok(true),
            OutcomeKind::Duplicate | OutcomeKind::Conflict => outcome.position,
            _ => None,
        };
        let Some(position) = position else {
            return Ok(false);
        };
        let header = self.with(move |looking| looking.header(position)).await?;
        Ok(header.is_some_and(|header| header.is_effective()))
    }

    async fn find_scores(&self) -> Result<Option<u64>, Halt> {
        let found = self.with(Looking::find_scores).await?;
        #[cfg(test)]
        {
            let walks = self.with(|looking| Ok(looking.walks)).await?;
            self.sending.api.imports().turns.note_walks(walks);
        }
        Ok(found)
    }

    /// Retracts all that was recorded, and the giving back with it.
    async fn retract_all(&self) -> Result<(), Halt> {
        let total = self
            .with(|looking| Ok(looking.own.all().count() as u64))
            .await?;
        let (mut at, mut done, mut attempt) = (0, 0, 0);
        loop {
            self.turn().await?;
            let (positions, head, is_disturbed) =
                self.with(move |looking| next(looking, at)).await?;
            if is_disturbed {
                self.restore().await?;
                continue;
            }
            let (Some(first), Some(last)) = (positions.first(), positions.last()) else {
                // Looking for them takes a walk over the import, so it is done once for all that
                // came meanwhile.
                match self.find_scores().await? {
                    Some(found) => at = found,
                    None => return Ok(()),
                }
                continue;
            };
            self.turn().await?;
            let name = format!("retract-{first}-{last}-{head}");
            let event = self
                .sending
                .event_expecting(&retracting(&name, &positions), Some(head))?;
            let outcome = self.sending.submit(vec![event]).await?.pop();
            match outcome.map(|outcome| outcome.kind) {
                Some(OutcomeKind::Refused(problem)) => {
                    return Err(Halt::Failed(problem.to_string()));
                }
                Some(kind) if is_changed(&kind) => {
                    attempt += 1;
                    not_for_ever(attempt)?;
                    continue;
                }
                _ => {}
            }
            (at, attempt) = (last + 1, 0);
            done += positions.len() as u64;
            self.sending.job.progress(done.min(total), total);
        }
    }
}

/// What is to be retracted next from `at` on, as of which position, and whether others wrote of
/// somebody since this was last asked.
fn next(looking: &mut Looking, at: u64) -> Result<(Vec<u64>, u64, bool), ReadError> {
    looking.look()?;
    let left = looking.own.since(at);
    let going = left.filter(|at| looking.goes(*at) && !looking.retracted.has(*at));
    let positions = going.take(RETRACTED_TOGETHER).collect();
    Ok((positions, looking.head, looking.is_disturbed()))
}

fn restoring(position: u64) -> String {
    format!("restore-{position}")
}

fn retracting<'a>(name: &'a str, positions: &[u64]) -> About<'a> {
    About {
        event_type: EventType::EventRetracted,
        name,
        subject: None,
        data: json!({ "positions": positions, "reason": IMPORT_UNDONE_REASON }),
    }
}

/// Whether others wrote of a customer since the undoing looked.
fn is_changed(kind: &OutcomeKind) -> bool {
    matches!(
        kind,
        OutcomeKind::Ineffective {
            reason: Ineffective::PositionChanged,
            ..
        }
    )
}

fn not_for_ever(attempt: u32) -> Result<(), Halt> {
    if attempt <= ATTEMPTS_MAX {
        return Ok(());
    }
    let reason = "a customer changes all the time; undo it again".to_owned();
    Err(Halt::Failed(reason))
}
