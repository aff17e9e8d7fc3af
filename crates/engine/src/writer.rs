//! The writer: the one thread that gives positions, decides, commits, and then tells.

mod batch;
mod dead_letters;
mod publication;
mod tenant;

use crate::checkpoint;
use crate::error::chain;
use crate::intake::{Dead, Item, Prepared, Source, Work, node_takes};
use crate::metrics as names;
use crate::open::NODE_SLUG;
use crate::outcome::{Answer, Outcome, OutcomeKind};
use crate::runner::{BEHIND_WAIT, Runners};
use crate::shared::Shared;
use crate::tenant::Tenant;
use batch::Batch;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
pub(crate) use tenant::{Known, WriterTenant, repeated};
use touchbook_events::{Data, Incoming, Problem, Record, TenantKey, TenantNumber, Timestamp};
use touchbook_ledger::Ledger;
use touchbook_stream::Checkpoint;

/// How long the writer waits for work before it looks around.
const WAIT: Duration = Duration::from_millis(500);
/// How long durable records wait for more work before they are handed to the projections. A thread
/// that is woken earlier takes the core from the answer that somebody waits for, and from the
/// request that follows it; while there is work they are handed over at once.
const HAND_OVER_WAIT: Duration = Duration::from_micros(150);
/// What follows from a failed commit, for whoever is told of it.
const UNTIL_RESTARTED: &str = "nothing is written until the service is restarted";

pub(crate) struct Writer {
    ledger: Ledger,
    shared: Arc<Shared>,
    runners: Runners,
    tenants: HashMap<TenantNumber, WriterTenant>,
    batch: Batch,
    /// How far the stream was read with the last commit.
    checkpoint: Option<Checkpoint>,
    /// Records of the message at hand.
    staged: Vec<Staged>,
    /// Durable records that no projection was handed yet.
    unfolded: Vec<(Arc<Tenant>, Vec<Record>)>,
    source: Source,
}

struct Staged {
    tenant: TenantNumber,
    /// Which item of the message led to them.
    item: u32,
    records: Vec<Record>,
    encoded: batch::Encoded,
}

/// However the writer ends, whoever waits for it is told.
struct StopGuard(Arc<Shared>);

