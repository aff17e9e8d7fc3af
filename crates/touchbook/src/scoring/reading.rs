//! From records to the scores that are to be published.

use super::place::{Activated, Kind, Stretch};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use touchbook_calls::Calls;
use touchbook_engine::metrics as names;
use touchbook_engine::{ReadError, Submission, Tenant};
use touchbook_events::incoming::{
    Entrance, IMPORT_SOURCE, IMPORT_UNDONE_REASON, import_id, import_undoing_id,
};
use touchbook_events::record::CodecError;
use touchbook_events::{Data, Envelope, EventType, Header, Incoming, Principal, Record};
use touchbook_projection::{Place, Projector};
use touchbook_sentiment::{SOURCE, ScoredEvent, Scorer, may_have_text, text_of};

/// Scores that are published together: a commit takes no longer for them than for a small request.
const SCORES_MAX: usize = 100;
/// Characters that are scored at a time, some hundred milliseconds at worst.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Records that are looked at at a time.
const RECORDS_MAX: u64 = 20_000;

/// The projections that say what is known of a call.
pub(super) const PROJECTIONS: [&str; 1] = [Calls::NAME];

/// What was found in a stretch of the ledger.
#[derive(Default)]
pub(super) struct Found {
    pub(super) scores: Vec<Submission>,
    /// Which of them are of imports' entries.
    pub(super) imported: Vec<Imported>,
    /// Of scores that an undoing did not see.
    pub(super) retractions: Vec<Submission>,
    /// The last record that was looked at.
    pub(super) reached: u64,
    pub(super) activated: Vec<Activated>,
    text_bytes: usize,
}

/// An import's entry.
pub(super) struct Imported {
    /// Of its score among those that were found.
    pub(super) index: usize,
    position: u64,
    import_id: Box<str>,
}

impl Found {
    fn is_full(&self, after: u64) -> bool {
        self.scores.len() + self.retractions.len() >= SCORES_MAX
            || self.text_bytes >= TEXT_BYTES_MAX
            || self.reached - after >= RECORDS_MAX
    }
}

/// Who reads, for whom.
pub(super) struct Reading<'a> {
    pub(super) tenant: &'a Arc<Tenant>,
    pub(super) scorer: &'a dyn Scorer,
    /// Whether others read the stream, so that events must say there who sent them.
    pub(super) is_published: bool,
}

