//! A call as it is kept: packed into bytes, and read without copying.

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use touchbook_events::catalogue::call::{
    CallAction, CallSource, Direction, RecordingStatus, TranscriptStatus,
};
use touchbook_events::catalogue::sentiment::Felt;
use touchbook_events::money::Decimal;
use touchbook_events::{Score, Timestamp};
use touchbook_projection::Place;
use touchbook_projection::latest::{position_at, steps_from};
use touchbook_projection::{Encoded, Judged, Latest, Stamp};

/// The queue as it stood when the call was made (S4-013 to S4-015).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queue<'a> {
    /// Which queue.
    #[serde(rename = "type")]
    pub kind: Option<&'a str>,
    pub priority_score: Option<Decimal>,
    /// The customer's place, from 1.
    pub position: Option<u32>,
}

impl Queue<'_> {
    pub(crate) const UNKNOWN: Self = Self {
        kind: None,
        priority_score: None,
        position: None,
    };
}

/// Everything of a call but its place. Each member remembers when it was said, so that what comes
/// late fills what is not known and changes nothing that is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stored<'a> {
    /// `None` once erased.
    #[serde(borrow)]
    pub(crate) entry_id: Option<&'a str>,
    pub(crate) last_position: u64,
    pub(crate) names: Names<'a>,
    pub(crate) start: Start<'a>,
    pub(crate) end: End<'a>,
    pub(crate) outcome: Latest<Outcome<'a>>,
    pub(crate) recording: Recording<'a>,
    pub(crate) transcript: Transcript<'a>,
    pub(crate) sentiment: Judged<Felt>,
    pub(crate) scores: Scores,
    /// By [`CallAction::ALL`].
    pub(crate) actions: [Latest<bool>; ACTIONS],
}

pub(crate) const ACTIONS: usize = CallAction::ALL.len();

/// By what else the call goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Names<'a> {
    #[serde(borrow)]
    pub(crate) call_sid: Latest<&'a str>,
    pub(crate) recording_sid: Latest<&'a str>,
    /// Those that it went by before, and other subjects than `entry_id`.
    pub(crate) others: Vec<&'a str>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Start<'a> {
    pub(crate) at: Latest<Since>,
    #[serde(borrow)]
    pub(crate) agent_id: Latest<&'a str>,
    pub(crate) direction: Latest<Direction>,
    pub(crate) call_source: Latest<CallSource>,
    pub(crate) source_log: Latest<&'a str>,
    pub(crate) queue: Latest<Queue<'a>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct End<'a> {
    pub(crate) at: Latest<Since>,
    pub(crate) duration_seconds: Latest<u32>,
    #[serde(borrow)]
    pub(crate) disposition: Latest<&'a str>,
}

/// One statement: what the latest leaves out is not known of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome<'a> {
    pub(crate) outcome: &'a str,
    pub(crate) outcome_raw: Option<&'a str>,
    pub(crate) at: Since,
    pub(crate) agent_id: Option<&'a str>,
    pub(crate) notes: Option<&'a str>,
    pub(crate) callback_at: Option<Since>,
    pub(crate) sale_made: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recording<'a> {
    pub(crate) in_progress: Latest<RecordingStatus>,
    /// Stands whatever else is said, in whatever order (S4-034).
    pub(crate) finished: Latest<RecordingStatus>,
    #[serde(borrow)]
    pub(crate) url: Latest<&'a str>,
    pub(crate) duration_seconds: Latest<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Transcript<'a> {
    pub(crate) status: Latest<TranscriptStatus>,
    #[serde(borrow)]
    pub(crate) url: Latest<&'a str>,
    pub(crate) language: Latest<&'a str>,
    pub(crate) summary: Latest<&'a str>,
    /// How many positions after the call's first record the one stands that has the text.
    pub(crate) text: Latest<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scores {
    pub(crate) call: Latest<Score>,
    pub(crate) agent_performance: Latest<Score>,
    pub(crate) conversion_likelihood: Latest<Score>,
}

/// A time in microseconds after the call's place: most are close to it, and short so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Since(i64);

impl Since {
    pub(crate) fn of(place: Place, time: Timestamp) -> Self {
        Self(time.micros().wrapping_sub(place.occurred_at.micros()))
    }

    pub(crate) fn at(self, place: Place) -> Timestamp {
        Timestamp::from_micros(self.0.wrapping_add(place.occurred_at.micros()))
    }
}

/// A call's bytes. Times and positions in them count from the call's place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packed<'a>(pub(crate) &'a [u8]);

impl<'a> Packed<'a> {
    pub(crate) fn stored(self, place: Place) -> Stored<'a> {
        let mut stored: Stored<'_> =
            postcard::from_bytes(self.0).expect("bytes of a call are those that were encoded");
        stored.last_position = stored.last_position.wrapping_add(place.position);
        stored.restamp(|stamp| Stamp {
            time: Since(stamp.time.micros()).at(place),
            position: position_at(place.position, stamp.position),
        });
        stored
    }

    /// Refuses what is no call, so that everything in a state can be read.
    pub(crate) fn is_readable(self) -> bool {
        matches!(postcard::take_from_bytes::<Stored<'_>>(self.0), Ok((_, [])))
    }
}

impl Stored<'_> {
    pub(crate) fn pack(mut self, place: Place) -> Arc<[u8]> {
        self.last_position = self.last_position.wrapping_sub(place.position);
        self.restamp(|stamp| Stamp {
            time: Timestamp::from_micros(Since::of(place, stamp.time).0),
            position: steps_from(place.position, stamp.position),
        });
        Arc::from(&*Encoded::of(&self))
    }

    fn restamp(&mut self, of: impl Fn(Stamp) -> Stamp) {
        self.names.call_sid.restamp(&of);
        self.names.recording_sid.restamp(&of);
        self.start.restamp(&of);
        self.end.at.restamp(&of);
        self.end.duration_seconds.restamp(&of);
        self.end.disposition.restamp(&of);
        self.outcome.restamp(&of);
        self.recording.restamp(&of);
        self.transcript.restamp(&of);
        self.sentiment.restamp(&of);
        self.scores.call.restamp(&of);
        self.scores.agent_performance.restamp(&of);
        self.scores.conversion_likelihood.restamp(&of);
        for action in &mut self.actions {
            action.restamp(&of);
        }
    }
}

