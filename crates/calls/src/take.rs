//! How each type of event changes a call.

use crate::stored::{
    ACTIONS, End, Outcome, Queue, Recording, Scores, Since, Start, Stored, Transcript,
};
use touchbook_events::catalogue::call::{
    ActionTakenFacts, CallAction, Ended, OutcomeRecorded, RecordingUpdated, ScoredFacts, Started,
    Transcribed,
};
use touchbook_events::{Data, Record};
use touchbook_projection::Place;
use touchbook_projection::{Latest, Stamp};

impl<'a> Stored<'a> {
    /// A call that `record` makes, before it takes what the record says.
    pub(crate) fn new(record: &'a Record) -> Self {
        Self {
            entry_id: record.sent.as_ref().map(|sent| &*sent.subject),
            ..Self::default()
        }
    }

    /// Takes what one more record of the call says.
    pub(crate) fn take(&mut self, place: Place, record: &'a Record) {
        let stamp = Stamp::of(&record.header);
        self.last_position = stamp.position;
        match &record.data {
            Data::CallStarted(data) => {
                self.start.take(place, stamp, data);
                self.aliases_of(stamp, data);
            }
            Data::CallEnded(data) => self.end.take(place, stamp, data),
            Data::CallOutcomeRecorded(data) => {
                let outcome = Outcome::of(place, stamp, data);
                self.outcome.set(stamp, Some(outcome));
            }
            Data::CallRecordingUpdated(data) => {
                self.recording.take(stamp, data);
                self.sids_of(stamp, data);
            }
            Data::CallTranscribed(data) => self.transcript.take(place, stamp, data),
            Data::CallScored(data) => self.scores.take(stamp, &data.facts),
            Data::CallActionTaken(data) => set_flag(&mut self.actions, stamp, &data.facts),
            _ => {}
        }
        if let Some(sent) = &record.sent {
            self.goes_by(&sent.subject);
        }
    }

    fn aliases_of(&mut self, stamp: Stamp, started: &'a Started) {
        let personal = started.personal.as_ref();
        let aliases = personal.and_then(|personal| personal.aliases.as_ref());
        let call_sid = aliases.and_then(|aliases| aliases.call_sid.as_deref());
        self.take_alias(|names| &mut names.call_sid, stamp, call_sid);
    }

    fn sids_of(&mut self, stamp: Stamp, updated: &'a RecordingUpdated) {
        let Some(personal) = &updated.personal else {
            return;
        };
        let call_sid = personal.call_sid.as_deref();
        self.take_alias(|names| &mut names.call_sid, stamp, call_sid);
        let recording_sid = personal.recording_sid.as_deref();
        self.take_alias(|names| &mut names.recording_sid, stamp, recording_sid);
    }
}

impl<'a> Start<'a> {
    fn take(&mut self, place: Place, stamp: Stamp, started: &'a Started) {
        let facts = &started.facts;
        self.at.set(stamp, Some(Since::of(place, stamp.time)));
        self.agent_id.set_some(stamp, facts.agent_id.as_deref());
        self.direction.set_some(stamp, facts.direction);
        self.call_source.set_some(stamp, facts.call_source);
        self.source_log.set_some(stamp, facts.source_log.as_deref());
        let queue = facts.queue.as_ref().map(|queue| Queue {
            kind: queue.kind.as_deref(),
            priority_score: queue.priority_score,
            position: queue.position,
        });
        self.queue.set_some(stamp, queue);
    }
}

impl<'a> End<'a> {
    /// A call ends when the event says, else when the event happened.
    fn take(&mut self, place: Place, stamp: Stamp, ended: &'a Ended) {
        let facts = &ended.facts;
        let ended_at = facts.ended_at.map_or(stamp.time, |ended_at| ended_at.at());
        self.at.set(stamp, Some(Since::of(place, ended_at)));
        self.duration_seconds
            .set_some(stamp, facts.duration_seconds);
        self.disposition
            .set_some(stamp, facts.disposition.as_deref());
    }
}

impl<'a> Outcome<'a> {
    fn of(place: Place, stamp: Stamp, recorded: &'a OutcomeRecorded) -> Self {
        let (facts, personal) = (&recorded.facts, recorded.personal.as_ref());
        Self {
            outcome: facts.outcome.as_str(),
            outcome_raw: facts.outcome_raw.as_deref(),
            at: Since::of(place, stamp.time),
            agent_id: facts.agent_id.as_deref(),
            notes: personal.and_then(|personal| personal.notes.as_deref()),
            callback_at: facts.callback_at.map(|at| Since::of(place, at.at())),
            sale_made: facts.sale_made,
        }
    }
}

impl<'a> Recording<'a> {
    fn take(&mut self, stamp: Stamp, updated: &'a RecordingUpdated) {
        let facts = &updated.facts;
        let is_final = facts.status.is_some_and(|status| status.is_final());
        match is_final {
            true => self.finished.set(stamp, facts.status),
            false => self.in_progress.set_some(stamp, facts.status),
        }
        self.duration_seconds
            .set_some(stamp, facts.duration_seconds);
        let url = updated
            .personal
            .as_ref()
            .and_then(|personal| personal.url.as_deref());
        self.url.set_some(stamp, url);
    }
}

impl<'a> Transcript<'a> {
    fn take(&mut self, place: Place, stamp: Stamp, transcribed: &'a Transcribed) {
        let facts = &transcribed.facts;
        self.status.set_some(stamp, facts.status);
        self.language.set_some(stamp, facts.language.as_deref());
        let Some(personal) = &transcribed.personal else {
            return;
        };
        self.url.set_some(stamp, personal.url.as_deref());
        self.summary.set_some(stamp, personal.summary.as_deref());
        let steps = stamp.position.wrapping_sub(place.position);
        self.text
            .set_some(stamp, personal.text.as_ref().map(|_| steps));
    }
}

impl Scores {
    fn take(&mut self, stamp: Stamp, facts: &ScoredFacts) {
        self.call
            .set_some(stamp, facts.call_score.map(|score| *score));
        let agent = facts.agent_performance_score.map(|score| *score);
        self.agent_performance.set_some(stamp, agent);
        let likelihood = facts.conversion_likelihood.map(|score| *score);
        self.conversion_likelihood.set_some(stamp, likelihood);
    }
}

/// Absent, the value is true.
fn set_flag(actions: &mut [Latest<bool>; ACTIONS], stamp: Stamp, facts: &ActionTakenFacts) {
    let all = CallAction::ALL.iter().zip(actions);
    for (_, flag) in all.filter(|(action, _)| **action == facts.action) {
        flag.set(stamp, Some(facts.value.unwrap_or(true)));
    }
}
