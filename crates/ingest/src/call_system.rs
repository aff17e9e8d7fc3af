//! `POST /api/integrations/call-system`: what an AI call system knows of a call (S1-108 to S1-113).

use crate::event::Event;
use crate::foreign::Foreign;
use crate::moment::later;
use crate::payload::{Payload, identify};
use crate::reference::{Reference, own_key};
use crate::sentiment::{self, Said};
use touchbook_events::catalogue::call::{Direction, TranscriptStatus};
use touchbook_events::text::{AgentId, Description, OwnKey, Text, Transcript, Url, Word};
use touchbook_events::{EventType, Moment, Problem};

const SYSTEM: &str = "call-system";

/// What stands in a body, checked; `call_id` alone must be there.
struct Call {
    call_id: OwnKey,
    customer: Reference,
    agent_id: Option<AgentId>,
    direction: Option<Direction>,
    started_at: Option<String>,
    /// When everything but its beginning happened: its end, as far as that is known.
    ended_at: Option<String>,
    ends: bool,
    duration_seconds: Option<u32>,
    outcome: Option<Word>,
    notes: Option<Description>,
    recording_url: Option<Url>,
    transcript: Option<Transcript>,
    summary: Option<Text<10_000>>,
    sentiment: Option<Said>,
}

/// One event for each thing that the body tells, at its own moment. A body that comes again, also
/// with more in it, repeats none of what it told before.
///
/// # Errors
/// With a pointer into `body`.
pub fn read(body: &str) -> Result<Vec<Event>, Problem> {
    let mut foreign = Foreign::parse(body)?;
    let call = Call::take(&mut foreign)?;
    let mut events = vec![call.started(foreign)?];
    if call.ends {
        events.push(call.ended()?);
    }
    events.extend(call.outcome_recorded()?);
    events.extend(call.recording_updated()?);
    events.extend(call.transcribed()?);
    if let Some(said) = &call.sentiment {
        let subject = EventType::CallStarted.subject(&call.call_id);
        events.push(sentiment::scored(
            said,
            SYSTEM,
            &subject,
            call.ended_at.clone(),
        )?);
    }
    Ok(events)
}

impl Call {
    fn take(foreign: &mut Foreign<'_>) -> Result<Self, Problem> {
        let call_id = own_key(foreign, "call_id")?;
        let mut customer = Reference::take(foreign)?;
        customer.identify(foreign)?;
        let started_at = moment(foreign, "started_at")?;
        let ended_at = moment(foreign, "ended_at")?;
        let duration_seconds = foreign.optional("duration_seconds")?;
        let ends = ended_at.is_some() || duration_seconds.is_some();
        let computed = || {
            let started_at = started_at.as_deref()?;
            Some(later(started_at, duration_seconds.unwrap_or_default()))
        };
        Ok(Self {
            call_id,
            customer,
            agent_id: foreign.optional("agent_id")?,
            direction: foreign.optional("direction")?,
            ended_at: ended_at.or_else(computed),
            ends,
            started_at,
            duration_seconds,
            outcome: foreign.optional("outcome")?,
            notes: foreign.peek("notes")?,
            recording_url: foreign.optional("recording_url")?,
            transcript: foreign.optional("transcript")?,
            summary: foreign.optional("summary")?,
            sentiment: sentiment::take(foreign, true)?,
        })
    }

    /// With what nothing else takes: notes too, where no outcome has them.
    fn started(&self, mut foreign: Foreign<'_>) -> Result<Event, Problem> {
        if self.outcome.is_some() {
            foreign.raw("notes");
        }
        let mut payload = self.payload()?;
        payload.value("customer", self.customer.clone().some())?;
        payload.value("agent_id", self.agent_id.as_ref())?;
        payload.value("direction", self.direction)?;
        payload.keep(EventType::CallStarted, foreign)?;
        self.event(EventType::CallStarted, payload, self.started_at.as_ref())
    }

    fn ended(&self) -> Result<Event, Problem> {
        let mut payload = self.payload()?;
        payload.value("ended_at", self.ended_at.as_deref())?;
        payload.value("duration_seconds", self.duration_seconds)?;
        self.event(EventType::CallEnded, payload, self.ended_at.as_ref())
    }

    fn outcome_recorded(&self) -> Result<Option<Event>, Problem> {
        let Some(outcome) = &self.outcome else {
            return Ok(None);
        };
        let mut payload = self.payload()?;
        payload.value("outcome", Some(outcome))?;
        payload.value("notes", self.notes.as_ref())?;
        payload.value("agent_id", self.agent_id.as_ref())?;
        let event_type = EventType::CallOutcomeRecorded;
        self.event(event_type, payload, self.ended_at.as_ref())
            .map(Some)
    }

    fn recording_updated(&self) -> Result<Option<Event>, Problem> {
        let Some(url) = &self.recording_url else {
            return Ok(None);
        };
        let mut payload = self.payload()?;
        payload.value("url", Some(url))?;
        let event_type = EventType::CallRecordingUpdated;
        self.event(event_type, payload, self.ended_at.as_ref())
            .map(Some)
    }

    fn transcribed(&self) -> Result<Option<Event>, Problem> {
        if self.transcript.is_none() && self.summary.is_none() {
            return Ok(None);
        }
        let mut payload = self.payload()?;
        let status = self
            .transcript
            .as_ref()
            .map(|_| TranscriptStatus::Completed);
        payload.value("status", status)?;
        payload.value("text", self.transcript.as_ref())?;
        payload.value("summary", self.summary.as_ref())?;
        let event_type = EventType::CallTranscribed;
        self.event(event_type, payload, self.ended_at.as_ref())
            .map(Some)
    }

    fn payload(&self) -> Result<Payload, Problem> {
        let mut payload = Payload::default();
        payload.value("call_id", Some(&self.call_id))?;
        Ok(payload)
    }

    fn event(
        &self,
        event_type: EventType,
        payload: Payload,
        time: Option<&String>,
    ) -> Result<Event, Problem> {
        identify(Event {
            id: None,
            source: SYSTEM.to_owned(),
            event_type,
            subject: Some(event_type.subject(&self.call_id)),
            time: time.cloned(),
            data: payload.finish()?,
        })
    }
}

/// A time in its own text.
fn moment(foreign: &mut Foreign<'_>, name: &str) -> Result<Option<String>, Problem> {
    foreign.peek::<Moment>(name)?;
    foreign.optional(name)
}
