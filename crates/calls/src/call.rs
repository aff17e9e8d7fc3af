//! A call as it is read.

use crate::book::Slot;
use crate::stored::{Packed, Queue, Stored};
use touchbook_events::catalogue::call::{CallAction, Direction, RecordingStatus};
use touchbook_events::catalogue::sentiment::Felt;
use touchbook_events::{CustomerId, Data, Digest, Record, Score, Timestamp};
use touchbook_projection::Place;

/// A call; serialises to what answers show (`http.md` §2).
#[derive(Clone, Debug, PartialEq)]
pub struct Call<'a> {
    pub(crate) place: Place,
    subject: Digest,
    pub(crate) stored: Stored<'a>,
}

/// A call with whose it is, as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<'a> {
    pub customer_id: CustomerId,
    pub call: Call<'a>,
}

/// A call by itself, with its transcript (S1-108).
#[derive(Clone, Debug, PartialEq)]
pub struct Detailed<'a> {
    pub customer_id: CustomerId,
    pub call: Call<'a>,
    /// [Of the record](transcript_text) at [`Call::transcript_position`].
    pub transcript_text: Option<&'a str>,
}

impl<'a> Call<'a> {
    pub(crate) fn of(slot: &'a Slot) -> Self {
        Self::new(slot.place, slot.subject, &slot.packed)
    }

    pub(crate) fn new(place: Place, subject: Digest, packed: &'a [u8]) -> Self {
        Self {
            place,
            subject,
            stored: Packed(packed).stored(place),
        }
    }

    pub fn subject(&self) -> Digest {
        self.subject
    }

    /// The subject as text; `None` once erased.
    pub fn entry_id(&self) -> Option<&'a str> {
        self.stored.entry_id
    }

    /// Of its first record, as is `occurred_at`.
    pub fn position(&self) -> u64 {
        self.place.position
    }

    pub fn occurred_at(&self) -> Timestamp {
        self.place.occurred_at
    }

    /// Of its newest record, whatever that was about.
    pub fn last_position(&self) -> u64 {
        self.stored.last_position
    }

    /// `None` where nobody told of its beginning.
    pub fn started_at(&self) -> Option<Timestamp> {
        let at = self.stored.start.at.copied();
        at.map(|since| since.at(self.place))
    }

    pub fn ended_at(&self) -> Option<Timestamp> {
        let at = self.stored.end.at.copied();
        at.map(|since| since.at(self.place))
    }

    pub fn duration_seconds(&self) -> Option<u32> {
        self.stored.end.duration_seconds.copied()
    }

    /// How it ended, in the telephone system's own word.
    pub fn disposition(&self) -> Option<&'a str> {
        self.stored.end.disposition.copied()
    }

    pub fn agent_id(&self) -> Option<&'a str> {
        self.stored.start.agent_id.copied()
    }

    pub fn direction(&self) -> Option<Direction> {
        self.stored.start.direction.copied()
    }

    pub fn queue(&self) -> Option<Queue<'a>> {
        self.stored.start.queue.copied()
    }

    /// The canonical word of the latest outcome (C2).
    pub fn outcome(&self) -> Option<&'a str> {
        self.stored.outcome.get().map(|outcome| outcome.outcome)
    }

    /// `None` where it is not known.
    pub fn sale_made(&self) -> Option<bool> {
        self.stored.outcome.get()?.sale_made
    }

    pub fn recording_status(&self) -> Option<RecordingStatus> {
        let recording = &self.stored.recording;
        let finished = recording.finished.copied();
        finished.or_else(|| recording.in_progress.copied())
    }

    /// Where the record stands that has the text of the transcript.
    pub fn transcript_position(&self) -> Option<u64> {
        let steps = self.stored.transcript.text.copied();
        steps.map(|steps| self.place.position.wrapping_add(steps))
    }

    pub fn transcript_summary(&self) -> Option<&'a str> {
        self.stored.transcript.summary.copied()
    }

    /// What somebody said of it, else what our own scorer found.
    pub fn sentiment(&self) -> Option<Felt> {
        self.stored.sentiment.copied()
    }

    /// 1 to 10.
    pub fn call_score(&self) -> Option<Score> {
        self.stored.scores.call.copied()
    }

    /// 1 to 10.
    pub fn agent_performance_score(&self) -> Option<Score> {
        self.stored.scores.agent_performance.copied()
    }

    /// 0 to 1.
    pub fn conversion_likelihood(&self) -> Option<Score> {
        self.stored.scores.conversion_likelihood.copied()
    }

    /// Whether an agent did this during the call (S4-009 to S4-012).
    pub fn has_action(&self, action: CallAction) -> bool {
        let flag = CallAction::ALL.iter().position(|other| *other == action);
        flag.and_then(|at| self.stored.actions[at].copied()) == Some(true)
    }
}

/// The text that a record has of a call; `None` once erased.
pub fn transcript_text(record: &Record) -> Option<&str> {
    match &record.data {
        Data::CallTranscribed(data) => data.personal.as_ref()?.text.as_deref(),
        _ => None,
    }
}
