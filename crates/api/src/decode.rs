//! From the bytes of a request to events that were read and validated.
//!
//! Every event is a slice of the body until its payload is read; nothing is copied on the way but
//! what the event keeps, and what is published of it.

use crate::auth::guard::Guard;
use crate::extract::body::MediaType;
use crate::problem::Problem;
use axum::http::StatusCode;
use bytes::Bytes;
use touchbook_engine::Submission;
use touchbook_events::batch::{self, BatchError};
use touchbook_events::incoming::Entrance;
use touchbook_events::{self as events, Envelope, Incoming, Principal, TenantKey};

/// Whose events they are, and who sent them.
pub(crate) struct Sender<'a> {
    pub tenant: &'a str,
    pub key: &'a TenantKey,
    pub principal: &'a Principal,
    pub guard: &'a Guard,
    /// Whether others read the stream, so that events must say there who sent them.
    pub is_published: bool,
}

/// An event of a body, or what is wrong with it.
pub(crate) type Item = Result<Submission, events::Problem>;

/// What a body held.
#[expect(
    clippy::large_enum_variant,
    reason = "one event is the usual body, and is taken out at once"
)]
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
        MediaType::Ndjson => many(body, batch::lines(text), sender),
        MediaType::CloudEventBatch => many(body, batch::array(text), sender),
        MediaType::Json if text.trim_start().starts_with('[') => {
            many(body, batch::array(text), sender)
        }
        MediaType::CloudEvent | MediaType::Json => Ok(Decoded::One(item(body, text, sender))),
    }
}

fn many(
    body: &Bytes,
    events: Result<Vec<&str>, BatchError>,
    sender: &Sender<'_>,
) -> Result<Decoded, Problem> {
    let events = events.map_err(|error| refused(body, &error))?.into_iter();
    Ok(Decoded::Many(
        events.map(|event| item(body, event, sender)).collect(),
    ))
}

fn refused(body: &[u8], error: &BatchError) -> Problem {
    match error {
        BatchError::Array(source) if source.is_data() => {
            Problem::unreadable("unreadable", error.to_string())
        }
        BatchError::Array(source) => events::Problem::not_json(body, source).into(),
        BatchError::TooMany => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            Problem::new(status, "too_many_events", error.to_string())
        }
    }
}

fn item(body: &Bytes, json: &str, sender: &Sender<'_>) -> Item {
    let envelope = Envelope::parse(json)?;
    let incoming = incoming(&envelope, json.len(), sender)?;
    sender.guard.admit_event(incoming.data.event_type())?;
    let json = match sender.is_published {
        true => republished(&envelope, sender).into(),
        false => body.slice_ref(json.as_bytes()),
    };
    Ok(Submission { incoming, json })
}

/// An event that the service makes of a request.
///
/// # Errors
/// What is wrong with it, with a pointer from the event's root.
pub(crate) fn made(envelope: &Envelope<'_>, sender: &Sender<'_>) -> Item {
    made_at(Entrance::Api, envelope, sender)
}

/// The same of a type that only Touchbook brings about.
pub(crate) fn made_by_us(envelope: &Envelope<'_>, sender: &Sender<'_>) -> Item {
    made_at(Entrance::Service, envelope, sender)
}

fn made_at(entrance: Entrance, envelope: &Envelope<'_>, sender: &Sender<'_>) -> Item {
    // As large as whoever reads it from the stream finds it.
    let json = republished(envelope, sender);
    let bytes = envelope.sent_bytes(&json);
    let (principal, key) = (sender.principal, sender.key);
    let incoming = Incoming::from_envelope(envelope, bytes, entrance, principal, key)?;
    Ok(Submission {
        incoming,
        json: json.into(),
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

fn republished(envelope: &Envelope<'_>, sender: &Sender<'_>) -> String {
    Incoming::republish(envelope, sender.principal, sender.tenant)
}
