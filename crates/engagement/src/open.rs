//! What waits for us: a list that every record keeps right, so that nobody looks through all
//! entries for it.

use crate::entries::{Entries, Place, Position, make_room};
use crate::marks::Marks;
use std::sync::Arc;
use touchbook_events::{EntrySource, Timestamp};

/// For what an entry waits; a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WaitsFor(u8);

impl WaitsFor {
    /// The next contact from us, on any channel.
    pub(crate) const ANSWER: Self = Self(1);
    /// The next one on social media.
    pub(crate) const SOCIAL_ANSWER: Self = Self(2);
    /// The same answer, to a complaint.
    pub(crate) const ANSWER_TO_COMPLAINT: Self = Self(4);
    /// An outcome that settles a complaint.
    pub(crate) const SETTLEMENT: Self = Self(8);

    pub(crate) fn any(self, of: Self) -> bool {
        self.0 & of.0 > 0
    }

    #[must_use]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn is_nothing(self) -> bool {
        self.0 == 0
    }
}

/// An entry that waits; one of 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) occurred_at: Timestamp,
    pub(crate) position: Position,
    pub(crate) waits_for: WaitsFor,
}

impl Waiting {
    fn place(&self) -> Place {
        Place {
            occurred_at: self.occurred_at,
            position: self.position,
        }
    }
}

/// What waits, by place, and the last that we said; follows from the entries alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Open {
    /// Shared with the tenant's index. None where nothing waits.
    waiting: Option<Arc<Vec<Waiting>>>,
    last_outbound: Option<u32>,
    last_outbound_social: Option<u32>,
}

impl Open {
    pub(crate) fn of(entries: &Entries) -> Self {
        let mut open = Self::default();
        for number in entries.numbers() {
            open.hear_outbound(entries, number);
        }
        let waiting = entries.numbers().map(|number| open.judge(entries, number));
        let mut waiting: Vec<Waiting> = waiting.filter(|one| !one.waits_for.is_nothing()).collect();
        waiting.sort_unstable_by_key(Waiting::place);
        open.waiting = (!waiting.is_empty()).then(|| Arc::new(waiting));
        open
    }

    pub(crate) fn waiting(&self) -> Option<&Arc<Vec<Waiting>>> {
        self.waiting.as_ref()
    }

    /// Looks anew at an entry that is new or was marked otherwise `before`.
    pub(crate) fn look_at(&mut self, entries: &Entries, number: u32, before: Marks) {
        let marks = entries.get(number).marks;
        if before.outbound().is_some() && before.outbound() != marks.outbound() {
            // Something else may be the last that we said.
            *self = Self::of(entries);
            return;
        }
        if self.hear_outbound(entries, number) {
            self.answer(entries);
        }
        self.put(self.judge(entries, number));
    }

    /// Whether the entry is the last that we said now.
    fn hear_outbound(&mut self, entries: &Entries, number: u32) -> bool {
        let Some(channel) = entries.get(number).marks.outbound() else {
            return false;
        };
        let last = (self.last_outbound, self.last_outbound_social);
        self.last_outbound = later(entries, self.last_outbound, number);
        if channel == EntrySource::Social {
            self.last_outbound_social = later(entries, self.last_outbound_social, number);
        }
        last != (self.last_outbound, self.last_outbound_social)
    }

    fn judge(&self, entries: &Entries, number: u32) -> Waiting {
        let entry = entries.get(number);
        let (place, marks) = (entry.place(), entry.marks);
        let is_after = |last: Option<u32>| last.is_none_or(|at| entries.get(at).place() < place);
        let waits = [
            (
                WaitsFor::ANSWER,
                marks.waits() && is_after(self.last_outbound),
            ),
            (
                WaitsFor::SOCIAL_ANSWER,
                marks.waits_on_social() && is_after(self.last_outbound_social),
            ),
            (
                WaitsFor::ANSWER_TO_COMPLAINT,
                marks.is_complaining_email() && is_after(self.last_outbound),
            ),
            (WaitsFor::SETTLEMENT, marks.is_open_complaint()),
        ];
        let waits = waits.into_iter().filter(|(_, waits)| *waits);
        Waiting {
            occurred_at: place.occurred_at,
            position: place.position,
            waits_for: waits.fold(WaitsFor::default(), |all, (one, _)| all.and(one)),
        }
    }

    /// What stands before the last that we said waits for it no more.
    fn answer(&mut self, entries: &Entries) {
        let place = |number: Option<u32>| number.map(|number| entries.get(number).place());
        let last = place(self.last_outbound);
        let last_social = place(self.last_outbound_social);
        self.change(|one| {
            let at = Some(one.place());
            let mut waits_for = one.waits_for;
            if at < last {
                let answer = WaitsFor::ANSWER.and(WaitsFor::ANSWER_TO_COMPLAINT);
                waits_for = waits_for.without(answer);
            }
            if at < last_social {
                waits_for = waits_for.without(WaitsFor::SOCIAL_ANSWER);
            }
            waits_for
        });
    }

    /// Changes what entries wait for; copies the list only where that changes anything.
    fn change(&mut self, waits_for: impl Fn(&Waiting) -> WaitsFor) {
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        if waiting.iter().all(|one| waits_for(one) == one.waits_for) {
            return;
        }
        let list = Arc::make_mut(waiting);
        list.iter_mut()
            .for_each(|one| one.waits_for = waits_for(one));
        list.retain(|one| !one.waits_for.is_nothing());
        self.waiting.take_if(|waiting| waiting.is_empty());
    }

    /// Puts an entry in the list, changes it there, or takes it out.
    fn put(&mut self, one: Waiting) {
        let known = self.waiting.as_deref().map_or(&[][..], Vec::as_slice);
        let at = known.binary_search_by_key(&one.place(), Waiting::place);
        let is_gone = one.waits_for.is_nothing();
        if at.map_or(is_gone, |at| known[at] == one) {
            return;
        }
        let list = Arc::make_mut(self.waiting.get_or_insert_default());
        match at {
            Ok(at) if is_gone => drop(list.remove(at)),
            Ok(at) => list[at] = one,
            Err(at) => {
                make_room(list);
                list.insert(at, one);
            }
        }
        self.waiting.take_if(|waiting| waiting.is_empty());
    }
}

/// Which of two entries stands later.
fn later(entries: &Entries, known: Option<u32>, number: u32) -> Option<u32> {
    let is_later = |known: &u32| entries.get(*known).place() > entries.get(number).place();
    known.filter(is_later).or(Some(number))
}