impl Reading<'_> {
    /// Looks at the records of `stretch` in order, as far as one batch goes, or as they can be
    /// read.
    ///
    /// # Errors
    /// Where the first of them can't be.
    pub(super) fn read(&self, stretch: Stretch) -> Result<Found, ReadError> {
        let mut found = Found {
            reached: stretch.after,
            ..Found::default()
        };
        let mut looked = Ok(());
        let positions = stretch.after + 1..=stretch.to;
        let scanned = self.tenant.scan(positions, &mut |position, bytes| {
            looked = self.look_guarded(stretch.kind, position, bytes, &mut found);
            if looked.is_err() {
                return ControlFlow::Break(());
            }
            found.reached = position;
            match found.is_full(stretch.after) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        match scanned.and(looked) {
            Err(error) if found.reached == stretch.after => Err(error),
            _ => Ok(found),
        }
    }

    /// A record that the scorer can't bear is passed by: it would end all scoring, at each start.
    fn look_guarded(
        &self,
        kind: Kind,
        position: u64,
        bytes: &[u8],
        found: &mut Found,
    ) -> Result<(), ReadError> {
        let look = AssertUnwindSafe(|| self.look(kind, position, bytes, found));
        catch_unwind(look).unwrap_or_else(|_| {
            let tenant = self.tenant.slug();
            tracing::error!(
                tenant,
                position,
                "the scorer panicked; the record is passed by"
            );
            metrics::counter!(names::SENTIMENT_SKIPPED_TOTAL).increment(1);
            Ok(())
        })
    }

    /// Most records are told by their header.
    fn look(
        &self,
        kind: Kind,
        position: u64,
        bytes: &[u8],
        found: &mut Found,
    ) -> Result<(), ReadError> {
        let undecodable = |source: CodecError| ReadError::Decode { position, source };
        let header = Header::peek(bytes).map_err(undecodable)?;
        let is_activation = header.event_type == EventType::ScorerActivated;
        if !header.is_effective() || !(is_activation || may_have_text(header.event_type)) {
            return Ok(());
        }
        let record = Record::decode(bytes).map_err(undecodable)?;
        match kind {
            Kind::New if is_activation => found.activated.extend(self.activation(&record)),
            Kind::Past(_) if is_activation => {}
            // When it happened may be long before anybody told.
            Kind::Past(since) if Place::of(&record).occurred_at < since => {}
            Kind::New | Kind::Past(_) => self.score(&record, found)?,
        }
        Ok(())
    }

    fn activation(&self, record: &Record) -> Option<Activated> {
        let Data::ScorerActivated(activated) = &record.data else {
            return None;
        };
        let facts = &activated.facts;
        let is_ours =
            *facts.name == *self.scorer.name() && *facts.version == *self.scorer.version();
        is_ours.then(|| Activated {
            position: record.header.position,
            since: facts.since.map(|since| since.at()),
        })
    }

    /// What the ledger knows already is not scored again, whatever was kept of how far that is.
    fn score(&self, record: &Record, found: &mut Found) -> Result<(), ReadError> {
        let (header, key) = (&record.header, self.tenant.key());
        let Some(text) = text_of(&record.data) else {
            return Ok(());
        };
        let id = ScoredEvent::id_of(header, self.scorer, key);
        let known = self.tenant.find(SOURCE, &id)?;
        let import = record.sent.as_ref().and_then(import_id);
        if let Some(import_id) = import
            && self.is_undone(header.position, import_id)?
        {
            let retraction = known.and_then(|score| self.retraction(import_id, score));
            found.retractions.extend(retraction);
            return Ok(());
        }
        if self.is_retold(record) || known.is_some() {
            return Ok(());
        }
        found.text_bytes += text.len();
        let scored = ScoredEvent::of(record, &text, self.scorer, key);
        if let Some(submission) = scored.and_then(|scored| self.submission(&scored.envelope())) {
            found.imported.extend(import.map(|import_id| Imported {
                index: found.scores.len(),
                position: header.position,
                import_id: import_id.into(),
            }));
            found.scores.push(submission);
        }
        Ok(())
    }

    /// What takes back the score at `score` of an entry whose import was undone meanwhile: the
    /// undoing did not see it.
    pub(super) fn look_again(
        &self,
        entry: &Imported,
        score: u64,
    ) -> Result<Option<Submission>, ReadError> {
        let is_undone = self.is_undone(entry.position, &entry.import_id)?;
        Ok(is_undone
            .then(|| self.retraction(&entry.import_id, score))
            .flatten())
    }

    /// Whether the undoing of its import took the record back. What a person takes back may come
    /// back, and is scored.
    fn is_undone(&self, position: u64, import_id: &str) -> Result<bool, ReadError> {
        if !self.is_retracted(position) {
            return Ok(false);
        }
        let began = self
            .tenant
            .find(IMPORT_SOURCE, &import_undoing_id(import_id))?;
        Ok(began.is_some())
    }

    fn is_retracted(&self, position: u64) -> bool {
        let calls = self.tenant.projection::<Calls>();
        calls.is_some_and(|calls| calls.slices(u64::MAX).is_retracted(position))
    }

    /// As the undoing itself would have said it; `None` where it did.
    fn retraction(&self, import_id: &str, score: u64) -> Option<Submission> {
        if self.is_retracted(score) {
            return None;
        }
        let data = json!({ "positions": [score], "reason": IMPORT_UNDONE_REASON });
        let data = to_raw_value(&data).ok()?;
        self.submission(&Envelope {
            id: format!("{import_id}:retract-score-{score}").into(),
            source: IMPORT_SOURCE.into(),
            event_type: EventType::EventRetracted.as_str().into(),
            data: Some(&data),
            ..Envelope::default()
        })
    }

    /// Whether it is the summary of a call whose own words are known.
    fn is_retold(&self, record: &Record) -> bool {
        let Data::CallTranscribed(transcribed) = &record.data else {
            return false;
        };
        let has_text = (transcribed.personal.as_ref()).is_some_and(|own| own.text.is_some());
        if has_text {
            return false;
        }
        let subject = record.header.subject;
        let calls = self.tenant.projection::<Calls>();
        let told = calls.and_then(|calls| {
            calls.find(subject, |_, state| {
                state.call(subject)?.transcript_position()
            })
        });
        told.is_some()
    }

    fn submission(&self, envelope: &Envelope<'_>) -> Option<Submission> {
        let (us, data) = (
            Principal::touchbook(),
            envelope.data.map_or("", RawValue::get),
        );
        let (entrance, key) = (Entrance::Service, self.tenant.key());
        let read = Incoming::from_envelope(envelope, data.len(), entrance, &us, key);
        let incoming = read
            .inspect_err(|problem| tracing::warn!(code = problem.code, "a score is no event"))
            .ok()?;
        let json = match self.is_published {
            true => Incoming::republish(envelope, &us, self.tenant.slug()).into(),
            // Nobody reads it; its bytes are counted.
            false => data.to_owned().into(),
        };
        Some(Submission { incoming, json })
    }
}
