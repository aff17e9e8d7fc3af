//! E-mails, as the mail classifier hands them over.

use crate::event::Event;
use crate::foreign::Foreign;
use crate::payload::Payload;
use crate::reference::{Reference, own_key, peek_email};
use crate::sentiment::{self, with_sentiment};
use serde::Serialize;
use touchbook_events::catalogue::typed::Object;
use touchbook_events::text::{Address, Body, Name, OwnKey, Word};
use touchbook_events::{EventType, Moment, Problem, Text};

/// One source for mail, whether it comes as a message or as the classifier's object.
pub(crate) const SYSTEM: &str = "mail";

/// A payload's `thread`.
#[derive(Default, Serialize)]
pub(crate) struct Thread {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<OwnKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) in_reply_to: Option<Text<1000>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<Text<1000>>,
}

impl Thread {
    /// `None` where it says nothing.
    pub(crate) fn some(self) -> Option<Self> {
        let says_something =
            self.id.is_some() || self.in_reply_to.is_some() || !self.references.is_empty();
        says_something.then_some(self)
    }
}

/// An e-mail that came from a customer, with how it was sorted (S1-088, S1-089, S1-090, S1-091,
/// S1-092, S1-093, S1-094, S1-095, S1-096, S1-097, S1-098, S1-105).
///
/// # Errors
/// With a pointer into the foreign body.
pub(crate) fn received(mut foreign: Foreign<'_>) -> Result<Vec<Event>, Problem> {
    let email_id: Text<1000> = own_key(&mut foreign, "email_id")?;
    let mut payload = Payload::default();
    payload.value("email_id", Some(email_id))?;
    payload.value("customer", customer(&foreign)?.some())?;
    payload.member("from_name", foreign.member::<Name>("from_name")?);
    payload.member("from", foreign.member::<Address>("from_email")?);
    payload.member("subject", foreign.member::<Text<1000>>("subject")?);
    payload.member("body", foreign.member::<Body>("body")?);
    payload.member("category", foreign.member::<Word>("category")?);
    payload.member("status", foreign.member::<Word>("status")?);
    payload.member("metadata", foreign.member::<Object>("metadata")?);
    payload.value("thread", thread(&mut foreign)?.some())?;
    let time = foreign.peek("created_at")?;
    payload.member("created_at", foreign.member::<Moment>("created_at")?);
    let said = sentiment::take(&mut foreign, true)?;
    payload.keep(EventType::EmailReceived, foreign)?;
    let entry = Event {
        id: None,
        source: SYSTEM.to_owned(),
        event_type: EventType::EmailReceived,
        subject: None,
        time: None,
        data: payload.finish()?,
    };
    with_sentiment(entry, said.as_ref(), time)
}

fn thread(foreign: &mut Foreign<'_>) -> Result<Thread, Problem> {
    let references: Option<_> = foreign.optional("references")?;
    Ok(Thread {
        id: foreign.optional("thread_id")?,
        in_reply_to: foreign.optional("in_reply_to")?,
        references: references.unwrap_or_default(),
    })
}

fn customer(foreign: &Foreign<'_>) -> Result<Reference, Problem> {
    Ok(Reference {
        email: peek_email(foreign, "from_email")?,
        name: foreign.peek("from_name")?,
        ..Reference::default()
    })
}
