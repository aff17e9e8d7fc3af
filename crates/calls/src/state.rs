//! The projector: one record after another into one customer's calls.

use crate::book::{Book, Chunk, Slot};
use crate::call::{Call, Listed};
use crate::index::{self, Index};
use crate::names::is_of_call;
use crate::page::{Filter, Page};
use crate::stored::{Packed, Stored};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use touchbook_events::catalogue::sentiment::{Felt, Scored};
use touchbook_events::{CustomerId, Data, Digest, EntrySource, EventType, Record, TenantKey};
use touchbook_projection::Cursor;
use touchbook_projection::Place;
use touchbook_projection::projector::Visit;
use touchbook_projection::{Judged, Projection, Projector};

/// The projector of calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calls;

/// One customer's calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    calls: Book,
    /// Sentiments of calls that nothing else was told of yet.
    pub(crate) waiting: BTreeMap<Digest, Judged<Felt>>,
}

/// One customer's calls, shared with its state and not copied.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution(pub(crate) Vec<Chunk>);

impl Projector for Calls {
    type State = State;
    type Contribution = Contribution;
    type Index = Index;

    const NAME: &'static str = "calls";
    const VERSION: u32 = 2;

    fn concerns(record: &Record) -> bool {
        is_about_call(record) || record.header.event_type == EventType::SentimentScored
    }

    fn apply(state: &mut State, record: &Record) {
        match &record.data {
            Data::SentimentScored(scored) => state.felt(record, scored),
            _ if is_about_call(record) => state.hear(record),
            _ => {}
        }
    }

    fn contribution(_: CustomerId, state: &State) -> Option<Contribution> {
        let chunks = state.calls.chunks();
        (!chunks.is_empty()).then(|| Contribution(chunks.to_vec()))
    }

    fn contribute(
        index: &mut Index,
        customer: CustomerId,
        before: Option<Contribution>,
        after: Option<Contribution>,
    ) {
        index.contribute(customer, before.as_ref(), after.as_ref());
    }

    fn contribute_all(index: &mut Index, visit: &mut Visit<'_, Contribution>) {
        let mut rows = Vec::new();
        visit(&mut |customer, contribution| {
            rows.extend(index::rows(customer, &contribution));
        });
        *index = Index::of(rows);
    }

    fn key(record: &Record) -> Option<Digest> {
        is_about_call(record).then_some(record.header.subject)
    }

    fn keys(state: &State, each: &mut dyn FnMut(Digest)) {
        state.calls.iter().map(|slot| slot.subject).for_each(each);
    }
}

impl Calls {
    /// What `look` makes of the call that goes by `name`: its subject, the own part of it (`CA1` of
    /// `call/CA1`), or an [alias](Index::named). It must not call this projection.
    pub fn find<R>(
        projection: &Projection<Self>,
        key: &TenantKey,
        name: &str,
        mut look: impl FnMut(Listed<'_>) -> R,
    ) -> Option<R> {
        let whole = EventType::CallStarted.subject(name);
        for subject in [name, &whole].map(|name| key.subject(name)) {
            let found = projection.find(subject, |customer_id, state| {
                let call = state.call(subject)?;
                Some(look(Listed { customer_id, call }))
            });
            if found.is_some() {
                return found;
            }
        }
        projection.index(|index| index.named(name).map(look))
    }
}

impl State {
    /// How many calls there are.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    pub fn is_empty(&self) -> bool {
        self.calls.chunks().is_empty()
    }

    /// The call of a subject.
    pub fn call(&self, subject: Digest) -> Option<Call<'_>> {
        self.calls.find(subject).map(Call::of)
    }

    /// All calls, newest first.
    pub fn calls(&self) -> impl Iterator<Item = Call<'_>> {
        self.calls.iter().rev().map(Call::of)
    }

    /// The newest calls that `filter` lets through, after `cursor`.
    pub fn page(
        &self,
        filter: &Filter<'_>,
        limit: usize,
        cursor: Option<Cursor>,
    ) -> Page<Call<'_>> {
        let calls = self.after(filter, cursor);
        Page::of(calls, limit, |call| call.place)
    }

    /// All calls that `filter` lets through, newest first.
    pub fn filtered(&self, filter: &Filter<'_>) -> impl Iterator<Item = Call<'_>> {
        self.after(filter, None)
    }

    fn after(&self, filter: &Filter<'_>, cursor: Option<Cursor>) -> impl Iterator<Item = Call<'_>> {
        let first = filter.first();
        let slots = self.calls.newest_first(filter.last(cursor));
        slots
            .take_while(move |slot| slot.place >= first)
            .map(Call::of)
            .filter(|call| filter.admits(call))
    }

    /// A record that makes its subject's call or says more of it.
    fn hear(&mut self, record: &Record) {
        let subject = record.header.subject;
        let known = self.calls.find(subject).cloned();
        let place = known
            .as_ref()
            .map_or_else(|| Place::of(record), |slot| slot.place);
        let mut stored = match &known {
            Some(slot) => Packed(&slot.packed).stored(place),
            None => Stored {
                sentiment: self.waiting.remove(&subject).unwrap_or_default(),
                ..Stored::new(record)
            },
        };
        stored.take(place, record);
        let packed = stored.pack(place);
        self.put(place, subject, packed);
    }

    /// A sentiment waits for its call only where its subject is named as one: most are of messages.
    fn felt(&mut self, record: &Record, scored: &Scored) {
        let Some(sentiment) = scored.felt() else {
            return;
        };
        let subject = record.header.subject;
        if let Some(slot) = self.calls.find(subject).cloned() {
            let mut stored = Packed(&slot.packed).stored(slot.place);
            stored.sentiment.set(&record.header, sentiment);
            stored.last_position = record.header.position;
            let packed = stored.pack(slot.place);
            self.put(slot.place, subject, packed);
            return;
        }
        let sent = record.sent.as_ref();
        if sent.is_none_or(|sent| is_of_call(&sent.subject)) {
            let waiting = self.waiting.entry(subject).or_default();
            waiting.set(&record.header, sentiment);
        }
    }

    fn put(&mut self, place: Place, subject: Digest, packed: Arc<[u8]>) {
        self.calls.put(Slot {
            place,
            subject,
            packed,
        });
    }
}

fn is_about_call(record: &Record) -> bool {
    record.header.event_type.entry_source() == Some(EntrySource::Call)
}
