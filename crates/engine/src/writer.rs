//! The writer: the one thread that gives positions, decides, commits, and then tells.

mod batch;
mod dead_letters;
mod tenant;

use crate::error::chain;
use crate::intake::{Dead, Item, Prepared, Source, Work};
use crate::metrics as names;
use crate::outcome::{Outcome, OutcomeKind};
use crate::runner::Runners;
use crate::shared::Shared;
use batch::Batch;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
pub(crate) use tenant::WriterTenant;
use touchbook_events::{Data, Incoming, Problem, TenantKey, TenantNumber, Timestamp};
use touchbook_ledger::Ledger;

/// How long the writer waits for work before it looks around.
const WAIT: Duration = Duration::from_millis(500);

pub(crate) struct Writer {
    ledger: Ledger,
    shared: Arc<Shared>,
    runners: Runners,
    tenants: HashMap<TenantNumber, WriterTenant>,
    batch: Batch,
    source: Source,
}

/// Why an event's records were not taken into the batch.
type CommitFailed = touchbook_ledger::Error;

/// What a message says about each of its events.
#[derive(Clone, Copy)]
struct Origin<'a> {
    sequence: u64,
    stream_created_at_micros: i64,
    recorded_at: Timestamp,
    subject: &'a str,
}

impl Writer {
    pub(crate) fn new(
        ledger: Ledger,
        shared: Arc<Shared>,
        runners: Runners,
        source: Source,
        tenants: Vec<WriterTenant>,
    ) -> Self {
        let tenants = tenants
            .into_iter()
            .map(|tenant| (tenant.number(), tenant))
            .collect();
        Self {
            ledger,
            shared,
            runners,
            tenants,
            batch: Batch::default(),
            source,
        }
    }

    /// Runs until the stream is closed and drained, or a commit fails. The ledger comes back for a
    /// clean close, the deciders for their snapshots.
    pub(crate) fn run(mut self) -> Option<(Ledger, Vec<WriterTenant>)> {
        while let Some(work) = self.source.next(WAIT) {
            if let Err(error) = self.take_all(work) {
                ::metrics::counter!(names::COMMIT_ERRORS_TOTAL).increment(1);
                tracing::error!(error = %chain(&error), "a commit failed; writes have stopped");
                self.shared.stop_writes(&chain(&error));
                return None;
            }
        }
        self.shared.stop_writes("the service is stopping");
        Some((self.ledger, self.tenants.into_values().collect()))
    }

    fn take_all(&mut self, work: Vec<Work>) -> Result<(), CommitFailed> {
        for next in work {
            match next {
                Work::Message(message) => self.message(message)?,
                Work::Adopted(checkpoint) => {
                    self.commit()?;
                    self.batch.checkpoint = Some(checkpoint);
                    self.shared.board.reset(checkpoint.sequence);
                }
            }
        }
        self.commit()
    }

    fn message(&mut self, message: Prepared) -> Result<(), CommitFailed> {
        let origin = Origin {
            sequence: message.checkpoint.sequence,
            stream_created_at_micros: message.checkpoint.stream_created_at_micros,
            recorded_at: message.recorded_at,
            subject: &message.subject,
        };
        let tenant = self.tenant_of(&message);
        let outcomes = match (message.atomic, tenant) {
            (true, Some(tenant)) => self.atomic(tenant, message.items, origin)?,
            (_, tenant) => {
                let mut outcomes = Vec::with_capacity(message.items.len());
                for (index, item) in message.items.into_iter().enumerate() {
                    outcomes.push(self.item(tenant, item, index, origin)?);
                }
                outcomes
            }
        };
        self.batch.finish(message.checkpoint, outcomes);
        Ok(())
    }

    /// The message's tenant, begun if this is the message that begins it.
    fn tenant_of(&mut self, message: &Prepared) -> Option<TenantNumber> {
        if let Some(known) = self.shared.tenants.by_slug(&message.tenant) {
            return Some(known.number());
        }
        let [Item::Event { incoming, .. }] = message.items.as_slice() else {
            return None;
        };
        let Data::TenantCreated(created) = &incoming.data else {
            return None;
        };
        let key = TenantKey::from_salt(created.facts.salt.as_bytes());
        let tenant = self.shared.begin_tenant(&message.tenant, key);
        let number = tenant.number();
        self.tenants
            .insert(number, WriterTenant::begin(tenant, &self.shared.registry));
        Some(number)
    }

    fn item(
        &mut self,
        tenant: Option<TenantNumber>,
        item: Item,
        index: usize,
        origin: Origin<'_>,
    ) -> Result<Outcome, CommitFailed> {
        let (outcome, dead) = match (item, tenant) {
            (Item::Event { incoming, raw }, Some(tenant)) => {
                let outcome = self.event(tenant, *incoming, origin)?;
                let dead = refused(&outcome).zip(raw).map(|(problem, raw)| Dead {
                    raw,
                    problem,
                    of_node: false,
                });
                (outcome, dead)
            }
            (Item::Event { raw, .. }, None) => {
                let problem =
                    Problem::new("unknown_tenant", "", "a tenant begins with tenant.created");
                let dead = raw.map(|raw| Dead {
                    raw,
                    problem: problem.clone(),
                    of_node: true,
                });
                (Outcome::refused(problem), dead)
            }
            (Item::Dead(dead), _) => (Outcome::refused(dead.problem.clone()), Some(dead)),
        };
        if let Some(dead) = dead {
            self.dead_letter(tenant, dead, index, origin)?;
        }
        Ok(outcome)
    }

