//! What an entry shows of its object, by kind of object: small, laid over record by record.
//!
//! Each member, or each event type's members together, remembers when it was said, so that an older
//! revision that arrives late fills what is not known and changes nothing that is.

mod take;

use serde::{Deserialize, Serialize};
use touchbook_events::catalogue::call::{Direction, RecordingStatus, TranscriptStatus};
use touchbook_events::catalogue::conversation::ConversationStatus;
use touchbook_events::catalogue::custom::CountsAs;
use touchbook_events::{EntrySource, EventType, Money, Score, Timestamp};
use touchbook_projection::{Latest, Refunds, Stamp};

/// What an entry shows of its object. The order of the variants is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Details<'a> {
    #[serde(borrow)]
    Call(Call<'a>),
    Email(Email<'a>),
    Sms(Message<'a>),
    Chat(Message<'a>),
    Quote(Quote<'a>),
    Conversation(Conversation<'a>),
    Social(Social<'a>),
    Order(Order<'a>),
    Manual(Manual<'a>),
    Workflow(Workflow<'a>),
    Custom(Custom<'a>),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Call<'a> {
    pub direction: Latest<Direction>,
    #[serde(borrow)]
    pub agent_id: Latest<&'a str>,
    pub source_log: Latest<&'a str>,
    pub ended_at: Latest<Timestamp>,
    pub duration_seconds: Latest<u32>,
    /// How it ended, in the telephone system's own word.
    pub disposition: Latest<&'a str>,
    pub outcome: Latest<CallOutcome<'a>>,
    pub recording: Latest<RecordingStatus>,
    pub transcript: Latest<TranscriptStatus>,
    pub score: Latest<Score>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallOutcome<'a> {
    pub outcome: &'a str,
    pub callback_at: Option<Timestamp>,
    pub sale_made: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Email<'a> {
    /// Unknown while only its classification is known.
    pub direction: Option<Direction>,
    #[serde(borrow)]
    pub subject: Latest<&'a str>,
    pub category: Latest<&'a str>,
    pub status: Latest<&'a str>,
    pub agent_id: Latest<&'a str>,
}

/// An SMS or a chat message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Message<'a> {
    pub direction: Option<Direction>,
    #[serde(borrow)]
    pub agent_id: Latest<&'a str>,
    /// The quote session or conversation of a chat message, the log of an SMS.
    pub context: Latest<&'a str>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quote<'a> {
    #[serde(borrow)]
    pub status: Latest<&'a str>,
    pub total: Latest<Money>,
    pub last_activity_at: Latest<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation<'a> {
    #[serde(borrow)]
    pub channel: Latest<&'a str>,
    pub status: Latest<ConversationStatus>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Social<'a> {
    pub direction: Option<Direction>,
    #[serde(borrow)]
    pub platform: Latest<&'a str>,
    pub interaction_type: Latest<&'a str>,
    pub requires_response: Latest<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order<'a> {
    #[serde(borrow)]
    pub status: Latest<&'a str>,
    pub total: Latest<Money>,
    pub payment_method: Latest<&'a str>,
    pub updated_at: Latest<Timestamp>,
    pub refunds: Refunds,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manual<'a> {
    #[serde(borrow)]
    pub kind: Latest<&'a str>,
    pub subject_line: Latest<&'a str>,
    pub direction: Latest<Direction>,
    pub duration_seconds: Latest<u32>,
    pub outcome: Latest<&'a str>,
    pub user_id: Latest<&'a str>,
}

/// A step that was completed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Workflow<'a> {
    pub kind: Option<&'a str>,
    pub title: Option<&'a str>,
    #[serde(borrow)]
    pub outcome: Latest<&'a str>,
}

/// What a registered type's entry shows; what its registration makes of it was decided.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Custom<'a> {
    /// The type's own.
    pub name: &'a str,
    /// What it is shown and filtered as.
    pub source: &'a str,
    pub counts_as: Option<CountsAs>,
    /// Of the type.
    pub version: Latest<u32>,
    #[serde(borrow)]
    pub title: Latest<&'a str>,
    pub direction: Latest<Direction>,
}

impl Details<'_> {
    /// Nothing known yet of the object that records of `event_type` are about; `None` where those
    /// make no entry.
    pub(crate) fn of(event_type: EventType) -> Option<Self> {
        Some(match event_type.entry_source()? {
            EntrySource::Call => Self::Call(Call::default()),
            EntrySource::Email => Self::Email(Email::default()),
            EntrySource::Sms => Self::Sms(Message::default()),
            EntrySource::Chat => match event_type {
                EventType::QuoteUpdated => Self::Quote(Quote::default()),
                EventType::ConversationUpdated => Self::Conversation(Conversation::default()),
                _ => Self::Chat(Message::default()),
            },
            EntrySource::Social => Self::Social(Social::default()),
            EntrySource::Order => Self::Order(Order::default()),
            EntrySource::Manual => Self::Manual(Manual::default()),
            EntrySource::Workflow => Self::Workflow(Workflow::default()),
            EntrySource::Custom => Self::Custom(Custom::default()),
        })
    }

    pub(crate) fn source(&self) -> EntrySource {
        match self {
            Self::Call(_) => EntrySource::Call,
            Self::Email(_) => EntrySource::Email,
            Self::Sms(_) => EntrySource::Sms,
            Self::Chat(_) | Self::Quote(_) | Self::Conversation(_) => EntrySource::Chat,
            Self::Social(_) => EntrySource::Social,
            Self::Order(_) => EntrySource::Order,
            Self::Manual(_) => EntrySource::Manual,
            Self::Workflow(_) => EntrySource::Workflow,
            Self::Custom(_) => EntrySource::Custom,
        }
    }

    /// Restates when each member was said.
    pub(crate) fn restamp(&mut self, of: &impl Fn(Stamp) -> Stamp) {
        macro_rules! restamp {
            ($object:ident: $($member:ident),*) => {
                { $($object.$member.restamp(of);)* }
            };
        }
        match self {
            Self::Call(c) => restamp!(
                c: direction, agent_id, source_log, ended_at, duration_seconds, disposition,
                outcome, recording, transcript, score
            ),
            Self::Email(e) => restamp!(e: subject, category, status, agent_id),
            Self::Sms(m) | Self::Chat(m) => restamp!(m: agent_id, context),
            Self::Quote(q) => restamp!(q: status, total, last_activity_at),
            Self::Conversation(c) => restamp!(c: channel, status),
            Self::Social(s) => restamp!(s: platform, interaction_type, requires_response),
            Self::Order(o) => restamp!(o: status, total, payment_method, updated_at),
            Self::Manual(m) => restamp!(
                m: kind, subject_line, direction, duration_seconds, outcome, user_id
            ),
            Self::Workflow(w) => restamp!(w: outcome),
            Self::Custom(c) => restamp!(c: version, title, direction),
        }
    }

    /// The source of stored details by their first byte, so that a filter need not read the rest.
    pub(crate) fn source_of(first_byte: u8) -> EntrySource {
        match first_byte {
            0 => EntrySource::Call,
            1 => EntrySource::Email,
            2 => EntrySource::Sms,
            3..=5 => EntrySource::Chat,
            6 => EntrySource::Social,
            7 => EntrySource::Order,
            8 => EntrySource::Manual,
            9 => EntrySource::Workflow,
            _ => EntrySource::Custom,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_tells_the_source() {
        let of = |event_type| Details::of(event_type);
        for details in EventType::ALL.iter().copied().filter_map(of) {
            let bytes = postcard::to_stdvec(&details).unwrap();
            assert_eq!(
                Details::source_of(bytes[0]),
                details.source(),
                "{details:?}"
            );
        }
    }
}
