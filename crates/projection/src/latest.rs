//! Descriptions: the latest time wins, ties the higher position (design idea 3).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use touchbook_events::{Header, Member, Timestamp};

/// When something was said: by its own time, ties by position.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp {
    pub time: Timestamp,
    pub position: u64,
}

impl Stamp {
    pub fn of(header: &Header) -> Self {
        Self {
            time: header.time,
            position: header.position,
        }
    }

    /// Of a revision that says itself when its object changed.
    pub fn changed_at(header: &Header, changed_at: Option<Timestamp>) -> Self {
        Self {
            time: changed_at.unwrap_or(header.time),
            position: header.position,
        }
    }
}

/// Small numbers for positions before and after `from`, and never 0, which stands for no position:
/// stamps take few bytes where they are stored beside the place that they are around.
pub fn steps_from(from: u64, position: u64) -> u64 {
    let steps = position.wrapping_sub(from).cast_signed();
    ((steps << 1) ^ (steps >> 63))
        .cast_unsigned()
        .wrapping_add(1)
}

/// What [`steps_from`] was given.
pub fn position_at(from: u64, steps: u64) -> u64 {
    let steps = steps.wrapping_sub(1);
    let signed = (steps >> 1).cast_signed() ^ -((steps & 1).cast_signed());
    from.wrapping_add(signed.cast_unsigned())
}

/// What was said last about one thing, in whatever order it was learned.
///
/// Position 0 is never taken, so it stands for "nothing was said".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latest<T> {
    value: Option<T>,
    stamp: Stamp,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self {
            value: None,
            stamp: Stamp::default(),
        }
    }
}

impl<T> Latest<T> {
    pub fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Whether what is said at `stamp` would be the last word.
    pub fn yields_to(&self, stamp: Stamp) -> bool {
        self.stamp.position == 0 || self.stamp <= stamp
    }

    /// Takes `value`, or its absence, unless something later was said.
    pub fn set(&mut self, stamp: Stamp, value: Option<T>) {
        if self.yields_to(stamp) {
            *self = Self { value, stamp };
        }
    }

    /// Takes a member of a revision: absent says nothing, null clears.
    pub fn set_member<'m, S>(
        &mut self,
        stamp: Stamp,
        member: &'m Member<S>,
        of: impl FnOnce(&'m S) -> T,
    ) {
        if !matches!(member, Member::Absent) && self.yields_to(stamp) {
            *self = Self {
                value: member.value().map(of),
                stamp,
            };
        }
    }

    /// Restates when it was said, for a form that counts time and position from somewhere else.
    /// The new stamp may not have position 0.
    pub fn restamp(&mut self, of: impl FnOnce(Stamp) -> Stamp) {
        if self.stamp.position > 0 {
            self.stamp = of(self.stamp);
        }
    }

    /// Takes a value if there is one; its absence says nothing.
    pub fn set_some(&mut self, stamp: Stamp, value: Option<T>) {
        if value.is_some() {
            self.set(stamp, value);
        }
    }
}

impl<T: Copy> Latest<T> {
    pub fn copied(&self) -> Option<T> {
        self.value
    }
}

/// One byte while nothing was said.
impl<T: Serialize> Serialize for Latest<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let said = (self.stamp.position > 0).then_some((&self.value, self.stamp));
        said.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Latest<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let said = Option::<(Option<T>, Stamp)>::deserialize(deserializer)?;
        Ok(said.map_or_else(Self::default, |(value, stamp)| Self { value, stamp }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(time: i64, position: u64) -> Stamp {
        Stamp {
            time: Timestamp::from_micros(time),
            position,
        }
    }

    #[test]
    fn the_latest_time_wins_and_ties_go_to_the_higher_position() {
        let mut latest = Latest::default();
        latest.set(stamp(-5, 1), Some("before 1970"));
        assert_eq!(latest.copied(), Some("before 1970"));
        latest.set(stamp(10, 2), Some("new"));
        latest.set(stamp(5, 3), Some("late news of old"));
        assert_eq!(latest.copied(), Some("new"));
        latest.set(stamp(10, 4), Some("same time, learned later"));
        assert_eq!(latest.copied(), Some("same time, learned later"));
    }

    #[test]
    fn an_absent_member_keeps_and_null_clears() {
        let mut latest = Latest::default();
        latest.set_member(stamp(1, 1), &Member::Value(7), |value| *value);
        latest.set_member(stamp(2, 2), &Member::<i32>::Absent, |value| *value);
        assert_eq!(latest.copied(), Some(7));
        latest.set_member(stamp(3, 3), &Member::<i32>::Null, |value| *value);
        assert_eq!(latest.copied(), None);
        latest.set_member(stamp(2, 4), &Member::Value(9), |value| *value);
        assert_eq!(latest.copied(), None, "it was cleared after that");
    }

    #[test]
    fn positions_around_a_place_are_small_numbers_and_come_back() {
        let from = 1_000;
        for position in [1, 998, 999, 1_000, 1_001, u64::MAX >> 1] {
            let steps = steps_from(from, position);
            assert_ne!(steps, 0, "{position}");
            assert_eq!(position_at(from, steps), position);
        }
        assert_eq!(steps_from(from, from), 1);
        assert_eq!(steps_from(from, from + 3), 7);
    }

    #[test]
    fn it_decodes_to_what_was_encoded() {
        for latest in [Latest::default(), {
            let mut latest = Latest::default();
            latest.set(stamp(3, 9), Some(4_u32));
            latest
        }] {
            let bytes = postcard::to_stdvec(&latest).unwrap();
            assert_eq!(postcard::from_bytes::<Latest<u32>>(&bytes).unwrap(), latest);
        }
        assert_eq!(postcard::to_stdvec(&Latest::<u32>::default()).unwrap(), [0]);
    }
}
