//! Building payloads, and the events around them.

use crate::event::Event;
use crate::foreign::Foreign;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use touchbook_events::digest::hex;
use touchbook_events::incoming::{Entrance, Incoming};
use touchbook_events::limits::{ATTRIBUTE_CHARS_MAX, EVENT_BYTES_MAX};
use touchbook_events::{EventType, Member, Principal, Problem, TenantKey, canonical, schema};

/// Where foreign members are kept whose names mean something else in the catalogue.
const UNMAPPED: &str = "unmapped";

/// Types of events that keep foreign members which are not known.
const KEEPERS: [EventType; 9] = [
    EventType::CallStarted,
    EventType::EmailReceived,
    EventType::EmailSent,
    EventType::OrderUpdated,
    EventType::QuoteUpdated,
    EventType::SmsReceived,
    EventType::SmsSent,
    EventType::SocialReceived,
    EventType::SocialSent,
];

/// The names of their members, as the catalogue has them.
static MEMBERS: LazyLock<BTreeMap<EventType, BTreeSet<String>>> = LazyLock::new(|| {
    let names = |event_type| match &schema::of(event_type)["properties"] {
        serde_json::Value::Object(properties) => properties.keys().cloned().collect(),
        _ => BTreeSet::new(),
    };
    KEEPERS
        .into_iter()
        .map(|event_type| (event_type, names(event_type)))
        .collect()
});

/// The members of an event's `data`.
#[derive(Default)]
pub(crate) struct Payload(BTreeMap<String, Box<RawValue>>);

impl Payload {
    /// A member of a whole object, as it was written.
    pub(crate) fn member(&mut self, name: &str, member: Member<&RawValue>) {
        match member {
            Member::Absent => {}
            Member::Null => {
                self.0.insert(name.to_owned(), RawValue::NULL.to_owned());
            }
            Member::Value(raw) => {
                self.0.insert(name.to_owned(), raw.to_owned());
            }
        }
    }

    /// A member that is left out where there is none.
    ///
    /// # Errors
    /// When `value` is no JSON, which no value of ours is.
    pub(crate) fn value(
        &mut self,
        name: &str,
        value: Option<impl Serialize>,
    ) -> Result<(), Problem> {
        if let Some(value) = value {
            let raw = to_raw_value(&value);
            let raw = raw.map_err(|error| Problem::invalid("", error.to_string()))?;
            self.0.insert(name.to_owned(), raw);
        }
        Ok(())
    }

    /// Keeps what nothing took: under its own name, or in `unmapped` where that is one of the
    /// catalogue's, which means something else.
    pub(crate) fn keep(
        &mut self,
        event_type: EventType,
        foreign: Foreign<'_>,
    ) -> Result<(), Problem> {
        let names = MEMBERS.get(&event_type);
        let is_ours =
            |name: &str| name == UNMAPPED || names.is_some_and(|names| names.contains(name));
        let rest = foreign.rest().into_iter();
        let (ours, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            rest.partition(|(name, _)| is_ours(name) || self.0.contains_key(name));
        let others = others.into_iter().map(|(name, raw)| (name, raw.to_owned()));
        self.0.extend(others);
        self.value(UNMAPPED, (!ours.is_empty()).then_some(ours))
    }

    /// # Errors
    /// When it is larger than an event may be, or nested deeper.
    pub(crate) fn finish(self) -> Result<Box<RawValue>, Problem> {
        let data = to_raw_value(&self.0);
        let data = data.map_err(|error| Problem::invalid("", error.to_string()))?;
        let bytes = data.get().len();
        if bytes > EVENT_BYTES_MAX {
            let detail =
                format!("the event has {bytes} bytes, at most {EVENT_BYTES_MAX} are allowed");
            return Err(Problem::new("event_too_large", "", detail));
        }
        canonical(&data)?;
        Ok(data)
    }
}

fn canonical(data: &RawValue) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    canonical::write(data.get(), &mut bytes)?;
    Ok(bytes)
}

/// Gives `event`, which is no whole object, an id that follows from what it says: the same delivery
/// twice is a duplicate, other content about the same object another event.
pub(crate) fn identify(mut event: Event) -> Result<Event, Problem> {
    let subject = event.subject.as_deref().unwrap_or_default();
    let mut hasher = Sha256::new();
    let time = event.time.as_deref().unwrap_or_default();
    let data = canonical(&event.data)?;
    for part in [subject.as_bytes(), time.as_bytes(), &data] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let digest = hex(&hasher.finalize()[..DIGEST_BYTES]);
    let id = format!("{subject}:{}:{digest}", event.event_type);
    event.id = Some(match id.chars().count() > ATTRIBUTE_CHARS_MAX {
        true => format!("{}:{digest}", event.event_type),
        false => id,
    });
    Ok(event)
}

const DIGEST_BYTES: usize = 16;

/// The subject that the catalogue derives for `event` from its own key.
///
/// # Errors
/// Where the event is not one that can be sent.
pub(crate) fn subject_of(event: &Event) -> Result<String, Problem> {
    let envelope = event.envelope("-");
    let bytes = event.data.get().len();
    // The subject's text is the same under any key.
    let key = TenantKey::from_salt(b"");
    let principal = Principal::touchbook();
    Incoming::from_envelope(&envelope, bytes, Entrance::Service, &principal, &key)
        .map(|incoming| incoming.sent.subject.into())
}
