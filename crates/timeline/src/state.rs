//! The projector: one record after another into one customer's entries.

use crate::details::Details;
use crate::entries::Entries;
use crate::preview::preview;
use crate::stored::{Entry, Stored, Waiting};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use touchbook_events::catalogue::sentiment::Scored;
use touchbook_events::{CustomerId, Data, Digest, Header, Record};
use touchbook_projection::Place;
use touchbook_projection::{Projector, Stamp};

/// The projector of timelines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeline;

/// One customer's entries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(crate) entries: Entries,
    /// Subjects that were spoken of before they made an entry: planned steps, early sentiments.
    waiting: BTreeMap<Digest, Waiting>,
}

impl Projector for Timeline {
    type State = State;
    type Contribution = ();
    type Index = ();

    const CONTRIBUTES: bool = false;
    const NAME: &'static str = "timeline";
    const VERSION: u32 = 7;

    fn apply(state: &mut State, record: &Record) {
        if record.header.event_type.entry_source().is_some() {
            state.enter(record);
        } else {
            state.hear(record);
        }
    }

    fn contribution(_: CustomerId, _: &State) -> Option<()> {
        None
    }

    fn contribute(_: &mut (), _: CustomerId, _: Option<()>, _: Option<()>) {}

    fn key(record: &Record) -> Option<Digest> {
        let source = record.header.event_type.entry_source();
        source.map(|_| record.header.subject)
    }

    fn keys(state: &State, each: &mut dyn FnMut(Digest)) {
        state.entries.subjects().for_each(each);
    }
}

impl State {
    /// How many entries there are, which is `interaction_count`.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// The entry of a subject.
    pub fn entry(&self, subject: Digest) -> Option<Entry<'_>> {
        self.entries
            .find(subject)
            .map(|number| self.entries.get(number))
    }

    /// Bytes of all entries, without what the maps around them cost.
    pub fn packed_bytes(&self) -> usize {
        self.entries.packed_bytes()
    }

    /// A record that makes its subject's entry or extends it.
    fn enter(&mut self, record: &Record) {
        let subject = record.header.subject;
        let words = preview(&record.data);
        if let Some(number) = self.entries.find(subject) {
            let place = self.entries.place(number);
            let mut stored = self.entries.packed(number).stored(place);
            stored.take(record, words.as_deref());
            let packed = stored.pack(place);
            self.entries.replace(number, &packed);
            return;
        }
        let Some(mut stored) = Stored::new(record) else {
            return;
        };
        let waiting = self.waiting.remove(&subject);
        if let Some(waiting) = &waiting {
            stored.was_waiting(waiting);
        }
        stored.take(record, words.as_deref());
        let place = Place::of(record);
        self.entries.push(place, subject, &stored.pack(place));
    }

    /// A record that says something of a subject without making an entry.
    fn hear(&mut self, record: &Record) {
        let stamp = Stamp::of(&record.header);
        let subject = record.header.subject;
        match &record.data {
            Data::SentimentScored(scored) => self.felt(&record.header, scored),
            Data::InteractionCreated(created) => {
                let waiting = self.waiting.entry(subject).or_default();
                waiting
                    .kind
                    .set(stamp, Some(created.facts.kind.as_str().into()));
                let title = created
                    .personal
                    .as_ref()
                    .map(|personal| personal.title.as_str());
                waiting.title.set_some(stamp, title.map(Into::into));
            }
            Data::InteractionUpdated(updated) if self.entries.find(subject).is_none() => {
                let waiting = self.waiting.entry(subject).or_default();
                waiting
                    .kind
                    .set_some(stamp, updated.facts.kind.as_deref().map(Into::into));
                let personal = updated.personal.as_ref();
                let title = personal.and_then(|personal| personal.title.as_deref());
                waiting.title.set_some(stamp, title.map(Into::into));
            }
            Data::InteractionSkipped(_) | Data::InteractionCancelled(_) => {
                self.waiting.remove(&subject);
            }
            _ => {}
        }
    }

    fn felt(&mut self, header: &Header, scored: &Scored) {
        let Some(sentiment) = scored.felt() else {
            return;
        };
        let Some(number) = self.entries.find(header.subject) else {
            let waiting = self.waiting.entry(header.subject).or_default();
            waiting.sentiment.set(header, sentiment);
            return;
        };
        let place = self.entries.place(number);
        let mut stored = self.entries.packed(number).stored(place);
        stored.sentiment.set(header, sentiment);
        stored.last_position = header.position;
        let packed = stored.pack(place);
        self.entries.replace(number, &packed);
    }
}

impl<'a> Stored<'a> {
    fn was_waiting(&mut self, waiting: &'a Waiting) {
        self.sentiment = waiting.sentiment;
        if let Details::Workflow(workflow) = &mut self.details {
            let (kind, title) = (waiting.kind.get(), waiting.title.get());
            workflow.was_planned_as(kind.map(|kind| &**kind), title.map(|title| &**title));
        }
    }
}