impl Start<'_> {
    fn restamp(&mut self, of: impl Fn(Stamp) -> Stamp) {
        self.at.restamp(&of);
        self.agent_id.restamp(&of);
        self.direction.restamp(&of);
        self.call_source.restamp(&of);
        self.source_log.restamp(&of);
        self.queue.restamp(&of);
    }
}

impl Recording<'_> {
    fn restamp(&mut self, of: impl Fn(Stamp) -> Stamp) {
        self.in_progress.restamp(&of);
        self.finished.restamp(&of);
        self.url.restamp(&of);
        self.duration_seconds.restamp(&of);
    }
}

impl Transcript<'_> {
    fn restamp(&mut self, of: impl Fn(Stamp) -> Stamp) {
        self.status.restamp(&of);
        self.url.restamp(&of);
        self.language.restamp(&of);
        self.summary.restamp(&of);
        self.text.restamp(&of);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use touchbook_events::catalogue::sentiment::SentimentLabel;

    proptest! {
        #[test]
        fn what_is_packed_at_any_place_comes_back(
            (at, position) in (any::<i64>(), 1_u64..u64::MAX >> 1),
            stamps in prop::collection::vec((any::<i64>(), 1_u64..u64::MAX >> 1), 4),
            last_position in any::<u64>(),
        ) {
            let place = Place { occurred_at: Timestamp::from_micros(at), position };
            let stamp = |at: usize| Stamp {
                time: Timestamp::from_micros(stamps[at].0),
                position: stamps[at].1,
            };
            let mut stored = Stored {
                entry_id: Some("call/1"),
                last_position,
                ..Stored::default()
            };
            stored.names.others.push("CA1");
            stored.start.at.set(stamp(0), Some(Since::of(place, stamp(0).time)));
            stored.sentiment.set_by(true, stamp(1), Felt {
                score: Score::from_millionths(-250_000),
                label: SentimentLabel::Negative,
            });
            stored.actions[3].set(stamp(2), Some(true));
            stored.transcript.text.set(stamp(3), Some(7));
            let packed = stored.clone().pack(place);
            prop_assert!(Packed(&packed).is_readable());
            prop_assert_eq!(&Packed(&packed).stored(place), &stored);
            let started_at = stored.start.at.copied().map(|since| since.at(place));
            prop_assert_eq!(started_at, Some(stamp(0).time));
        }
    }

    #[test]
    fn a_call_of_which_little_is_known_is_a_few_bytes() {
        let place = Place {
            occurred_at: Timestamp::from_micros(1_700_000_000_000_000),
            position: 1_000_000,
        };
        let stored = Stored {
            last_position: 1_000_000,
            ..Stored::default()
        };
        assert!(stored.pack(place).len() <= 32);
    }
}
