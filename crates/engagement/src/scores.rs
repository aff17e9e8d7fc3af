//! The sentiment of entries: one score each, in the order in which the entries happened. It is the
//! latest word of whoever sent the entry or knows it; our own scorer's stands behind that (C7).

use crate::entries::{Entries, Place, Position, Subject, make_room};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use touchbook_events::{Header, Score, Timestamp};
use touchbook_projection::Stamp;

/// An entry's score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scored {
    time: Timestamp,
    pub(crate) entry: u32,
    /// Millionths from −1 to 1.
    pub(crate) score: i32,
    position: Position,
    by: By,
}

/// Who judged; of two, the later in this order counts, whenever each did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum By {
    Touchbook,
    Others,
}

/// A score that is known before its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Early {
    said: (By, Stamp),
    score: i32,
}

impl Early {
    fn of(header: &Header, score: Score) -> Self {
        let by = match header.is_by_touchbook() {
            true => By::Touchbook,
            false => By::Others,
        };
        Self {
            said: (by, Stamp::of(header)),
            score: millionths(score),
        }
    }
}

impl Scored {
    fn new(entry: u32, early: Early) -> Self {
        let (by, stamp) = early.said;
        Self {
            time: stamp.time,
            entry,
            score: early.score,
            position: stamp.position.into(),
            by,
        }
    }

    /// Of the record that scored it.
    pub(crate) fn said_at(&self) -> u64 {
        self.position.into()
    }

    fn said(&self) -> (By, Stamp) {
        let stamp = Stamp {
            time: self.time,
            position: self.said_at(),
        };
        (self.by, stamp)
    }
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

    /// Takes the score of the subject that the record with this header is about; what is no entry
    /// yet waits until it is.
    pub(crate) fn felt(&mut self, entries: &Entries, header: &Header, score: Score) {
        let subject = header.subject.into();
        let felt = Early::of(header, score);
        match entries.find(subject) {
            Some(entry) => self.take(entries, entry, felt),
            None => {
                let early = self.early.entry(subject).or_insert(felt);
                if early.said <= felt.said {
                    *early = felt;
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

    fn take(&mut self, entries: &Entries, entry: u32, felt: Early) {
        let place = entries.get(entry).place();
        let by_place = |scored: &Scored| entries.get(scored.entry).place();
        let at = self.scored().binary_search_by_key(&place, by_place);
        if at.is_ok_and(|at| self.scored()[at].said() > felt.said) {
            return;
        }
        let scored = Scored::new(entry, felt);
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Of an entry with this number.
    pub(crate) fn scored(entry: u32, score: i32) -> Scored {
        let said = (By::Others, Stamp::default());
        Scored::new(entry, Early { said, score })
    }

    #[test]
    fn a_score_is_as_small_as_it_is_said_to_be() {
        assert_eq!(size_of::<Scored>(), 24);
    }
}
