//! A state as it is stored: what was said, without what follows from it.

use crate::entries::{Entries, Entry, Said, Subject};
use crate::open::Open;
use crate::scores::{Early, Scored, Scores};
use crate::state::State;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Saved<'a> {
    is_known: bool,
    is_anonymous: bool,
    entries: &'a [Entry],
    said: &'a [Said],
    scored: &'a [Scored],
    early: &'a BTreeMap<Subject, Early>,
}

#[derive(Deserialize)]
struct Restored {
    is_known: bool,
    is_anonymous: bool,
    entries: Vec<Entry>,
    said: Vec<Said>,
    scored: Vec<Scored>,
    early: BTreeMap<Subject, Early>,
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (entries, said) = self.entries.parts();
        let saved = Saved {
            is_known: self.is_known,
            is_anonymous: self.is_anonymous,
            entries,
            said,
            scored: self.scores.scored(),
            early: self.scores.early(),
        };
        saved.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let saved = Restored::deserialize(deserializer)?;
        let entries = Entries::from_parts(saved.entries, saved.said)
            .ok_or_else(|| D::Error::custom("not a customer's entries"))?;
        let scores = Scores::from_parts(&entries, saved.scored, saved.early)
            .ok_or_else(|| D::Error::custom("not the scores of these entries"))?;
        Ok(Self {
            is_known: saved.is_known,
            is_anonymous: saved.is_anonymous,
            open: Open::of(&entries),
            entries,
            scores,
        })
    }
}