impl Drop for StopGuard {
    fn drop(&mut self) {
        self.0.stop_writes("the writer stopped unexpectedly");
    }
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
        let checkpoint = ledger.reader().checkpoint().map(checkpoint::read);
        Self {
            ledger,
            shared,
            runners,
            tenants,
            batch: Batch::default(),
            checkpoint,
            staged: Vec::new(),
            unfolded: Vec::new(),
            source,
        }
    }

    /// Runs until the stream is closed and drained, or a commit fails. The ledger comes back for a
    /// clean close, the deciders for their snapshots.
    pub(crate) fn run(mut self) -> Option<(Ledger, Vec<WriterTenant>)> {
        let _guard = StopGuard(Arc::clone(&self.shared));
        while let Some(work) = self.next() {
            if let Err(error) = self.take_all(work) {
                ::metrics::counter!(names::COMMIT_ERRORS_TOTAL).increment(1);
                tracing::error!(error = %chain(&error), "a commit failed; writes have stopped");
                let reason = format!("{}; {UNTIL_RESTARTED}", chain(&error));
                self.shared.stop_writes(&reason);
                return None;
            }
        }
        self.shared.stop_writes("the service is stopping");
        Some((self.ledger, self.tenants.into_values().collect()))
    }

    /// What waits; nothing after a while, `None` once nothing comes any more.
    fn next(&mut self) -> Option<Vec<Work>> {
        let wait = match self.unfolded.is_empty() {
            true => WAIT,
            false => HAND_OVER_WAIT,
        };
        let work = self.source.next(wait);
        self.hand_over();
        work
    }

    fn hand_over(&mut self) {
        let deadline = Instant::now() + BEHIND_WAIT;
        for (tenant, records) in std::mem::take(&mut self.unfolded) {
            self.runners.send(&tenant, records, deadline);
        }
    }

    fn take_all(&mut self, work: Vec<Work>) -> Result<(), CommitFailed> {
        for next in work {
            self.hand_over();
            match next {
                Work::Message(message) => self.message(message)?,
                Work::Adopted(checkpoint) => {
                    self.commit()?;
                    self.batch.checkpoint = Some(checkpoint);
                    self.checkpoint = Some(checkpoint);
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
        let done = self.items_done(&message.checkpoint);
        let answers = match (message.atomic, tenant) {
            (true, Some(tenant)) => self.atomic(tenant, message.items, origin)?,
            (_, tenant) => {
                let mut answers = Vec::with_capacity(message.items.len());
                for (index, item) in message.items.into_iter().enumerate().skip(done) {
                    answers.push(self.item(tenant, item, index, origin)?);
                }
                answers
            }
        };
        self.settle(&message.checkpoint)?;
        // Nobody waits for a message that was begun before the start; the ledger has its answers.
        let answers = (message.awaited && done == 0).then_some(answers);
        self.batch
            .finish(message.checkpoint, message.ticket, answers);
        Ok(())
    }

    /// How many items of the message are in the ledger, because it was split and the process died
    /// in between. They are not decided again: what they led to has changed the state since.
    fn items_done(&self, message: &Checkpoint) -> usize {
        let last = self.checkpoint.as_ref();
        last.map_or(0, |last| last.items_done(message)) as usize
    }

    /// The message's tenant, begun if this is the message that begins it.
    fn tenant_of(&mut self, message: &Prepared) -> Option<TenantNumber> {
        if &*message.tenant == NODE_SLUG {
            let takes = message.items.iter().all(|item| match item {
                Item::Event { incoming, .. } => node_takes(incoming),
                Item::Dead(_) => true,
            });
            return takes.then_some(TenantNumber::NODE);
        }
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
    ) -> Result<Answer, CommitFailed> {
        let event_key = item.event_key();
        let (outcome, dead) = match (item, tenant) {
            (
                Item::Event {
                    incoming,
                    raw,
                    schema_bytes,
                },
                Some(tenant),
            ) => {
                let outcome = self.event(tenant, *incoming, schema_bytes, index, origin)?;
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
        Ok(Answer { event_key, outcome })
    }

    fn event(
        &mut self,
        tenant: TenantNumber,
        incoming: Incoming,
        schema_bytes: u64,
        index: usize,
        origin: Origin<'_>,
    ) -> Result<Outcome, CommitFailed> {
        let writer = self
            .tenants
            .get_mut(&tenant)
            .expect("a tenant that was found is written");
        let (outcome, records) = writer.decide(incoming, schema_bytes, origin)?;
        self.batch.count(outcome.label());
        self.stage(tenant, index, records);
        Ok(outcome)
    }

    /// All events of the message, or none: one that can't be used takes the others with it.
    fn atomic(
        &mut self,
        tenant: TenantNumber,
        items: Vec<Item>,
        origin: Origin<'_>,
    ) -> Result<Vec<Answer>, CommitFailed> {
        let writer = self
            .tenants
            .get_mut(&tenant)
            .expect("a tenant that was found is written");
        let mut records = Vec::new();
        let mut answers = Vec::with_capacity(items.len());
        let mut raws = Vec::with_capacity(items.len());
        writer.begin_atomic();
        for item in items {
            let event_key = item.event_key();
            let (outcome, raw) = match item {
                Item::Event {
                    incoming,
                    raw,
                    schema_bytes,
                } => {
                    let (outcome, more) = writer.decide(*incoming, schema_bytes, origin)?;
                    records.extend(more);
                    (outcome, raw)
                }
                Item::Dead(dead) => (Outcome::refused(dead.problem), Some(dead.raw)),
            };
            answers.push(Answer { event_key, outcome });
            raws.push(raw);
        }
        if !batch::fits_one_commit(&records) {
            let detail = "what the batch leads to does not fit one commit; send fewer events";
            let problem = Problem::new("batch_too_large", "", detail);
            answers
                .iter_mut()
                .for_each(|answer| answer.outcome = Outcome::refused(problem.clone()));
        }
        if answers.iter().all(|answer| is_stored(&answer.outcome)) {
            writer.keep();
            self.stage(tenant, 0, records);
            return Ok(answers);
        }
        let taken_back = writer.rollback();
        for answer in &mut answers {
            not_stored(&mut answer.outcome, taken_back);
        }
        self.keep_torn(tenant, &answers, raws, origin)?;
        Ok(answers)
    }

    /// What a producer sent in a batch that was torn is kept, event by event.
    fn keep_torn(
        &mut self,
        tenant: TenantNumber,
        answers: &[Answer],
        raws: Vec<Option<bytes::Bytes>>,
        origin: Origin<'_>,
    ) -> Result<(), CommitFailed> {
        for (index, (answer, raw)) in answers.iter().zip(raws).enumerate() {
            let Some(raw) = raw else { continue };
            let problem = refused(&answer.outcome).unwrap_or_else(|| {
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

    fn stage(&mut self, tenant: TenantNumber, item: usize, records: Vec<Record>) {
        if !records.is_empty() {
            let encoded = batch::encode(&records);
            self.staged.push(Staged {
                tenant,
                item: item as u32,
                records,
                encoded,
            });
        }
    }

    /// Takes a message's records into the batch, in one commit wherever they fit one. Where they do
    /// not, every commit but the last says how many items need not be decided again after a crash.
    fn settle(&mut self, message: &Checkpoint) -> Result<(), CommitFailed> {
        let total: usize = self
            .staged
            .iter()
            .map(|staged| staged.encoded.bytes())
            .sum();
        if !self.batch.has_room(total) {
            self.commit()?;
        }
        for staged in std::mem::take(&mut self.staged) {
            if !self.batch.has_room(staged.encoded.bytes()) {
                self.mark_part(message, staged.item);
                self.commit()?;
            }
            self.batch
                .push(staged.tenant, staged.records, staged.encoded);
        }
        Ok(())
    }

    /// The batch ends within the message. The embedded stream has nothing to read again.
    fn mark_part(&mut self, message: &Checkpoint, items_done: u32) {
        if self.shared.stream_outlives_us() {
            let last = self.batch.checkpoint.as_ref().or(self.checkpoint.as_ref());
            self.batch.checkpoint = Some(Checkpoint::within(message, items_done, last));
        }
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
        self.checkpoint = batch.checkpoint.or(self.checkpoint);
        for (outcome, events) in batch.take_counts() {
            ::metrics::counter!(names::EVENTS_TOTAL, "outcome" => outcome).increment(events);
        }
        for (number, records) in batch.take_records() {
            let writer = self.tenants.get_mut(&number);
            let writer = writer.expect("what is committed was decided");
            writer.committed(&records);
            self.unfolded.push((Arc::clone(writer.tenant()), records));
        }
        // Whoever waits for an answer goes first; folding is what nobody waits for yet.
        self.shared.board.post(batch.take_finished());
        self.batch = batch.next();
        Ok(())
    }
}

fn is_stored(outcome: &Outcome) -> bool {
    matches!(
        outcome.kind,
        OutcomeKind::Accepted | OutcomeKind::Duplicate | OutcomeKind::Ineffective { .. }
    )
}

/// What an event of a torn batch answers: its own problem, or that another had one. No position
/// from `taken_back` on exists.
fn not_stored(outcome: &mut Outcome, taken_back: u64) {
    let is_own_problem = match outcome.kind {
        OutcomeKind::Refused(_) => true,
        OutcomeKind::Conflict | OutcomeKind::Duplicate => outcome
            .position
            .is_none_or(|position| position < taken_back),
        _ => false,
    };
    if !is_own_problem {
        *outcome = Outcome {
            kind: OutcomeKind::NotStored,
            position: None,
            customer: None,
        };
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
