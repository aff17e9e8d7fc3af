//! One event through all deciders, into the records that one commit appends.

use crate::decider::{Consequence, Context, Decider, Draft, Verdict};
use touchbook_events::limits::CONSEQUENCES_MAX;
use touchbook_events::record::NOT_SEALED;
use touchbook_events::{
    CustomerId, Decision, Header, Incoming, PrincipalKind, Problem, Record, id,
};

/// What source the records have that Touchbook makes itself.
pub const OWN_SOURCE: &str = "touchbook";

/// A tenant's deciders in their fixed order.
pub struct Deciders(Vec<Box<dyn Decider>>);

/// What became of one event.
#[derive(Debug)]
pub enum Decided {
    /// The records to append, the event's own at `index`.
    Append {
        records: Vec<Record>,
        index: usize,
    },
    Duplicate {
        position: u64,
        customer: Option<CustomerId>,
    },
    Refuse(Problem),
}

impl Deciders {
    pub fn new(deciders: Vec<Box<dyn Decider>>) -> Self {
        Self(deciders)
    }

    pub fn iter(&self) -> impl Iterator<Item = &dyn Decider> {
        self.0.iter().map(|decider| &**decider)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Box<dyn Decider>> {
        self.0.iter_mut()
    }

    /// Decides `incoming` and evolves by the records that it leads to.
    pub fn decide(&mut self, context: Context<'_>, incoming: Incoming) -> Decided {
        let mut draft = Draft::new(context, incoming);
        for decider in &self.0 {
            if !draft.is_open() {
                break;
            }
            decider.decide(&mut draft);
        }
        if draft.before.len() + draft.after.len() > CONSEQUENCES_MAX {
            let detail = format!("it would cause more than {CONSEQUENCES_MAX} records");
            draft.refuse(Problem::new("too_many_consequences", "", detail));
        }
        match draft.verdict {
            Verdict::Refuse(problem) => Decided::Refuse(problem),
            Verdict::Duplicate { position } => Decided::Duplicate {
                position,
                customer: draft.customer,
            },
            Verdict::Append(_) => {
                let (records, index) = records_of(draft);
                for record in &records {
                    self.apply(record);
                }
                Decided::Append { records, index }
            }
        }
    }

    pub fn apply(&mut self, record: &Record) {
        for decider in &mut self.0 {
            decider.apply(record);
        }
    }

    pub fn begin(&mut self) {
        self.0.iter_mut().for_each(|decider| decider.begin());
    }

    pub fn rollback(&mut self) {
        self.0.iter_mut().for_each(|decider| decider.rollback());
    }

    pub fn keep(&mut self) {
        self.0.iter_mut().for_each(|decider| decider.keep());
    }
}

fn records_of(mut draft: Draft<'_>) -> (Vec<Record>, usize) {
    let index = draft.before.len();
    let before = std::mem::take(&mut draft.before);
    let after = std::mem::take(&mut draft.after);
    let mut records = Vec::with_capacity(index + 1 + after.len());
    for consequence in before {
        records.push(caused(&draft, consequence, index, records.len()));
    }
    let after: Vec<Record> = after
        .into_iter()
        .enumerate()
        .map(|(ordinal, consequence)| caused(&draft, consequence, index, index + 1 + ordinal))
        .collect();
    records.push(own_record(draft, index));
    records.extend(after);
    (records, index)
}

/// A consequence as a record: it takes its cause's time, and an id that every node derives alike.
fn caused(draft: &Draft<'_>, consequence: Consequence, cause: usize, ordinal: usize) -> Record {
    let context = draft.context;
    let sent = &draft.incoming.sent;
    let id = id::derived(
        context.key,
        context.recorded_at,
        &sent.source,
        &sent.id,
        ordinal as u32,
    );
    let mut incoming = Incoming::own(
        consequence.data,
        OWN_SOURCE,
        &id.to_string(),
        &consequence.subject,
        context.key,
    );
    incoming.principal = PrincipalKind::Touchbook;
    let header = Header {
        cause: Some(context.next_position + cause as u64),
        correlation: draft.incoming.import(context.key),
        ..header(
            &incoming,
            context,
            context.next_position + ordinal as u64,
            draft.time,
        )
    };
    Record {
        header: Header {
            customer: consequence.customer,
            ..header
        },
        data: incoming.data,
        sent: Some(incoming.sent),
    }
}

fn own_record(draft: Draft<'_>, index: usize) -> Record {
    let position = draft.context.next_position + index as u64;
    let Verdict::Append(decision) = draft.verdict else {
        unreachable!("only an event that is appended becomes a record")
    };
    let header = header(&draft.incoming, draft.context, position, draft.time);
    Record {
        header: Header {
            customer: draft.customer,
            decision,
            ..header
        },
        data: draft.incoming.data,
        sent: Some(draft.incoming.sent),
    }
}

fn header(
    incoming: &Incoming,
    context: Context<'_>,
    position: u64,
    time: touchbook_events::Timestamp,
) -> Header {
    let event_type = incoming.data.event_type();
    Header {
        position,
        event_key: incoming.event_key,
        customer: None,
        event_type,
        version: event_type.version(),
        time,
        recorded_at: context.recorded_at,
        principal: incoming.principal,
        stream_sequence: context.stream_sequence,
        decision: Decision::Effective,
        cause: None,
        correlation: incoming.correlation(context.key),
        subject: incoming.subject,
        content: incoming.content,
        key: NOT_SEALED,
    }
}
