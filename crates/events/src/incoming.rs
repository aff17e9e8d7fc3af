//! An event that was read, validated and hashed; the writer takes nothing else.

use crate::canonical;
use crate::catalogue::account::PolicyDefined;
use crate::catalogue::custom;
use crate::catalogue::typed::{Field, Json};
use crate::catalogue::{Data, EventType, Sender};
use crate::digest::{Digest, TenantKey};
use crate::envelope::{EXPECTED_POSITION, Envelope, too_large};
use crate::held::Held;
use crate::limits::EVENT_BYTES_MAX;
use crate::policy::Policies;
use crate::problem::{Problem, pointer_to};
use crate::subject;
use crate::time::{Moment, Timestamp};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;

/// The source of the events of imports. The id of each begins with its import's id and a colon.
pub const IMPORT_SOURCE: &str = "touchbook/csv";
/// Why records of an undone import count no more.
pub const IMPORT_UNDONE_REASON: &str = "the import is undone";
/// What follows an import's id in that of the event by which its undoing begins.
pub const IMPORT_UNDOING: &str = "undoing";

closed_enum!(
    /// Who is behind an event (CloudEvents `authtype`).
    PrincipalKind {
        /// A system that publishes on the stream.
        Producer = "app_user",
        /// A person who is signed in.
        User = "user",
        /// A program with a key.
        Program = "service_account",
        /// Touchbook itself.
        Touchbook = "system",
        Unauthenticated = "unauthenticated",
    }
);

/// Who sent an event, from its credential, never from its sender's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub kind: PrincipalKind,
    pub id: Option<Box<str>>,
}

impl Principal {
    pub fn producer() -> Self {
        Self {
            kind: PrincipalKind::Producer,
            id: None,
        }
    }

    pub fn touchbook() -> Self {
        Self {
            kind: PrincipalKind::Touchbook,
            id: None,
        }
    }
}

/// What was sent beside the payload, as text: personal, since ids and subjects may name people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    pub source: Box<str>,
    pub id: Box<str>,
    /// The subject, made of the payload's own key, or of source and id, where none was sent.
    pub subject: Box<str>,
    pub principal_id: Option<Box<str>>,
    pub traceparent: Option<Box<str>>,
    /// Unknown extension attributes, as one JSON object.
    pub extensions: Option<Json>,
}

/// An event that was read and validated, with everything that can be computed without the ledger.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub data: Data,
    /// The version its sender wrote; `data` is the newest.
    pub sent: Sent,
    pub time: Option<Moment>,
    /// Up to where its sender knows what the event is about; it counts only if nothing changed
    /// since. No part of what it says: a retry may expect another position, and is still a retry.
    pub expected_position: Option<u64>,
    /// What was found of it before, where it is of a registered type.
    pub held: Option<Box<Held>>,
    pub principal: PrincipalKind,
    pub subject: Digest,
    pub event_key: Digest,
    pub content: Digest,
    /// Size as sent, for the limits of queues.
    pub bytes: usize,
}

/// Where an event came in, which decides what its sender may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// The producers' side of the stream.
    Producer,
    /// `POST /events`: what producers may send, and what people may.
    Api,
    /// The service's own side of the stream: anything.
    Service,
}

impl Entrance {
    fn admits(self, event_type: EventType) -> bool {
        let senders = event_type.senders();
        match self {
            Self::Producer => senders.contains(&Sender::Producer),
            Self::Api => senders.contains(&Sender::Producer) || senders.contains(&Sender::User),
            Self::Service => true,
        }
    }
}

impl Incoming {
    /// Reads one event in JSON.
    ///
    /// # Errors
    /// What is wrong with it, with a pointer from the event's root.
    pub fn read(
        json: &str,
        entrance: Entrance,
        principal: &Principal,
        key: &TenantKey,
    ) -> Result<Self, Problem> {
        Self::from_envelope(
            &Envelope::parse(json)?,
            json.len(),
            entrance,
            principal,
            key,
        )
    }

