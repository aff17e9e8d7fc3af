//! Quote sessions with their statuses and the chat that belongs to them (S1-044).

use crate::head::{Head, place};
use crate::history::{StatusChange, StatusHistory};
use crate::page::Page;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use touchbook_events::catalogue::call::Direction;
use touchbook_events::catalogue::quote::Updated;
use touchbook_events::catalogue::typed::{Json, Object};
use touchbook_events::text::{Name, Word};
use touchbook_events::{Data, Digest, EventType, Money, Record, Timestamp};
use touchbook_projection::Cursor;
use touchbook_projection::{Latest, Projector, Stamp};
use touchbook_timeline::{Details, Entry, State, Timeline};

/// Most chat messages that one session shows: the last ones.
pub const MESSAGES_MAX: usize = 100;

/// The quote sessions of a slice.
#[derive(Default)]
pub struct Quotes {
    entries: State,
    quotes: BTreeMap<Digest, Session>,
    /// Subjects of chat messages, of whatever session.
    messages: BTreeSet<Digest>,
}

/// One session as it stands.
#[derive(Default)]
struct Session {
    session_id: Option<Box<str>>,
    status: Latest<Word>,
    history: StatusHistory,
    total: Latest<Money>,
    items: Latest<Vec<Json>>,
    company: Latest<Name>,
    created_at: Latest<Timestamp>,
    last_activity_at: Latest<Timestamp>,
    metadata: Latest<Object>,
}

/// A quote session as answers show it; its place is `created_at`, whatever happens in it later
/// (C22).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quote<'a> {
    #[serde(flatten)]
    pub head: Head<'a>,
    /// The quoting system's own name for it.
    pub session_id: Option<&'a str>,
    pub status: Option<&'a str>,
    /// What each revision said, by time; the last one is current (C22).
    pub status_history: Vec<&'a StatusChange>,
    /// How many older statuses are left out.
    pub status_history_omitted: u64,
    /// As sent.
    pub total: Option<Money>,
    /// As sent.
    pub items: Option<&'a [Json]>,
    pub company: Option<&'a str>,
    pub created_at: Option<Timestamp>,
    pub last_activity_at: Option<Timestamp>,
    pub metadata: Option<&'a Object>,
    pub message_count: u64,
    /// The last [`MESSAGES_MAX`], oldest first.
    pub messages: Vec<ChatMessage<'a>>,
    /// How many older messages are left out.
    pub messages_omitted: u64,
}

/// A chat message of a session; the whole of it is at its entry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChatMessage<'a> {
    pub entry_id: Option<&'a str>,
    /// Of its first record.
    pub position: u64,
    pub direction: Option<Direction>,
    pub agent_id: Option<&'a str>,
    pub occurred_at: Timestamp,
    /// At most 80 characters.
    pub preview: Option<&'a str>,
}

/// Chat messages by the session that they name.
type Messages<'a> = BTreeMap<&'a str, Vec<ChatMessage<'a>>>;

impl Quotes {
    /// Takes the next record of the slice.
    pub fn take(&mut self, record: &Record) {
        let Record { header, data, .. } = record;
        match data {
            Data::QuoteUpdated(updated) => {
                let stamp = Stamp::changed_at(header, data.changed_at());
                let session = self.quotes.entry(header.subject).or_default();
                session.updated(stamp, updated);
            }
            Data::ChatReceived(_) | Data::ChatSent(_) => {
                self.messages.insert(header.subject);
            }
            _ => return,
        }
        Timeline::apply(&mut self.entries, record);
    }

    /// The newest sessions after `cursor`, by `created_at`.
    pub fn page(&self, limit: usize, cursor: Option<Cursor>) -> Page<Quote<'_>> {
        let messages = self.messages();
        let rows = self.quotes.iter().filter_map(|(subject, session)| {
            let entry = self.entries.entry(*subject)?;
            Some((place(&entry), (entry, session)))
        });
        let page = Page::cut(rows, limit, cursor);
        page.map(|(entry, session)| Quote::of(&entry, session, &messages))
    }

    fn messages(&self) -> Messages<'_> {
        let mut by_session = Messages::new();
        let entries = self.messages.iter();
        for entry in entries.filter_map(|subject| self.entries.entry(*subject)) {
            if let Details::Chat(said) = entry.details()
                && let Some(session) = said.context.copied()
            {
                let message = ChatMessage::of(&entry, said.direction, said.agent_id.copied());
                by_session.entry(session).or_default().push(message);
            }
        }
        by_session
    }
}

impl Session {
    fn updated(&mut self, stamp: Stamp, updated: &Updated) {
        let facts = &updated.facts;
        self.status.set_member(stamp, &facts.status, Clone::clone);
        self.history.take(stamp, &facts.status);
        self.total.set_member(stamp, &facts.total, |total| *total);
        self.created_at
            .set_member(stamp, &facts.created_at, |moment| moment.at());
        self.last_activity_at
            .set_member(stamp, &facts.last_activity_at, |moment| moment.at());
        let Some(personal) = &updated.personal else {
            return;
        };
        if let Some(session_id) = &personal.session_id {
            self.session_id = Some(session_id.as_str().into());
        }
        self.items.set_member(stamp, &personal.items, Clone::clone);
        self.company
            .set_member(stamp, &personal.company, Clone::clone);
        self.metadata
            .set_member(stamp, &personal.metadata, Clone::clone);
    }
}

impl<'a> Quote<'a> {
    fn of(entry: &Entry<'a>, session: &'a Session, by_session: &Messages<'a>) -> Self {
        let (status_history, status_history_omitted) = session.history.last();
        let mut messages: Vec<_> = names(entry, session)
            .iter()
            .filter_map(|name| by_session.get(name))
            .flatten()
            .cloned()
            .collect();
        messages.sort_unstable_by_key(|message| (message.occurred_at, message.position));
        let omitted = messages.len().saturating_sub(MESSAGES_MAX);
        Self {
            head: Head::of(entry),
            session_id: session.session_id.as_deref(),
            status: session.status.get().map(|status| status.as_str()),
            status_history,
            status_history_omitted,
            total: session.total.copied(),
            items: session.items.get().map(Vec::as_slice),
            company: session.company.get().map(|company| company.as_str()),
            created_at: session.created_at.copied(),
            last_activity_at: session.last_activity_at.copied(),
            metadata: session.metadata.get(),
            message_count: messages.len() as u64,
            messages: messages.split_off(omitted),
            messages_omitted: omitted as u64,
        }
    }
}

/// What a chat message may call the session: its own name, or its subject with or without the kind.
fn names<'a>(entry: &Entry<'a>, session: &'a Session) -> BTreeSet<&'a str> {
    let subject = entry.entry_id();
    let kind = EventType::QuoteUpdated.object();
    let own = subject.and_then(|subject| subject.strip_prefix(kind)?.strip_prefix('/'));
    let names = [session.session_id.as_deref(), subject, own];
    names.into_iter().flatten().collect()
}

impl<'a> ChatMessage<'a> {
    fn of(entry: &Entry<'a>, direction: Option<Direction>, agent_id: Option<&'a str>) -> Self {
        Self {
            entry_id: entry.entry_id(),
            position: entry.position(),
            direction,
            agent_id,
            occurred_at: entry.occurred_at(),
            preview: entry.preview(),
        }
    }
}
