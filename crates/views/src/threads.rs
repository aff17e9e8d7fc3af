//! E-mail threads with classification and response history (S1-043).
//!
//! What belongs together is worked out from all mails of the slice when a page is read, so it does
//! not depend on the order in which they arrived.

mod answers;
mod links;
mod mail;
mod message;
mod row;

pub use message::{Message, RECIPIENTS_MAX};
pub use row::{Answer, Classification, MESSAGES_MAX, PARTICIPANTS_MAX, Participant, Thread};

use crate::page::Page;
use links::{Linked, Names};
use mail::Mail;
use message::Placed;
use std::collections::BTreeMap;
use touchbook_events::{Digest, EntrySource, Record};
use touchbook_projection::Cursor;
use touchbook_projection::Projector;
use touchbook_timeline::{Entry, State, Timeline};

/// The mails of a slice. All revisions of one mail, and how it was sorted, are one message.
#[derive(Default)]
pub struct Threads {
    entries: State,
    mails: BTreeMap<Digest, Mail>,
    names: Names,
}

impl Threads {
    /// Takes the next record of the slice.
    pub fn take(&mut self, record: &Record) {
        let header = &record.header;
        if header.event_type.entry_source() != Some(EntrySource::Email) {
            return;
        }
        Timeline::apply(&mut self.entries, record);
        let mail = self.mails.entry(header.subject).or_default();
        mail.take(record, &mut self.names);
    }

    /// The threads with the newest messages after `cursor`. A thread that gets a message while
    /// somebody pages moves to the top of the list, as in a mailbox.
    pub fn page(&self, limit: usize, cursor: Option<Cursor>) -> Page<Thread<'_>> {
        let mails: Vec<_> = self.mails.iter().filter_map(|of| self.placed(of)).collect();
        let mut threads: BTreeMap<usize, Vec<&Placed<'_>>> = BTreeMap::new();
        for (mail, group) in mails.iter().zip(self.groups(&mails)) {
            threads.entry(group).or_default().push(mail);
        }
        let rows = threads.into_values().filter_map(|mut mails| {
            mails.sort_unstable_by_key(|mail| mail.place());
            let ends = (*mails.first()?, *mails.last()?);
            Some((ends.1.place(), (ends, mails)))
        });
        Page::cut(rows, limit, cursor).map(|(ends, mails)| Thread::of(ends, &mails))
    }

    fn placed<'a>(&'a self, (subject, mail): (&Digest, &'a Mail)) -> Option<Placed<'a>> {
        let entry: Entry<'a> = self.entries.entry(*subject)?;
        Some(Placed { entry, mail })
    }

    fn groups(&self, mails: &[Placed<'_>]) -> Vec<usize> {
        let linked = mails.iter().map(|Placed { entry, mail }| Linked {
            placed_at: entry.occurred_at(),
            thread_id: mail.thread_id(),
            names: mail.names(),
            answers: mail.answers(),
        });
        links::groups(&linked.collect::<Vec<_>>(), self.names.len())
    }
}
