//! The tenant's calls: by time, by what is filtered by, by alias.

mod built;

use crate::book::Slot;
use crate::call::{Call, Listed};
use crate::changes::changes;
use crate::names::alias;
use crate::page::{Filter, Page};
use crate::state::Contribution;
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::Arc;
use touchbook_events::{CustomerId, Digest};
use touchbook_projection::Cursor;
use touchbook_projection::Place;

/// All calls of a tenant; derived from what its customers contribute, and sharing their bytes.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(PartialEq))]
pub struct Index {
    calls: BTreeMap<Place, Row>,
    /// The same call as somebody else has it: nobody's, but for a moment in which customers change
    /// one after another.
    others: BTreeMap<Place, Vec<Row>>,
    /// By [`words`].
    facets: [Facet; FACETS],
    /// Hashes of aliases: they say where to look, and the call itself whether it goes by the name.
    aliases: BTreeSet<(u64, Place)>,
}

const FACETS: usize = 3;

#[derive(Clone, Debug)]
#[cfg_attr(test, derive(PartialEq))]
pub(crate) struct Row {
    customer: CustomerId,
    subject: Digest,
    packed: Arc<[u8]>,
}

/// The places of the calls that have each word.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(PartialEq))]
struct Facet(HashMap<Box<str>, BTreeSet<Place>>);

/// What one customer contributes.
pub(crate) fn rows(
    customer: CustomerId,
    contribution: &Contribution,
) -> impl Iterator<Item = (Place, Row)> {
    let slots = contribution.0.iter().flat_map(|chunk| chunk.iter());
    slots.map(move |slot| (slot.place, Row::of(customer, slot)))
}

impl Index {
    pub(crate) fn contribute(
        &mut self,
        customer: CustomerId,
        before: Option<&Contribution>,
        after: Option<&Contribution>,
    ) {
        let before = before.map_or(&[][..], |before| &before.0);
        let after = after.map_or(&[][..], |after| &after.0);
        for change in changes(before, after) {
            match (change.before, change.after) {
                (_, Some(slot)) => self.put(slot.place, Row::of(customer, slot)),
                (Some(slot), None) => self.remove(customer, slot.place),
                (None, None) => {}
            }
        }
    }

    /// How many calls there are.
    pub fn count(&self) -> usize {
        self.calls.len()
    }

