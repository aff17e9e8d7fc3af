//! Which sources a page shows.

use touchbook_events::EntrySource;

/// A set of sources; the empty set filters nothing (S1-022).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources(u16);

impl Sources {
    pub fn is_all(self) -> bool {
        self.0 == 0
    }

    pub fn contains(self, source: EntrySource) -> bool {
        self.is_all() || self.0 & bit(source) != 0
    }

    #[must_use]
    pub fn with(self, source: EntrySource) -> Self {
        Self(self.0 | bit(source))
    }
}

fn bit(source: EntrySource) -> u16 {
    1 << source as u16
}

impl FromIterator<EntrySource> for Sources {
    fn from_iter<I: IntoIterator<Item = EntrySource>>(sources: I) -> Self {
        sources.into_iter().fold(Self::default(), Self::with)
    }
}
