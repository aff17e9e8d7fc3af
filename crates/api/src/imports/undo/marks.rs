//! A bit for each record from some position on.

const WORD_BITS: u64 = u64::BITS as u64;

/// Which positions are marked: a bit a record, whatever is known of it, so that undoing a large
/// import takes a small part of what the ledger itself keeps of each record.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    from: u64,
    words: Vec<u64>,
}

impl Marks {
    /// None is marked; nothing before `from` ever is.
    pub(super) fn new(from: u64) -> Self {
        Self {
            from,
            words: Vec::new(),
        }
    }

    pub(super) fn has(&self, position: u64) -> bool {
        let Some((word, bit)) = self.place(position) else {
            return false;
        };
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(super) fn set(&mut self, position: u64) {
        let Some((word, bit)) = self.place(position) else {
            return;
        };
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= bit;
    }

    pub(super) fn clear(&mut self, position: u64) {
        if let Some((word, bit)) = self.place(position)
            && let Some(word) = self.words.get_mut(word)
        {
            *word &= !bit;
        }
    }

    /// Marked positions from `at` on, in order.
    pub(super) fn since(&self, at: u64) -> impl Iterator<Item = u64> + '_ {
        let skipped = at.saturating_sub(self.from);
        let first = (skipped / WORD_BITS) as usize;
        let words = self.words.iter().enumerate().skip(first);
        let positions = words.flat_map(|(index, word)| {
            let begin = self.from + index as u64 * WORD_BITS;
            bits(*word).map(move |bit| begin + bit)
        });
        positions.skip_while(move |position| *position < at)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = u64> + '_ {
        self.since(self.from)
    }

    fn place(&self, position: u64) -> Option<(usize, u64)> {
        let offset = position.checked_sub(self.from)?;
        Some(((offset / WORD_BITS) as usize, 1 << (offset % WORD_BITS)))
    }
}

/// The bits that are set, the lowest first.
fn bits(word: u64) -> impl Iterator<Item = u64> {
    let without_lowest = |left: &u64| Some(left & (left - 1));
    let words = std::iter::successors(Some(word), move |left| match left {
        0 => None,
        left => without_lowest(left),
    });
    let set = words.take_while(|left| *left != 0);
    set.map(|left| u64::from(left.trailing_zeros()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// As a set of positions does.
    #[test]
    fn marks_are_a_set_of_positions() {
        for from in [1, 2, 63, 64, 65, 200] {
            let (mut marks, mut model) = (Marks::new(from), BTreeSet::new());
            let mut seed: u64 = from;
            for _ in 0..300 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let (position, is_set) = (1 + (seed >> 33) % 600, !(seed >> 20).is_multiple_of(3));
                if is_set && position >= from {
                    marks.set(position);
                    model.insert(position);
                } else if is_set {
                    marks.set(position);
                } else {
                    marks.clear(position);
                    model.remove(&position);
                }
                assert_eq!(marks.has(position), model.contains(&position));
                let since: Vec<u64> = model.range(position..).copied().collect();
                assert_eq!(marks.since(position).collect::<Vec<_>>(), since);
            }
            assert_eq!(marks.all().count(), model.len());
            assert_eq!(marks.since(u64::MAX).next(), None);
        }
    }
}
