//! Which sources a page shows.

use crate::stored::Packed;
use std::collections::BTreeSet;
use std::sync::Arc;
use touchbook_events::EntrySource;

/// A set of sources; the empty set filters nothing (S1-022).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    built_in: u16,
    /// Those of registered types that no other type has, by name.
    registered: Option<Arc<BTreeSet<Box<str>>>>,
}

impl Sources {
    pub fn is_all(&self) -> bool {
        self.built_in == 0 && self.registered.is_none()
    }

    pub fn contains(&self, source: EntrySource) -> bool {
        self.is_all() || self.built_in & bit(source) != 0
    }

    /// Whether the source of this name is in it.
    pub fn names(&self, source: &str) -> bool {
        match EntrySource::parse(source) {
            Some(source) => self.contains(source),
            None => {
                let registered = self.registered.as_ref();
                self.is_all() || registered.is_some_and(|known| known.contains(source))
            }
        }
    }

    /// Whether an entry is of one of them. Those of registered types say their source themselves.
    pub(crate) fn admit(&self, entry: Packed<'_>) -> bool {
        self.is_all()
            || match entry.source() {
                EntrySource::Custom => entry
                    .custom_source()
                    .is_some_and(|source| self.names(source)),
                source => self.contains(source),
            }
    }

    #[must_use]
    pub fn with(mut self, source: EntrySource) -> Self {
        self.built_in |= bit(source);
        self
    }

    /// With a source by its name, be it one that a type was registered with.
    #[must_use]
    pub fn with_named(mut self, source: &str) -> Self {
        if let Some(source) = EntrySource::parse(source) {
            return self.with(source);
        }
        Arc::make_mut(self.registered.get_or_insert_default()).insert(source.into());
        self
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
