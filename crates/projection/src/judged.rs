//! Judgements: somebody's own word counts, Touchbook's only where nobody said anything (C7).

use crate::latest::{Latest, Stamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use touchbook_events::Header;

/// What is thought of one thing: the last word of whoever sent it or knows it, and the last one of
/// our own scorer, which stands behind that whenever either was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged<T> {
    by_others: Latest<T>,
    by_touchbook: Latest<T>,
}

impl<T> Default for Judged<T> {
    fn default() -> Self {
        Self {
            by_others: Latest::default(),
            by_touchbook: Latest::default(),
        }
    }
}

impl<T> Judged<T> {
    /// Takes the word of the record with this header, unless its side said something later.
    pub fn set(&mut self, header: &Header, value: T) {
        self.set_by(header.is_by_touchbook(), Stamp::of(header), value);
    }

    /// The same of Touchbook's word, or of somebody else's.
    pub fn set_by(&mut self, touchbook: bool, stamp: Stamp, value: T) {
        let by = match touchbook {
            true => &mut self.by_touchbook,
            false => &mut self.by_others,
        };
        by.set(stamp, Some(value));
    }

    pub fn get(&self) -> Option<&T> {
        self.by_others.get().or_else(|| self.by_touchbook.get())
    }

    /// Whether somebody else than Touchbook said anything.
    pub fn is_by_others(&self) -> bool {
        self.by_others.get().is_some()
    }

    /// As [`Latest::restamp`].
    pub fn restamp(&mut self, of: impl Fn(Stamp) -> Stamp) {
        self.by_others.restamp(&of);
        self.by_touchbook.restamp(&of);
    }
}

impl<T: Copy> Judged<T> {
    pub fn copied(&self) -> Option<T> {
        self.get().copied()
    }
}

/// One byte while nothing was said.
impl<T: Serialize> Serialize for Judged<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_any = self.get().is_some();
        let said = is_any.then_some((&self.by_others, &self.by_touchbook));
        said.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Judged<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let said = Option::<(Latest<T>, Latest<T>)>::deserialize(deserializer)?;
        Ok(
            said.map_or_else(Self::default, |(by_others, by_touchbook)| Self {
                by_others,
                by_touchbook,
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use touchbook_events::Timestamp;

    fn stamp(time: i64, position: u64) -> Stamp {
        Stamp {
            time: Timestamp::from_micros(time),
            position,
        }
    }

    #[test]
    fn ours_stands_behind_what_others_say_whenever_that_was() {
        let mut judged = Judged::default();
        judged.set_by(true, stamp(10, 1), "ours");
        assert_eq!(judged.copied(), Some("ours"));
        judged.set_by(true, stamp(5, 2), "ours, of an older revision");
        assert_eq!(judged.copied(), Some("ours"));
        assert!(!judged.is_by_others());
        judged.set_by(false, stamp(1, 3), "theirs");
        judged.set_by(true, stamp(20, 4), "ours again");
        assert_eq!(judged.copied(), Some("theirs"));
        judged.set_by(false, stamp(2, 5), "theirs, later");
        assert_eq!(judged.copied(), Some("theirs, later"));
        assert!(judged.is_by_others());
    }

    proptest! {
        #[test]
        fn it_decodes_to_what_was_encoded(
            said in prop::collection::vec((any::<bool>(), 0_i64..9, any::<u32>()), 0..4),
        ) {
            let mut judged = Judged::<u32>::default();
            prop_assert_eq!(postcard::to_stdvec(&judged).unwrap(), [0]);
            for (position, (is_ours, time, value)) in (1..).zip(said) {
                judged.set_by(is_ours, stamp(time, position), value);
            }
            let bytes = postcard::to_stdvec(&judged).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Judged<u32>>(&bytes).unwrap(), judged);
        }
    }
}
