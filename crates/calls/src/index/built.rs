//! An index of all calls at once: trees of what is sorted are full, and made in one go.

use super::{FACETS, Facet, Index, Paths, Row};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use touchbook_projection::Place;

/// What will be in the trees, in the order of places.
#[derive(Default)]
struct Lists {
    calls: Vec<(Place, Row)>,
    facets: [HashMap<Box<str>, Vec<Place>>; FACETS],
    aliases: Vec<(u64, Place)>,
}

impl Index {
    /// Of rows in whatever order; of those in one place, the last is shown.
    pub(crate) fn of(mut rows: Vec<(Place, Row)>) -> Self {
        rows.sort_by_key(|(place, _)| *place);
        let mut lists = Lists::default();
        let mut shared = Vec::new();
        for (place, row) in rows {
            match lists.calls.last() {
                Some((last, _)) if *last == place => shared.push((place, row)),
                _ => lists.push(place, row),
            }
        }
        let mut index = lists.into_index();
        for (place, row) in shared {
            index.put(place, row);
        }
        index
    }
}

impl Lists {
    fn push(&mut self, place: Place, row: Row) {
        let Paths { words, aliases } = Paths::of(&row, place);
        for (facet, word) in self.facets.iter_mut().zip(words) {
            let Some(word) = word else { continue };
            match facet.get_mut(word) {
                Some(places) => places.push(place),
                None => {
                    facet.insert(word.into(), vec![place]);
                }
            }
        }
        let aliases = aliases.into_iter().map(|alias| (alias, place));
        self.aliases.extend(aliases);
        self.calls.push((place, row));
    }

    fn into_index(self) -> Index {
        let facet = |words: HashMap<Box<str>, Vec<Place>>| {
            let words = words.into_iter();
            Facet(
                words
                    .map(|(word, places)| (word, places.into_iter().collect()))
                    .collect(),
            )
        };
        Index {
            calls: self.calls.into_iter().collect(),
            others: BTreeMap::new(),
            facets: self.facets.map(facet),
            aliases: self.aliases.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::tests::slot;
    use crate::book::{CHUNK_CALLS, Chunk, Slot};
    use crate::index;
    use crate::state::Contribution;
    use crate::stored::{Packed, Stored};
    use proptest::prelude::*;
    use touchbook_events::CustomerId;
    use touchbook_events::catalogue::call::Direction;
    use touchbook_projection::Stamp;

    /// A call at one of few times, with words and aliases that others have too, or without.
    fn told(time: u16, word: u8) -> Slot {
        let bare = slot(time, word);
        let mut stored: Stored<'_> = Packed(&bare.packed).stored(bare.place);
        let stamp = Stamp {
            time: bare.place.occurred_at,
            position: bare.place.position,
        };
        let agent = format!("agent-{}", word % 3);
        let aliases = [word % 5, word / 5 % 5].map(|alias| format!("CA{alias}"));
        let has_agent = !word.is_multiple_of(7);
        stored
            .start
            .agent_id
            .set(stamp, has_agent.then_some(&*agent));
        stored.start.direction.set(
            stamp,
            (word.is_multiple_of(2)).then_some(Direction::Inbound),
        );
        let named = aliases.iter().take(usize::from(word % 3));
        stored.names.others.extend(named.map(|alias| &**alias));
        Slot {
            packed: stored.pack(bare.place),
            ..bare
        }
    }

    fn contribution(slots: &[Slot]) -> Contribution {
        let mut slots = slots.to_vec();
        slots.sort_by_key(|slot| slot.place);
        slots.dedup_by_key(|slot| slot.place);
        Contribution(
            slots
                .chunks(CHUNK_CALLS)
                .map(|chunk| Chunk::new(chunk.to_vec()))
                .collect(),
        )
    }

    proptest! {
        /// Calls in one place, too, of which a later customer's is shown.
        #[test]
        fn built_at_once_it_is_what_it_becomes_one_by_one(
            told_of in prop::collection::vec(
                prop::collection::vec((0_u16..400, any::<u8>()), 1..150), 0..5),
        ) {
            let mut one_by_one = Index::default();
            let mut rows = Vec::new();
            for (number, calls) in (1_u8..).zip(&told_of) {
                let slots: Vec<_> = calls.iter().map(|(time, word)| told(*time, *word)).collect();
                let (customer, all) = (CustomerId::from_bytes([number; 16]), contribution(&slots));
                one_by_one.contribute(customer, None, Some(&all));
                rows.extend(index::rows(customer, &all));
            }
            prop_assert_eq!(Index::of(rows), one_by_one);
        }

        /// Whatever of a customer's calls comes, goes, or leads elsewhere than before.
        #[test]
        fn what_leads_to_a_call_changes_with_it(
            told_of in prop::collection::vec(
                prop::collection::vec((0_u16..40, any::<u8>()), 0..30), 1..6),
        ) {
            let (mut changed, mut before) = (Index::default(), None);
            let customer = CustomerId::from_bytes([1; 16]);
            for calls in &told_of {
                let slots: Vec<_> = calls.iter().map(|(time, word)| told(*time, *word)).collect();
                let after = contribution(&slots);
                changed.contribute(customer, before.as_ref(), Some(&after));
                prop_assert_eq!(&Index::of(index::rows(customer, &after).collect()), &changed);
                before = Some(after);
            }
        }
    }
}
