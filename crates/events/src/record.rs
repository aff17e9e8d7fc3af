//! What the ledger stores: an event with its decision, or a dead letter.
//!
//! Stored bytes: format version, header, length of the facts, facts, personal part (what was sent
//! beside the payload, then the payload's personal half). The chain runs over exactly these bytes.

mod ineffective;

pub use ineffective::Ineffective;

use crate::catalogue::{Data, EventType};
use crate::digest::Digest;
use crate::id::CustomerId;
use crate::incoming::{PrincipalKind, Sent};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// First byte of every stored record.
const FORMAT: u8 = 1;

/// `key` in the header: the personal part stands unsealed.
pub const NOT_SEALED: u32 = 0;

/// What was decided about an event, once and for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    Effective,
    /// It changes nothing: a command that lost, and the record it lost to.
    Ineffective {
        reason: Ineffective,
        winner: Option<u64>,
    },
}

/// The part of a record that every reader needs, and that is never sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// From 1 in its tenant, without gaps.
    pub position: u64,
    pub event_key: Digest,
    pub customer: Option<CustomerId>,
    pub event_type: EventType,
    pub version: u8,
    pub time: Timestamp,
    pub recorded_at: Timestamp,
    pub principal: PrincipalKind,
    /// Sequence of the stream message that brought it.
    pub stream_sequence: u64,
    pub decision: Decision,
    /// Position of the record that this one is a consequence of.
    pub cause: Option<u64>,
    /// What belongs together across records, such as all rows of one import.
    pub correlation: Option<Digest>,
    pub subject: Digest,
    pub content: Digest,
    /// How the personal part is sealed; [`NOT_SEALED`] for not yet.
    pub key: u32,
}

impl Header {
    /// Reads the header of a stored record and nothing else.
    pub fn peek(bytes: &[u8]) -> Result<Self, CodecError> {
        Self::split(bytes).map(|(header, _)| header)
    }

    fn split(bytes: &[u8]) -> Result<(Self, &[u8]), CodecError> {
        match bytes.split_first() {
            Some((&FORMAT, rest)) => postcard::take_from_bytes(rest).map_err(CodecError::Header),
            Some((&format, _)) => Err(CodecError::Format { format }),
            None => Err(CodecError::Empty),
        }
    }

    pub fn is_effective(&self) -> bool {
        self.decision == Decision::Effective
    }

    /// Whether Touchbook sent it, by its credential: no sender's word, and there once names are
    /// erased.
    pub fn is_by_touchbook(&self) -> bool {
        self.principal == PrincipalKind::Touchbook
    }

    /// Whether it changes the customer that it names. What our own scorer finds doesn't, as a
    /// suggestion to merge doesn't: it follows from what somebody wrote, who must be able to go on
    /// from there.
    pub fn changes_its_customer(&self) -> bool {
        let is_score_of_ours =
            self.event_type == EventType::SentimentScored && self.is_by_touchbook();
        self.event_type.changes_its_customer() && !is_score_of_ours
    }
}

/// An event with its decision, as it is folded.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub header: Header,
    pub data: Data,
    /// `None` once erased.
    pub sent: Option<Sent>,
}

impl Record {
    /// Appends the stored bytes to `out`.
    ///
    /// # Errors
    /// Only when a value can't be encoded, which no value that was read can cause.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        out.push(FORMAT);
        let encoded = postcard::to_extend(&self.header, std::mem::take(out));
        *out = encoded.map_err(CodecError::Encode)?;
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        let facts = self
            .data
            .encode_facts(std::mem::take(out))
            .map_err(CodecError::Encode)?;
        *out = facts;
        let facts_bytes = (out.len() - length_at - 4) as u32;
        out[length_at..length_at + 4].copy_from_slice(&facts_bytes.to_le_bytes());
        let Some(sent) = &self.sent else {
            return Ok(());
        };
        let with_sent =
            postcard::to_extend(sent, std::mem::take(out)).map_err(CodecError::Encode)?;
        *out = self
            .data
            .encode_personal(with_sent)
            .map_err(CodecError::Encode)?;
        Ok(())
    }

    pub fn to_bytes(&self) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::with_capacity(256);
        self.encode(&mut out)?;
        Ok(out)
    }

    /// Reads stored bytes; never panics, whatever they are.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let (header, rest) = Header::split(bytes)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(CodecError::Truncated)?;
        let facts_bytes = u32::from_le_bytes(*length) as usize;
        let (facts, personal) = rest
            .split_at_checked(facts_bytes)
            .ok_or(CodecError::Truncated)?;
        let (sent, personal) = if personal.is_empty() {
            (None, None)
        } else {
            let (sent, personal) =
                postcard::take_from_bytes::<Sent>(personal).map_err(CodecError::Sent)?;
            (Some(sent), Some(personal))
        };
        let data =
            Data::decode(header.event_type, header.version, facts, personal).map_err(|source| {
                CodecError::Data {
                    event_type: header.event_type,
                    source,
                }
            })?;
        Ok(Self { header, data, sent })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("a record has no bytes")]
    Empty,
    #[error("record format {format} is not known")]
    Format { format: u8 },
    #[error("a record ends early")]
    Truncated,
    #[error("could not read a record's header")]
    Header(#[source] postcard::Error),
    #[error("could not read what was sent beside a record's payload")]
    Sent(#[source] postcard::Error),
    #[error("could not read the payload of a record of type {event_type}")]
    Data {
        event_type: EventType,
        #[source]
        source: postcard::Error,
    },
    #[error("could not write a record")]
    Encode(#[source] postcard::Error),
}
