//! From the bytes of a request to events that were read and validated.
//!
//! Every event is a slice of the body until its payload is read; nothing is copied on the way but
//! what the event keeps, and what is published of it.

use crate::extract::body::MediaType;
use crate::problem::Problem;
use axum::http::StatusCode;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use touchbook_engine::Submission;
use touchbook_events::incoming::Entrance;
use touchbook_events::limits::BATCH_EVENTS_MAX;
use touchbook_events::{self as events, Envelope, Incoming, Principal, TenantKey};

/// Whose events they are, and who sent them.
pub(crate) struct Sender<'a> {
    pub tenant: &'a str,
    pub key: &'a TenantKey,
    pub principal: &'a Principal,
    /// Whether others read the stream, so that events must say there who sent them.
    pub is_published: bool,
}

/// An event of a body, or what is wrong with it.
pub(crate) type Item = Result<Submission, events::Problem>;

/// What a body held.
pub(crate) enum Decoded {
    One(Item),
    Many(Vec<Item>),
}

/// Reads a body of events.
///
/// # Errors
/// What is wrong with the body as a whole; a bad event among others stands in its [`Item`].
pub(crate) fn decode(
    media_type: MediaType,
    body: &Bytes,
    sender: &Sender<'_>,
) -> Result<Decoded, Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Problem::unreadable("unreadable", format!("not UTF-8: {error}")))?;
    match media_type {
        MediaType::Ndjson => lines(body, text, sender).map(Decoded::Many),
        MediaType::CloudEvent => Ok(Decoded::One(item(body, text, sender))),
        MediaType::CloudEventBatch => array(body, text, sender).map(Decoded::Many),
        MediaType::Json if text.trim_start().starts_with('[') => {
            array(body, text, sender).map(Decoded::Many)
        }
        MediaType::Json => Ok(Decoded::One(item(body, text, sender))),
    }
}

fn lines(body: &Bytes, text: &str, sender: &Sender<'_>) -> Result<Vec<Item>, Problem> {
    let mut items = Vec::new();
    for line in text
        .split('\n')
        .map(str::trim_ascii)
        .filter(|line| !line.is_empty())
    {
        if items.len() == BATCH_EVENTS_MAX {
            return Err(too_many());
        }
        items.push(item(body, line, sender));
    }
    Ok(items)
}

fn array(body: &Bytes, text: &str, sender: &Sender<'_>) -> Result<Vec<Item>, Problem> {
    match serde_json::from_str::<Slices<'_>>(text) {
        Ok(Slices { more: true, .. }) => Err(too_many()),
        Ok(Slices { events, .. }) => Ok(events
            .into_iter()
            .map(|event| item(body, event.get(), sender))
            .collect()),
        Err(error) => Err(Problem::unreadable("unreadable", error.to_string())),
    }
}

fn too_many() -> Problem {
    let detail = format!("at most {BATCH_EVENTS_MAX} events are allowed in one request");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_events", detail)
}

fn item(body: &Bytes, json: &str, sender: &Sender<'_>) -> Item {
    let envelope = Envelope::parse(json)?;
    let incoming = incoming(&envelope, json.len(), sender)?;
    let json = match sender.is_published {
        true => republished(&envelope, sender),
        false => body.slice_ref(json.as_bytes()),
    };
    Ok(Submission { incoming, json })
}

/// An event that the service makes of a request.
///
/// # Errors
/// What is wrong with it, with a pointer from the event's root.
pub(crate) fn made(envelope: &Envelope<'_>, sender: &Sender<'_>) -> Item {
    let bytes = envelope.data.map_or(0, |data| data.get().len());
    let incoming = incoming(envelope, bytes, sender)?;
    Ok(Submission {
        incoming,
        json: republished(envelope, sender),
    })
}

fn incoming(
    envelope: &Envelope<'_>,
    bytes: usize,
    sender: &Sender<'_>,
) -> Result<Incoming, events::Problem> {
    if envelope
        .tenant
        .as_deref()
        .is_some_and(|tenant| tenant != sender.tenant)
    {
        let detail = "there is no such tenant, or it is not yours";
        return Err(events::Problem::new("unknown_tenant", "/tenantid", detail));
    }
    Incoming::from_envelope(envelope, bytes, Entrance::Api, sender.principal, sender.key)
}

fn republished(envelope: &Envelope<'_>, sender: &Sender<'_>) -> Bytes {
    Incoming::republish(envelope, sender.principal, sender.tenant).into()
}

/// The elements of an array, each as its text; no more than a batch may have.
struct Slices<'a> {
    events: Vec<&'a RawValue>,
    more: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Slices<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(SlicesVisitor)
    }
}

struct SlicesVisitor;

impl<'de> Visitor<'de> for SlicesVisitor {
    type Value = Slices<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Slices<'de>, A::Error> {
        let mut events = Vec::new();
        while events.len() < BATCH_EVENTS_MAX {
            match elements.next_element()? {
                Some(event) => events.push(event),
                None => {
                    return Ok(Slices {
                        events,
                        more: false,
                    });
                }
            }
        }
        let mut more = false;
        while elements.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        Ok(Slices { events, more })
    }
}
