//! Contacts: which entries are one, and which of them wait for us (the crate's page has the rules).

use crate::marks::{Marks, Upshot};
use touchbook_events::EntrySource;
use touchbook_events::catalogue::call::Direction;

impl Marks {
    /// The channel and the direction of a contact.
    pub(crate) fn contact(self) -> Option<(EntrySource, Direction)> {
        match self.source() {
            EntrySource::Manual => {
                let direction = self.direction().unwrap_or(Direction::Outbound);
                Some((self.logged_channel()?, direction))
            }
            EntrySource::Order | EntrySource::Workflow => None,
            // By what its type counts as.
            EntrySource::Custom => Some((self.logged_channel()?, self.direction()?)),
            // Quotes and conversations have no direction.
            source => Some((source, self.direction()?)),
        }
    }

    /// The channel on which the customer turned to us.
    pub(crate) fn inbound(self) -> Option<EntrySource> {
        let contact = self.contact();
        contact
            .and_then(|(channel, direction)| (direction == Direction::Inbound).then_some(channel))
    }

    /// The channel on which we turned to the customer.
    pub(crate) fn outbound(self) -> Option<EntrySource> {
        let contact = self.contact();
        contact
            .and_then(|(channel, direction)| (direction == Direction::Outbound).then_some(channel))
    }

    /// Whether it needs an answer from us at all.
    pub(crate) fn waits(self) -> bool {
        match self.inbound() {
            Some(EntrySource::Call) => match self.upshot() {
                Some(upshot) => upshot == Upshot::Missed,
                None => self.source() == EntrySource::Call && self.ended_at_once(),
            },
            Some(_) => self.upshot() != Some(Upshot::Settled),
            None => false,
        }
    }

    /// Whether it needs an answer on social media.
    pub(crate) fn waits_on_social(self) -> bool {
        self.requires_response() && self.inbound() == Some(EntrySource::Social) && self.waits()
    }

    /// Whether it is a complaint or a request for support that an answer closes.
    pub(crate) fn is_complaining_email(self) -> bool {
        self.source() == EntrySource::Email && self.is_complaint() && self.waits()
    }

    /// Whether it is a complaint or a request for support that only its outcome closes.
    pub(crate) fn is_open_complaint(self) -> bool {
        self.source() == EntrySource::Manual
            && self.is_complaint()
            && self.upshot() != Some(Upshot::Settled)
            && !self.is_archived()
    }
}
