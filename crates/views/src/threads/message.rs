//! One mail of a thread as answers show it.

use super::mail::Mail;
use crate::head;
use serde::Serialize;
use touchbook_events::Timestamp;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::text::Address;
use touchbook_projection::Place;
use touchbook_timeline::{Details, Entry};

/// Most addresses of `to` that a message shows; all of them are at its entry.
pub const RECIPIENTS_MAX: usize = 50;

/// A mail with its place in the timeline.
pub(super) struct Placed<'a> {
    pub(super) entry: Entry<'a>,
    pub(super) mail: &'a Mail,
}

/// A mail of a thread; its body is at its entry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message<'a> {
    pub entry_id: Option<&'a str>,
    /// Of its first record.
    pub position: u64,
    /// Unknown while only its classification is known.
    pub direction: Option<Direction>,
    pub from: Option<&'a str>,
    pub to: &'a [Address],
    /// How many more addresses it went to.
    pub to_omitted: u64,
    pub subject: Option<&'a str>,
    pub occurred_at: Timestamp,
    /// At most 80 characters.
    pub preview: Option<&'a str>,
    /// The mail system's own word for it (C6).
    pub status: Option<&'a str>,
}

impl<'a> Placed<'a> {
    pub(super) fn place(&self) -> Place {
        head::place(&self.entry)
    }

    pub(super) fn direction(&self) -> Option<Direction> {
        match self.entry.details() {
            Details::Email(email) => email.direction,
            _ => None,
        }
    }

    pub(super) fn subject(&self) -> Option<&'a str> {
        match self.entry.details() {
            Details::Email(email) => email.subject.copied(),
            _ => None,
        }
    }

    fn status(&self) -> Option<&'a str> {
        match self.entry.details() {
            Details::Email(email) => email.status.copied(),
            _ => None,
        }
    }

    pub(super) fn message(&self) -> Message<'a> {
        let to = self.mail.to.get().map_or(&[][..], Vec::as_slice);
        let shown = to.len().min(RECIPIENTS_MAX);
        Message {
            entry_id: self.entry.entry_id(),
            position: self.entry.position(),
            direction: self.direction(),
            from: self.mail.from.get().map(|address| address.as_str()),
            to: &to[..shown],
            to_omitted: (to.len() - shown) as u64,
            subject: self.subject(),
            occurred_at: self.entry.occurred_at(),
            preview: self.entry.preview(),
            status: self.status(),
        }
    }
}