    /// # Errors
    /// As [`Incoming::read`].
    pub fn from_envelope(
        envelope: &Envelope<'_>,
        bytes: usize,
        entrance: Entrance,
        principal: &Principal,
        key: &TenantKey,
    ) -> Result<Self, Problem> {
        if bytes > EVENT_BYTES_MAX {
            return Err(too_large(bytes));
        }
        let event_type = admitted(&envelope.event_type, entrance)?;
        if entrance != Entrance::Service && envelope.source == IMPORT_SOURCE {
            let detail =
                "only imports send from this source, since undoing one takes back all of it";
            return Err(Problem::invalid("/source", detail));
        }
        check_schema(envelope, event_type)?;
        check_condition(envelope, event_type)?;
        if event_type.needs_subject() && envelope.subject.is_none() {
            let detail = format!("`{event_type}` needs the subject that it is about");
            return Err(Problem::invalid("/subject", detail));
        }
        let json = envelope.data.map_or("{}", |data| data.get());
        let mut data = Data::read(event_type, json).map_err(|problem| problem.under("/data"))?;
        data.check_own_key()
            .and_then(|()| data.settle())
            .map_err(|problem| problem.under("/data"))?;
        complete(envelope, &mut data, key)?;
        let time = envelope.time.as_deref().map(Moment::parse).transpose();
        let time = time.map_err(|error| Problem::invalid("/time", error.to_string()))?;
        let subject = subject::of(envelope, event_type, &data);
        Ok(Self {
            content: content(envelope, json, key)?,
            subject: key.subject(&subject),
            event_key: key.event_key(&envelope.source, &envelope.id),
            sent: Sent {
                source: (&*envelope.source).into(),
                id: (&*envelope.id).into(),
                subject,
                principal_id: principal.id.clone(),
                traceparent: envelope.traceparent.as_deref().map(Into::into),
                extensions: extensions(envelope)?,
            },
            principal: principal.kind,
            time,
            expected_position: envelope.expected_position,
            held: match entrance {
                Entrance::Service => envelope.held.and_then(Held::read).map(Box::new),
                Entrance::Producer | Entrance::Api => None,
            },
            data,
            bytes,
        })
    }

    /// An event that Touchbook begins itself, such as a consequence or `tenant.created`.
    pub fn own(data: Data, source: &str, id: &str, subject: &str, key: &TenantKey) -> Self {
        let json = serde_json::to_string(&data).expect("a payload of ours is JSON");
        let envelope = Envelope {
            id: id.into(),
            source: source.into(),
            event_type: data.event_type().as_str().into(),
            subject: Some(subject.into()),
            ..Envelope::default()
        };
        Self {
            content: content(&envelope, &json, key).expect("a payload of ours is canonical"),
            subject: key.subject(subject),
            event_key: key.event_key(source, id),
            sent: Sent {
                source: source.into(),
                id: id.into(),
                subject: subject.into(),
                principal_id: None,
                traceparent: None,
                extensions: None,
            },
            principal: PrincipalKind::Touchbook,
            time: None,
            expected_position: None,
            held: None,
            data,
            bytes: json.len(),
        }
    }

