//! Why an event changes nothing.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// Why an event changes nothing: its name in JSON, its number in records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ineffective {
    AlreadyCompleted,
    AlreadyMerged,
    NotMerged,
    AlreadyRetracted,
    NotRetracted,
    UnknownSubject,
    Unchanged,
    NotAllowedInState,
    /// What it is about changed after the position that it expects.
    PositionChanged,
    AlreadyResolved,
}

/// Numbers stand in records for ever. 6 was `older_revision`, which nothing was ever decided for:
/// an older revision is effective, and its own time says what it changes.
const TABLE: [(Ineffective, u32, &str); 10] = [
    (Ineffective::AlreadyCompleted, 0, "already_completed"),
    (Ineffective::AlreadyMerged, 1, "already_merged"),
    (Ineffective::NotMerged, 2, "not_merged"),
    (Ineffective::AlreadyRetracted, 3, "already_retracted"),
    (Ineffective::NotRetracted, 4, "not_retracted"),
    (Ineffective::UnknownSubject, 5, "unknown_subject"),
    (Ineffective::Unchanged, 7, "unchanged"),
    (Ineffective::NotAllowedInState, 8, "not_allowed_in_state"),
    (Ineffective::PositionChanged, 9, "position_changed"),
    (Ineffective::AlreadyResolved, 10, "already_resolved"),
];

impl Ineffective {
    pub fn as_str(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (Self, u32, &'static str) {
        TABLE[self as usize]
    }
}

impl fmt::Display for Ineffective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Ineffective {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (_, number, name) = self.row();
        match serializer.is_human_readable() {
            true => serializer.serialize_str(name),
            false => serializer.serialize_u32(number),
        }
    }
}

impl<'de> Deserialize<'de> for Ineffective {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let known = if deserializer.is_human_readable() {
            let sent = Cow::<'de, str>::deserialize(deserializer)?;
            TABLE.iter().find(|(_, _, name)| *name == sent)
        } else {
            let stored = u32::deserialize(deserializer)?;
            TABLE.iter().find(|(_, number, _)| *number == stored)
        };
        let unknown = || serde::de::Error::custom("no reason for changing nothing");
        known.map(|(reason, _, _)| *reason).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_row_of_its_own() {
        for (at, (reason, number, name)) in TABLE.into_iter().enumerate() {
            assert_eq!((reason as usize, reason.as_str()), (at, name));
            let same = |row: &&(Ineffective, u32, &str)| row.1 == number || row.2 == name;
            assert_eq!(TABLE.iter().filter(same).count(), 1, "{name}");
        }
    }

    /// The bytes of records, which are never written otherwise.
    #[test]
    fn stored_numbers_stay_as_they_are() {
        let numbers = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10];
        for ((reason, _, name), number) in TABLE.into_iter().zip(numbers) {
            assert_eq!(postcard::to_stdvec(&reason).unwrap(), [number]);
            assert_eq!(postcard::from_bytes(&[number]), Ok(reason));
            let json = format!("\"{name}\"");
            assert_eq!(serde_json::to_string(&reason).unwrap(), json);
            assert_eq!(serde_json::from_str::<Ineffective>(&json).unwrap(), reason);
        }
        assert!(postcard::from_bytes::<Ineffective>(&[6]).is_err());
    }
}
