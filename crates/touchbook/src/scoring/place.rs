//! How far a scorer is with a tenant, and what it has yet to do.

use serde::{Deserialize, Serialize};
use touchbook_engine::{Activation, ScorerProgress};
use touchbook_events::Timestamp;

/// What is kept of a scorer's work; losing it costs reading again, never a second score.
///
/// It is of no version: a newer one goes on where the older stopped, and the past keeps its scores
/// until somebody says that the newer one's count there too (`scorer.activated`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Everything up to here is scored, or was not to be.
    pub(super) position: u64,
    pub(super) activated: Option<Activated>,
    /// What is scored again.
    pub(super) past: Option<Past>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Activated {
    pub(super) position: u64,
    pub(super) since: Option<Timestamp>,
}

/// The records before an activation, of entries from its moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Past {
    pub(super) since: Timestamp,
    /// Everything up to here is done.
    pub(super) done: u64,
    /// The last record of it.
    pub(super) to: u64,
}

/// Records to look at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) after: u64,
    pub(super) to: u64,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What has become durable.
    New,
    /// What happened since a moment, once more.
    Past(Timestamp),
}

impl Place {
    /// What is to be done next in a ledger that ends at `head`; what is new comes first.
    pub(super) fn next(&self, head: u64) -> Option<Stretch> {
        if self.position < head {
            return Some(Stretch {
                after: self.position,
                to: head,
                kind: Kind::New,
            });
        }
        let past = self.past?;
        Some(Stretch {
            after: past.done,
            to: past.to,
            kind: Kind::Past(past.since),
        })
    }

    /// Everything of `stretch` up to `reached` is done.
    pub(super) fn reach(&mut self, stretch: Stretch, reached: u64) {
        match stretch.kind {
            Kind::New => self.position = reached,
            Kind::Past(_) => {
                let past = self.past.take();
                self.past = past
                    .map(|past| Past {
                        done: reached,
                        ..past
                    })
                    .filter(|past| past.done < past.to);
            }
        }
    }

    /// The scorer's words count since a moment; those of the past that are missing are said now.
    /// Two pasts are one, from the earlier moment on.
    pub(super) fn activate(&mut self, activated: Activated) {
        self.activated = Some(activated);
        let Some(since) = activated.since else { return };
        let since = self.past.map_or(since, |past| past.since.min(since));
        self.past = Some(Past {
            since,
            done: 0,
            to: activated.position,
        });
    }

    /// A place beyond the end is one in another ledger.
    pub(super) fn within(self, head: u64) -> Self {
        let is_within = self.position <= head && self.past.is_none_or(|past| past.to <= head);
        if is_within { self } else { Self::default() }
    }

    pub(super) fn progress(&self) -> ScorerProgress {
        let activation = |activated: Activated| Activation {
            position: activated.position,
            since: activated.since,
        };
        ScorerProgress {
            position: self.position,
            activation: self.activated.map(activation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn activated(position: u64, since: Option<i64>) -> Activated {
        Activated {
            position,
            since: since.map(at),
        }
    }

    #[test]
    fn what_is_new_comes_before_the_past() {
        let mut place = Place::default();
        assert_eq!(place.next(0), None);
        let new = place.next(10).unwrap();
        assert_eq!((new.after, new.to, new.kind), (0, 10, Kind::New));
        place.reach(new, 7);
        place.activate(activated(6, Some(3)));
        let rest = place.next(10).unwrap();
        assert_eq!((rest.after, rest.kind), (7, Kind::New));
        place.reach(rest, 10);
        let past = place.next(10).unwrap();
        assert_eq!((past.after, past.to, past.kind), (0, 6, Kind::Past(at(3))));
        place.reach(past, 4);
        assert_eq!(place.next(10).unwrap().after, 4);
        place.reach(past, 6);
        assert_eq!((place.past, place.next(10)), (None, None));
        assert_eq!(place.activated, Some(activated(6, Some(3))));
    }

    #[test]
    fn an_activation_from_now_on_has_no_past() {
        let mut place = Place::default();
        place.activate(activated(5, None));
        assert_eq!(place.past, None);
    }

    #[test]
    fn of_two_pasts_the_earlier_moment_counts_and_all_is_done_again() {
        let mut place = Place::default();
        place.activate(activated(5, Some(3)));
        place.reach(place.next(0).unwrap(), 4);
        place.activate(activated(9, Some(8)));
        let past = place.past.unwrap();
        assert_eq!((past.since, past.done, past.to), (at(3), 0, 9));
    }

    #[test]
    fn a_place_in_another_ledger_is_none() {
        let place = Place {
            position: 9,
            ..Place::default()
        };
        assert_eq!(place.within(9), place);
        assert_eq!(place.within(8), Place::default());
    }
}
