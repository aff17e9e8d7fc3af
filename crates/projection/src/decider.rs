//! The interface of deciders: what is decided once, before an event is appended.

use crate::snapshot;
use std::any::Any;
use std::sync::{Arc, LazyLock};
use touchbook_events::record::Ineffective;
use touchbook_events::{
    CustomerId, Data, Decision, Digest, EventType, Header, Incoming, Policies, Problem, Record,
    TenantKey, Timestamp,
};

/// What every decision may depend on besides the deciding state.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub key: &'a TenantKey,
    pub recorded_at: Timestamp,
    pub stream_sequence: u64,
    /// The position that the first record of this decision will take.
    pub next_position: u64,
    /// The records that the event names by their positions ([`Data::positions`]), those that exist.
    pub earlier: &'a [Earlier],
    /// What its message has brought to be held against schemas, the event's own included, as
    /// [`SchemaBytes`](crate::SchemaBytes) counts it.
    pub schema_bytes: u64,
}

/// A record that an event names by its position, as far as a decision needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    pub position: u64,
    pub event_type: EventType,
    pub subject: Digest,
    pub customer: Option<CustomerId>,
    pub is_effective: bool,
}

impl From<&Header> for Earlier {
    fn from(header: &Header) -> Self {
        Self {
            position: header.position,
            event_type: header.event_type,
            subject: header.subject,
            customer: header.customer,
            is_effective: header.is_effective(),
        }
    }
}

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is appended, effective or not.
    Append(Decision),
    /// It says what the record at `position` said already; nothing is appended.
    Duplicate { position: u64 },
    /// It can't be used. A caller is told; from the stream it becomes a dead letter.
    Refuse(Problem),
}

/// A record that a decision causes.
#[derive(Clone, Debug)]
pub struct Consequence {
    pub data: Data,
    pub customer: Option<CustomerId>,
    pub subject: Box<str>,
}

/// An event on its way through the deciders; each sees what those before it decided.
#[derive(Debug)]
pub struct Draft<'a> {
    pub context: Context<'a>,
    pub incoming: Incoming,
    /// The policies in force, a plain value that the policies decider lays here.
    pub policies: Arc<Policies>,
    /// When it happened; `recorded_at` until the policies decider, which knows the zone, reads it.
    pub time: Timestamp,
    pub customer: Option<CustomerId>,
    pub verdict: Verdict,
    /// Appended before the event, such as the customer it creates.
    pub before: Vec<Consequence>,
    /// Appended after the event, such as the next step.
    pub after: Vec<Consequence>,
}

/// The policies of a draft before any decider said which are in force; made once, not per event.
static UNSAID: LazyLock<Arc<Policies>> = LazyLock::new(Arc::default);

impl<'a> Draft<'a> {
    pub fn new(context: Context<'a>, incoming: Incoming) -> Self {
        Self {
            context,
            incoming,
            policies: Arc::clone(&UNSAID),
            time: context.recorded_at,
            customer: None,
            verdict: Verdict::Append(Decision::Effective),
            before: Vec::new(),
            after: Vec::new(),
        }
    }

    /// Whether deciders go on; a refusal, a duplicate or a lost command is final.
    pub fn is_open(&self) -> bool {
        self.verdict == Verdict::Append(Decision::Effective)
    }

    pub fn refuse(&mut self, problem: Problem) {
        self.verdict = Verdict::Refuse(problem);
    }

    /// Whether the event lost, since it expects what it is about as it was at an earlier position
    /// than `changed_at`, of the last change; or at one that was never here, which nobody has won.
    pub fn loses_to(&mut self, changed_at: u64) -> bool {
        let Some(expected) = self.incoming.expected_position else {
            return false;
        };
        let lost = !(changed_at..self.context.next_position).contains(&expected);
        if lost {
            self.verdict = Verdict::Append(Decision::Ineffective {
                reason: Ineffective::PositionChanged,
                winner: (expected < changed_at).then_some(changed_at),
            });
        }
        lost
    }

    /// The position that the event itself will take, given what stands before it so far.
    pub fn position(&self) -> u64 {
        self.context.next_position + self.before.len() as u64
    }
}

/// Takes decisions over state that holds everything before the event.
///
/// `decide` reads, `apply` evolves: a decision is taken once, recorded, and only then applied, so
/// that state folded from the ledger equals state that was live.
pub trait Decider: Send {
    /// Stable name, part of snapshot paths.
    fn name(&self) -> &'static str;

    /// Changes whenever `apply` or the encoding does; a snapshot of another version is not loaded.
    fn version(&self) -> u32;

    /// Called only while the draft [is open](Draft::is_open).
    fn decide(&self, draft: &mut Draft<'_>);

    /// Evolves by one record, in position order, whoever decided it.
    fn apply(&mut self, record: &Record);

    /// Canonical encoding of the state: equal states, equal bytes.
    fn encode(&self) -> Vec<u8>;

    /// Replaces the state by an encoded one.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), snapshot::Error>;

    /// From here on, `rollback` takes back what is applied; a batch that must not be torn needs it.
    fn begin(&mut self);

    /// Takes back everything applied since `begin`.
    fn rollback(&mut self);

    /// Keeps everything applied since `begin`.
    fn keep(&mut self);

    /// A plain value that readers may have of the state as it is durable, such as the policies.
    fn published(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }
}