    /// The event as the service publishes it: what was sent, and who sent it.
    pub fn republish(envelope: &Envelope<'_>, principal: &Principal, tenant: &str) -> String {
        #[derive(Serialize)]
        struct Republished<'a> {
            specversion: &'static str,
            id: &'a str,
            source: &'a str,
            r#type: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            time: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            subject: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            dataschema: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            traceparent: Option<&'a str>,
            tenantid: &'a str,
            authtype: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            authid: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            expectedposition: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            data: Option<&'a serde_json::value::RawValue>,
            #[serde(flatten)]
            extensions: &'a std::collections::BTreeMap<String, &'a serde_json::value::RawValue>,
        }
        serde_json::to_string(&Republished {
            specversion: "1.0",
            id: &envelope.id,
            source: &envelope.source,
            r#type: &envelope.event_type,
            time: envelope.time.as_deref(),
            subject: envelope.subject.as_deref(),
            dataschema: envelope.dataschema.as_deref(),
            traceparent: envelope.traceparent.as_deref(),
            tenantid: tenant,
            authtype: principal.kind.as_str(),
            authid: principal.id.as_deref(),
            expectedposition: envelope
                .expected_position
                .map(|position| position.to_string()),
            data: envelope.data,
            extensions: &envelope.extensions,
        })
        .expect("an envelope that was read can be written")
    }

    /// What all records of one import have in common.
    pub fn import(&self, key: &TenantKey) -> Option<Digest> {
        let import_id = import_id(&self.sent)?;
        Some(import_correlation(key, import_id))
    }

    /// What records of one thing have in common: those of an import, or what tells a refund apart
    /// from others of its order (C9).
    pub fn correlation(&self, key: &TenantKey) -> Option<Digest> {
        self.import(key).or_else(|| self.refund(key))
    }

    fn refund(&self, key: &TenantKey) -> Option<Digest> {
        let Data::OrderRefunded(refunded) = &self.data else {
            return None;
        };
        let refund_id = refunded.personal.as_ref()?.refund_id.as_deref()?;
        (!refund_id.trim().is_empty())
            .then(|| key.digest_parts("refund", &[&self.subject.0, refund_id.as_bytes()]))
    }

    /// The instant it claims, or `recorded_at`; more than a day ahead or before 1900 is refused.
    pub fn time_in(
        &self,
        zone: chrono_tz::Tz,
        recorded_at: Timestamp,
    ) -> Result<Timestamp, Problem> {
        let Some(time) = self.time.map(|moment| moment.in_zone(zone)) else {
            return Ok(recorded_at);
        };
        in_bounds(time, recorded_at, "/time")
    }
}

/// The id of the import that an event is of; `None` for any other.
pub fn import_id(sent: &Sent) -> Option<&str> {
    let import_id = sent.id.split(':').next().unwrap_or_default();
    (*sent.source == *IMPORT_SOURCE).then_some(import_id)
}

/// The id of the event by which the undoing of the import with this id begins.
pub fn import_undoing_id(import_id: &str) -> String {
    format!("{import_id}:{IMPORT_UNDOING}")
}

/// What all records of the import with this id have in common.
pub fn import_correlation(key: &TenantKey, import_id: &str) -> Digest {
    key.digest("import", import_id.as_bytes())
}

/// A time that an event claims lies after 1900, and at most a day ahead of its recording.
///
/// # Errors
/// With `pointer`, where it doesn't.
pub fn in_bounds(
    time: Timestamp,
    recorded_at: Timestamp,
    pointer: &str,
) -> Result<Timestamp, Problem> {
    let latest = recorded_at.plus_seconds(crate::limits::AHEAD_SECONDS_MAX);
    if time < Timestamp::EARLIEST || time > latest {
        let detail = format!("must lie between {} and {latest}", Timestamp::EARLIEST);
        return Err(Problem::invalid(pointer, detail));
    }
    Ok(time)
}

fn admitted(name: &str, entrance: Entrance) -> Result<EventType, Problem> {
    let known = EventType::parse(name).filter(|known| known.is_named());
    let known = known.or_else(|| custom::is_name(name).then_some(EventType::Custom));
    let known = known.ok_or_else(|| {
        Problem::new(
            "unknown_type",
            "/type",
            format!("`{name}` is no event type"),
        )
    });
    let types = || {
        EventType::named()
            .filter(|known| entrance.admits(*known))
            .map(EventType::as_str)
    };
    match known {
        Ok(event_type) if entrance.admits(event_type) => Ok(event_type),
        Ok(_) => {
            let detail = format!("`{name}` is not sent here; Touchbook makes it itself");
            Err(Problem::new("type_not_allowed", "/type", detail).allowing(types()))
        }
        Err(problem) => Err(problem.allowing(types())),
    }
}

/// `dataschema` is `/schemas/events/<type>/<version>`, or absent for the newest. What an older
/// version says, the newest says alike: versions add members, and change none.
fn check_schema(envelope: &Envelope<'_>, event_type: EventType) -> Result<(), Problem> {
    let Some(schema) = envelope.dataschema.as_deref() else {
        return Ok(());
    };
    if event_type == EventType::Custom {
        // Which versions there are is decided.
        return custom::version_named(&envelope.event_type, schema).map(drop);
    }
    let known = |version: u8| format!("/schemas/events/{}/{version}", event_type.as_str());
    let mut versions = (1..=event_type.version()).rev();
    if versions.any(|version| schema.ends_with(&known(version))) {
        return Ok(());
    }
    let newest = known(event_type.version());
    Err(Problem::invalid("/dataschema", format!("`{schema}` is not known")).allowing([newest]))
}

