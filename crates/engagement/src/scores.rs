//! The sentiment of entries: one score each, as the latest word has it, in the order in which the
//! entries happened.

use crate::entries::{Entries, Place, Subject, make_room};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use touchbook_events::Score;
use touchbook_projection::Stamp;

/// An entry's score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scored {
    /// When it was scored, and by which record.
    pub(crate) said: Stamp,
    pub(crate) entry: u32,
    /// Millionths from −1 to 1.
    pub(crate) score: i32,
}

/// A score that is known before its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Early {
    said: Stamp,
    score: i32,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Scores {
    /// By place of the entry; shared with the tenant's index. None where nothing is scored.
    scored: Option<Arc<Vec<Scored>>>,
    early: BTreeMap<Subject, Early>,
}

impl Scores {
    pub(crate) fn scored(&self) -> &[Scored] {
        self.scored.as_deref().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn shared(&self) -> Option<&Arc<Vec<Scored>>> {
        self.scored.as_ref()
    }

    /// Takes the score of `subject`; what is no entry yet waits until it is.
    pub(crate) fn felt(&mut self, entries: &Entries, subject: Subject, said: Stamp, score: Score) {
        let score = millionths(score);
        match entries.find(subject) {
            Some(entry) => self.take(entries, entry, Early { said, score }),
            None => {
                let early = self.early.entry(subject).or_insert(Early { said, score });
                if early.said <= said {
                    *early = Early { said, score };
                }
            }
        }
    }

    /// Gives a new entry what was known before it.
    pub(crate) fn entered(&mut self, entries: &Entries, subject: Subject, entry: u32) {
        if let Some(early) = self.early.remove(&subject) {
            self.take(entries, entry, early);
        }
    }

    fn take(&mut self, entries: &Entries, entry: u32, Early { said, score }: Early) {
        let place = entries.get(entry).place();
        let by_place = |scored: &Scored| entries.get(scored.entry).place();
        let at = self.scored().binary_search_by_key(&place, by_place);
        if at.is_ok_and(|at| self.scored()[at].said > said) {
            return;
        }
        let scored = Scored { said, entry, score };
        let list = Arc::make_mut(self.scored.get_or_insert_default());
        match at {
            Ok(at) => list[at] = scored,
            Err(at) => {
                make_room(list);
                list.insert(at, scored);
            }
        }
    }

    pub(crate) fn early(&self) -> &BTreeMap<Subject, Early> {
        &self.early
    }

    /// Scores of `entries` in the order of their places, and of subjects that are no entries;
    /// `None` for any others.
    pub(crate) fn from_parts(
        entries: &Entries,
        scored: Vec<Scored>,
        early: BTreeMap<Subject, Early>,
    ) -> Option<Self> {
        let place = |one: &Scored| -> Option<Place> {
            let is_one = (one.entry as usize) < entries.len();
            is_one.then(|| entries.get(one.entry).place())
        };
        let is_sound = scored.iter().all(|one| place(one).is_some())
            && scored.is_sorted_by(|one, next| place(one) < place(next))
            && early.keys().all(|subject| entries.find(*subject).is_none());
        is_sound.then(|| Self {
            scored: (!scored.is_empty()).then(|| Arc::new(scored)),
            early,
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        let scored = self.scored.as_deref().map_or(0, Vec::capacity);
        scored * size_of::<Scored>() + self.early.len() * size_of::<(Subject, Early)>()
    }
}

/// A score from −1 to 1, which all that are recorded are, is far within.
fn millionths(score: Score) -> i32 {
    let nearest = if score.millionths() < 0 {
        i32::MIN
    } else {
        i32::MAX
    };
    i32::try_from(score.millionths()).unwrap_or(nearest)
}
