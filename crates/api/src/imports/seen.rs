//! Identifiers that a dry run has seen, in as little memory as that takes.

use std::hash::{BuildHasher, RandomState};
use touchbook_events::customer_ref::SentIdentifier;

/// A slot that nothing is in.
const FREE: u32 = 0;

/// A set of which four bytes are kept for each identifier, in a table that is made once for as many
/// as will come. It says of one that is not there that it is about once in several hundred files
/// of a million new customers; a dry run may.
pub(super) struct Seen {
    slots: Vec<u32>,
    hasher: RandomState,
}

impl Seen {
    /// For so many identifiers; it takes no more than that.
    pub(super) fn of(identifiers: usize) -> Self {
        Self {
            // Of five slots four are taken at most, so that there is always a free one near.
            slots: vec![FREE; identifiers + identifiers / 4 + 1],
            hasher: RandomState::new(),
        }
    }

    pub(super) fn contains(&self, identifier: &SentIdentifier) -> bool {
        self.find(identifier).is_none()
    }

    pub(super) fn insert(&mut self, identifier: &SentIdentifier) {
        if let Some((slot, kept)) = self.find(identifier)
            && let Some(slot) = self.slots.get_mut(slot)
        {
            *slot = kept;
        }
    }

    /// Where an identifier belongs, and what stands for it; `None` where it is there.
    fn find(&self, identifier: &SentIdentifier) -> Option<(usize, u32)> {
        let (kind, value) = (identifier.kind, identifier.value.as_str());
        let hash = self.hasher.hash_one((kind, value));
        let kept = (hash as u32).max(FREE + 1);
        let count = self.slots.len();
        let first = ((u128::from(hash) * count as u128) >> 64) as usize;
        let (before, after) = self.slots.split_at(first);
        let slots = after.iter().chain(before).zip(0..);
        let (slot, at) = slots
            .map(|(slot, at): (&u32, usize)| (*slot, at))
            .find(|(slot, _)| *slot == FREE || *slot == kept)?;
        (slot == FREE).then(|| ((first + at) % count, kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use touchbook_events::{IdentifierKind, Text};

    fn identifier(number: usize) -> SentIdentifier {
        let kinds = [IdentifierKind::Email, IdentifierKind::ExternalId];
        let text = (number / 2).to_string();
        SentIdentifier {
            kind: kinds[number % 2],
            value: Text::new(&*text).unwrap(),
            as_sent: Text::new(&*text).unwrap(),
        }
    }

    #[test]
    fn what_is_seen_is_in_it_and_hardly_anything_else() {
        const COUNT: usize = 100_000;
        let mut seen = Seen::of(COUNT);
        let held: usize = seen.slots.len() * size_of::<u32>();
        assert!(held <= COUNT * 5 + 4, "{held}");
        for number in 0..COUNT {
            assert!(!seen.contains(&identifier(number)), "{number} of {COUNT}");
            seen.insert(&identifier(number));
            seen.insert(&identifier(number));
        }
        assert!((0..COUNT).all(|number| seen.contains(&identifier(number))));
        assert_eq!(
            seen.slots.iter().filter(|slot| **slot != FREE).count(),
            COUNT
        );
    }

    #[test]
    fn one_of_nothing_has_nothing() {
        let mut seen = Seen::of(0);
        assert!(!seen.contains(&identifier(1)));
        seen.insert(&identifier(1));
        seen.insert(&identifier(2));
        assert!(seen.contains(&identifier(1)) && seen.contains(&identifier(2)));
    }
}