    fn event(
        &mut self,
        tenant: TenantNumber,
        incoming: Incoming,
        origin: Origin<'_>,
    ) -> Result<Outcome, CommitFailed> {
        let writer = self
            .tenants
            .get_mut(&tenant)
            .expect("a tenant that was found is written");
        let (outcome, records) = writer.decide(incoming, origin.recorded_at, origin.sequence)?;
        ::metrics::counter!(names::EVENTS_TOTAL, "outcome" => outcome.label()).increment(1);
        if !records.is_empty() {
            self.push(tenant, records)?;
        }
        Ok(outcome)
    }

    /// All events of the message, or none: one that can't be used takes the others with it.
    fn atomic(
        &mut self,
        tenant: TenantNumber,
        items: Vec<Item>,
        origin: Origin<'_>,
    ) -> Result<Vec<Outcome>, CommitFailed> {
        let writer = self
            .tenants
            .get_mut(&tenant)
            .expect("a tenant that was found is written");
        let mut records = Vec::new();
        let mut outcomes = Vec::with_capacity(items.len());
        let mut raws = Vec::with_capacity(items.len());
        writer.begin_atomic();
        for item in items {
            let (outcome, raw) = match item {
                Item::Event { incoming, raw } => {
                    let (outcome, more) =
                        writer.decide(*incoming, origin.recorded_at, origin.sequence)?;
                    records.extend(more);
                    (outcome, raw)
                }
                Item::Dead(dead) => (Outcome::refused(dead.problem), Some(dead.raw)),
            };
            outcomes.push(outcome);
            raws.push(raw);
        }
        if outcomes.iter().all(is_stored) {
            writer.keep();
            if !records.is_empty() {
                self.push(tenant, records)?;
            }
            return Ok(outcomes);
        }
        writer.rollback();
        let outcomes: Vec<_> = outcomes.into_iter().map(not_stored).collect();
        self.keep_torn(tenant, &outcomes, raws, origin)?;
        Ok(outcomes)
    }

    /// What a producer sent in a batch that was torn is kept, event by event.
    fn keep_torn(
        &mut self,
        tenant: TenantNumber,
        outcomes: &[Outcome],
        raws: Vec<Option<bytes::Bytes>>,
        origin: Origin<'_>,
    ) -> Result<(), CommitFailed> {
        for (index, (outcome, raw)) in outcomes.iter().zip(raws).enumerate() {
            let Some(raw) = raw else { continue };
            let problem = refused(outcome).unwrap_or_else(|| {
                let detail = "another event of its atomic batch can't be used";
                Problem::new("batch_not_stored", "", detail)
            });
            self.dead_letter(
                Some(tenant),
                Dead {
                    raw,
                    problem,
                    of_node: false,
                },
                index,
                origin,
            )?;
        }
        Ok(())
    }

    /// Takes records into the batch, committing what was there if they don't fit beside it.
    fn push(
        &mut self,
        tenant: TenantNumber,
        records: Vec<touchbook_events::Record>,
    ) -> Result<(), CommitFailed> {
        let encoded = batch::encode(&records);
        if !self.batch.has_room(encoded.bytes()) {
            self.commit()?;
        }
        self.batch.push(tenant, records, encoded);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), CommitFailed> {
        let mut batch = std::mem::take(&mut self.batch);
        if batch.is_worth_a_sync(&self.shared) {
            let started = Instant::now();
            batch.append(&mut self.ledger)?;
            ::metrics::histogram!(names::COMMIT_SECONDS).record(started.elapsed());
            ::metrics::counter!(names::COMMITS_TOTAL).increment(1);
            ::metrics::counter!(names::RECORDS_TOTAL).increment(batch.record_count());
        }
        for (number, records) in batch.take_records() {
            let writer = self
                .tenants
                .get_mut(&number)
                .expect("what is committed was decided");
            writer.committed(&records);
            self.runners.send(writer.tenant(), records);
        }
        self.shared.board.post(batch.take_finished());
        Ok(())
    }
}

fn is_stored(outcome: &Outcome) -> bool {
    matches!(
        outcome.kind,
        OutcomeKind::Accepted | OutcomeKind::Duplicate | OutcomeKind::Ineffective { .. }
    )
}

/// What an event of a torn batch answers: its own problem, or that another had one.
fn not_stored(outcome: Outcome) -> Outcome {
    match outcome.kind {
        OutcomeKind::Accepted | OutcomeKind::Ineffective { .. } => Outcome {
            kind: OutcomeKind::NotStored,
            position: None,
            customer: None,
        },
        _ => outcome,
    }
}

fn refused(outcome: &Outcome) -> Option<Problem> {
    match &outcome.kind {
        OutcomeKind::Refused(problem) => Some(problem.clone()),
        OutcomeKind::Conflict => {
            let at = outcome.position.unwrap_or_default();
            let detail = format!("position {at} has the same source and id with other content");
            Some(Problem::new("id_conflict", "/id", detail))
        }
        _ => None,
    }
}