    /// The newest calls that `filter` lets through, after `cursor`. Those of one customer alone are
    /// [that customer's own page](crate::State::page).
    pub fn page(
        &self,
        filter: &Filter<'_>,
        limit: usize,
        cursor: Option<Cursor>,
    ) -> Page<Listed<'_>> {
        let places = filter.first()..=filter.last(cursor);
        let Some(mut wanted) = self.facets(filter).filter(|_| !places.is_empty()) else {
            return Page::EMPTY;
        };
        wanted.sort_unstable_by_key(|places| places.len());
        let place = |listed: &Listed<'_>| listed.call.place;
        let Some((fewest, others)) = wanted.split_first() else {
            let rows = self.calls.range(places).rev();
            return Page::of(rows.map(|(place, row)| row.listed(*place)), limit, place);
        };
        let of_all = |place: &&Place| others.iter().all(|other| other.contains(place));
        let places = fewest.range(places).rev().filter(of_all);
        Page::of(places.filter_map(|place| self.listed(*place)), limit, place)
    }

    /// The call that goes by an alias: Twilio's name of it or of its recording, or another subject
    /// under which it was sent, with `call/` before it or without. Of several, the oldest.
    pub fn named(&self, name: &str) -> Option<Listed<'_>> {
        let hash = hash(alias(name));
        let range: RangeInclusive<_> = (hash, Place::FIRST)..=(hash, Place::LAST);
        let found = self.aliases.range(range);
        found
            .filter_map(|(_, place)| self.listed(*place))
            .find(|listed| listed.call.stored.is_named(name))
    }

    /// The calls of each word that is asked for; `None` where no call has one of them.
    fn facets(&self, filter: &Filter<'_>) -> Option<Vec<&BTreeSet<Place>>> {
        let direction = filter.direction.map(|direction| direction.as_str());
        let asked = [filter.agent_id, direction, filter.outcome];
        let facets = self.facets.iter().zip(asked);
        facets
            .filter_map(|(facet, word)| word.map(|word| facet.0.get(word)))
            .collect()
    }

    fn listed(&self, place: Place) -> Option<Listed<'_>> {
        self.calls.get(&place).map(|row| row.listed(place))
    }

    fn put(&mut self, place: Place, row: Row) {
        let customer = row.customer;
        self.forget_other(customer, place);
        let other = self.show(place, row);
        if let Some(other) = other.filter(|other| other.customer != customer) {
            self.others.entry(place).or_default().push(other);
        }
    }

    /// Gives back what was shown there before.
    fn show(&mut self, place: Place, row: Row) -> Option<Row> {
        let before = self.calls.insert(place, row.clone());
        self.point(place, before.as_ref(), Some(&row));
        before
    }

    /// A merge may have given the call to somebody else already, or not yet.
    fn remove(&mut self, customer: CustomerId, place: Place) {
        let row = self.calls.get(&place);
        if row.is_none_or(|row| row.customer != customer) {
            self.forget_other(customer, place);
            return;
        }
        self.take_out(place);
        let next = self.others.get_mut(&place).and_then(Vec::pop);
        if let Some(next) = next {
            self.forget_other(next.customer, place);
            self.show(place, next);
        }
    }

    fn forget_other(&mut self, customer: CustomerId, place: Place) {
        if let Some(others) = self.others.get_mut(&place) {
            others.retain(|other| other.customer != customer);
            if others.is_empty() {
                self.others.remove(&place);
            }
        }
    }

    fn take_out(&mut self, place: Place) {
        let before = self.calls.remove(&place);
        self.point(place, before.as_ref(), None);
    }

    /// Changes what leads to a call. Most of what is said of a call changes nothing of that, and
    /// finding a place in trees of all calls costs more than reading the call before and after.
    fn point(&mut self, place: Place, before: Option<&Row>, after: Option<&Row>) {
        let paths = |row: Option<_>| row.map_or_else(Paths::default, |row| Paths::of(row, place));
        let (was, is) = (paths(before), paths(after));
        let words = was.words.into_iter().zip(is.words);
        for (facet, (was, is)) in self.facets.iter_mut().zip(words) {
            if was != is {
                facet.remove(was, place);
                facet.insert(is, place);
            }
        }
        for alias in was.aliases.iter().filter(|was| !is.aliases.contains(was)) {
            self.aliases.remove(&(*alias, place));
        }
        let new = is.aliases.iter().filter(|is| !was.aliases.contains(is));
        self.aliases.extend(new.map(|alias| (*alias, place)));
    }
}

/// What leads to a call.
#[derive(Default)]
struct Paths<'a> {
    words: [Option<&'a str>; FACETS],
    /// Hashes of them.
    aliases: Vec<u64>,
}

impl<'a> Paths<'a> {
    fn of(row: &'a Row, place: Place) -> Self {
        let call = row.listed(place).call;
        Self {
            words: words(&call),
            aliases: call.stored.aliases().map(hash).collect(),
        }
    }
}

/// What a call is filtered by.
fn words<'a>(call: &Call<'a>) -> [Option<&'a str>; FACETS] {
    let direction = call.direction().map(|direction| direction.as_str());
    [call.agent_id(), direction, call.outcome()]
}

impl Facet {
    fn insert(&mut self, word: Option<&str>, place: Place) {
        let Some(word) = word else {
            return;
        };
        match self.0.get_mut(word) {
            Some(places) => {
                places.insert(place);
            }
            None => {
                self.0.insert(word.into(), BTreeSet::from([place]));
            }
        }
    }

    fn remove(&mut self, word: Option<&str>, place: Place) {
        let Some((word, places)) = word.and_then(|word| Some((word, self.0.get_mut(word)?))) else {
            return;
        };
        places.remove(&place);
        if places.is_empty() {
            self.0.remove(word);
        }
    }
}

impl Row {
    fn of(customer: CustomerId, slot: &Slot) -> Self {
        Self {
            customer,
            subject: slot.subject,
            packed: Arc::clone(&slot.packed),
        }
    }

    fn listed(&self, place: Place) -> Listed<'_> {
        Listed {
            customer_id: self.customer,
            call: Call::new(place, self.subject, &self.packed),
        }
    }
}

fn hash(alias: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    alias.hash(&mut hasher);
    hasher.finish()
}
