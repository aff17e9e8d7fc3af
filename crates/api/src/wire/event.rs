//! Events as they are answered.

use super::problem::ItemProblem;
use super::reference::{ResolvedFrom, Whose};
use serde::Serialize;
use touchbook_events::catalogue::typed::Json;
use touchbook_events::{Code, CustomerId, Data, Decision, Digest, Record, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

/// The answer to one write.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Written {
    pub event_id: Box<str>,
    /// Whose event it is, as decided.
    pub customer_id: Option<Uuid>,
    /// By what the path named the customer, where that is not its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_from: Option<ResolvedFrom>,
    /// Where its record stands; pass it as `min_position` to read what you wrote.
    pub position: u64,
    /// The same event stood there already.
    pub duplicate: bool,
    pub decision: DecisionName,
}

impl Written {
    /// The same for a customer that a path named.
    pub(crate) fn of(self, whose: Whose) -> Self {
        Self {
            resolved_from: whose.resolved_from,
            ..self
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DecisionName {
    Effective,
    Ineffective,
}

/// The answer to a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchWritten {
    /// Events that were appended and took effect.
    pub accepted: usize,
    /// Events that stood in the ledger already.
    pub duplicates: usize,
    /// The highest position among the events of this batch.
    pub position: u64,
    /// What was refused, lost or conflicts, by its index in the batch.
    pub errors: Vec<ItemProblem>,
    /// A row per event that has a place in the ledger, with `results=full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<Vec<WrittenItem>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WrittenItem {
    /// The event's place in the batch, from 0.
    pub index: usize,
    #[serde(flatten)]
    pub written: Written,
}

/// A record: an event with what was decided about it.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventRecord {
    pub position: u64,
    /// The sender's own id; null once erased, as all that was sent.
    pub event_id: Option<Box<str>>,
    pub source: Option<Box<str>>,
    #[schema(example = "order.updated")]
    pub r#type: &'static str,
    pub version: u8,
    pub subject: Option<Box<str>>,
    pub customer_id: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    pub decision: DecisionName,
    /// Why an ineffective event changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Position of the record that an ineffective event lost to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub winner: Option<u64>,
    /// Position of the record that this one is a consequence of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
    /// What records of one thing have in common, such as those of one refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub correlation: Option<Digest>,
    #[schema(example = "app_user")]
    pub authtype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authid: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Box<str>>,
    /// Attributes that the sender added to the event, such as `expectedposition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    pub extensions: Option<Json>,
    pub stream_sequence: u64,
    /// The payload, in the shape of its type's schema.
    #[schema(value_type = Object)]
    pub data: Data,
}

/// What stands for a secret.
const REDACTED: &str = "…";

impl From<Record> for EventRecord {
    fn from(record: Record) -> Self {
        let Record {
            header,
            mut data,
            sent,
        } = record;
        if let Data::TenantCreated(created) = &mut data {
            // Whoever knows it can find out what the ledger's digests are of.
            created.facts.salt = Code::clipped(REDACTED);
        }
        let (decision, reason, winner) = match header.decision {
            Decision::Effective => (DecisionName::Effective, None, None),
            Decision::Ineffective { reason, winner } => {
                (DecisionName::Ineffective, Some(reason.as_str()), winner)
            }
        };
        let (source, id, subject, authid, traceparent, extensions) = match sent {
            Some(sent) => (
                Some(sent.source),
                Some(sent.id),
                Some(sent.subject),
                sent.principal_id,
                sent.traceparent,
                sent.extensions,
            ),
            None => (None, None, None, None, None, None),
        };
        Self {
            position: header.position,
            event_id: id,
            source,
            r#type: header.event_type.as_str(),
            version: header.version,
            subject,
            customer_id: header.customer.map(|CustomerId(id)| id),
            time: header.time,
            recorded_at: header.recorded_at,
            decision,
            reason,
            winner,
            cause: header.cause,
            correlation: header.correlation,
            authtype: header.principal.as_str(),
            authid,
            traceparent,
            extensions,
            stream_sequence: header.stream_sequence,
            data,
        }
    }
}

/// Records in ledger order.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventList {
    pub items: Vec<EventRecord>,
    /// Pass it as `after` for what follows; null at the head.
    pub next_cursor: Option<u64>,
}