/// A condition that nobody would decide must not be ignored either. Of retractions, those by which
/// an import is undone are decided with theirs.
fn check_condition(envelope: &Envelope<'_>, event_type: EventType) -> Result<(), Problem> {
    let undoes = event_type == EventType::EventRetracted && envelope.source == IMPORT_SOURCE;
    if envelope.expected_position.is_none() || event_type.is_conditional() || undoes {
        return Ok(());
    }
    let detail = format!(
        "`{event_type}` can't depend on a position; only what is about a customer or a policy can"
    );
    let types = EventType::ALL.iter().filter(|known| known.is_conditional());
    let pointer = format!("/{EXPECTED_POSITION}");
    Err(
        Problem::new("expected_position_not_supported", pointer, detail)
            .allowing(types.map(|known| known.as_str())),
    )
}

/// Fills what a payload leaves to the envelope's subject, and refuses what that doesn't say either.
fn complete(envelope: &Envelope<'_>, data: &mut Data, key: &TenantKey) -> Result<(), Problem> {
    let is_named = |defined: &PolicyDefined| {
        (defined.personal.as_ref()).is_some_and(|personal| personal.name.is_some())
    };
    match data {
        Data::PolicyDefined(defined) if envelope.subject.is_none() && !is_named(defined) => Err(
            Problem::invalid("/data/name", "missing; it names the policy")
                .allowing(Policies::NAMES.iter().copied()),
        ),
        Data::Custom(custom) => custom.named(&envelope.event_type, envelope.dataschema.as_deref()),
        Data::SubjectAssigned(assigned) if assigned.facts.subject.is_absent() => {
            let Some(subject) = &envelope.subject else {
                let detail = "missing; it names the subject that is assigned";
                return Err(Problem::invalid("/subject", detail));
            };
            assigned.facts.subject = key.subject(subject);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The expected position is kept among them: it says nothing of the event once it was decided. What
/// is given back to readers must be JSON that they can read: not too deep, and in Unicode.
fn extensions(envelope: &Envelope<'_>) -> Result<Option<Json>, Problem> {
    #[derive(Serialize)]
    struct Extensions<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        expectedposition: Option<String>,
        #[serde(flatten)]
        unknown: &'a std::collections::BTreeMap<String, &'a serde_json::value::RawValue>,
    }
    if envelope.extensions.is_empty() && envelope.expected_position.is_none() {
        return Ok(None);
    }
    for (name, value) in &envelope.extensions {
        canonical::write(value.get(), &mut Vec::new())
            .map_err(|problem| problem.under(&pointer_to(name)))?;
    }
    let extensions = Extensions {
        expectedposition: envelope
            .expected_position
            .map(|position| position.to_string()),
        unknown: &envelope.extensions,
    };
    serde_json::to_string(&extensions)
        .map(|json| Some(Json(json.into())))
        .map_err(|error| Problem::unreadable(error.to_string()))
}

thread_local! {
    static CANONICAL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Digest of what was sent: type, time if given, subject if given, and the payload.
fn content(envelope: &Envelope<'_>, json: &str, key: &TenantKey) -> Result<Digest, Problem> {
    CANONICAL.with_borrow_mut(|canonical| {
        canonical.clear();
        canonical::write(json, canonical).map_err(|problem| problem.under("/data"))?;
        let optional = |value: &Option<std::borrow::Cow<'_, str>>| match value {
            Some(text) => [b"1", text.as_bytes()].concat(),
            None => b"0".to_vec(),
        };
        Ok(key.digest_parts(
            "content",
            &[
                envelope.event_type.as_bytes(),
                &optional(&envelope.time),
                &optional(&envelope.subject),
                canonical,
            ],
        ))
    })
}
