//! A call as JSON, written straight from its bytes: null for what is not known.

use crate::call::{Call, Detailed, Listed};
use crate::stored::Queue;
use serde::ser::{Serialize, SerializeMap, Serializer};
use touchbook_events::CustomerId;
use touchbook_events::catalogue::call::{CallAction, RecordingStatus, TranscriptStatus};

impl Serialize for Call<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        members(&mut map, None, self, None)?;
        map.end()
    }
}

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        members(&mut map, Some(self.customer_id), &self.call, None)?;
        map.end()
    }
}

impl Serialize for Detailed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let text = Some(self.transcript_text);
        members(&mut map, Some(self.customer_id), &self.call, text)?;
        map.end()
    }
}

fn members<'a, M: SerializeMap>(
    map: &mut M,
    customer_id: Option<CustomerId>,
    call: &Call<'a>,
    text: Option<Option<&'a str>>,
) -> Result<(), M::Error> {
    map.serialize_entry("entry_id", &call.entry_id())?;
    map.serialize_entry("call_sid", &call.stored.names.call_sid.get())?;
    if let Some(customer_id) = customer_id {
        map.serialize_entry("customer_id", &customer_id)?;
    }
    map.serialize_entry("position", &call.position())?;
    map.serialize_entry("last_position", &call.last_position())?;
    map.serialize_entry("occurred_at", &call.occurred_at())?;
    course(map, call)?;
    outcome(map, call)?;
    map.serialize_entry("recording", &Recording::of(call))?;
    map.serialize_entry("transcript", &Transcript::of(call, text))?;
    map.serialize_entry("sentiment", &call.sentiment())?;
    map.serialize_entry("call_score", &call.call_score())?;
    map.serialize_entry("agent_performance_score", &call.agent_performance_score())?;
    map.serialize_entry("conversion_likelihood", &call.conversion_likelihood())?;
    map.serialize_entry("actions", &Actions(call))
}

/// Beginning and end.
fn course<M: SerializeMap>(map: &mut M, call: &Call<'_>) -> Result<(), M::Error> {
    let (start, end) = (&call.stored.start, &call.stored.end);
    map.serialize_entry("agent_id", &call.agent_id())?;
    map.serialize_entry("direction", &call.direction())?;
    map.serialize_entry("call_source", &start.call_source.get())?;
    map.serialize_entry("source_log", &start.source_log.get())?;
    map.serialize_entry("queue", &call.queue().unwrap_or(Queue::UNKNOWN))?;
    map.serialize_entry("started_at", &call.started_at())?;
    map.serialize_entry("ended_at", &call.ended_at())?;
    map.serialize_entry("duration_seconds", &call.duration_seconds())?;
    map.serialize_entry("disposition", &end.disposition.get())
}

fn outcome<M: SerializeMap>(map: &mut M, call: &Call<'_>) -> Result<(), M::Error> {
    let outcome = call.stored.outcome.get();
    map.serialize_entry("outcome", &call.outcome())?;
    map.serialize_entry(
        "outcome_raw",
        &outcome.and_then(|outcome| outcome.outcome_raw),
    )?;
    let outcome_at = outcome.map(|outcome| outcome.at.at(call.place));
    map.serialize_entry("outcome_at", &outcome_at)?;
    map.serialize_entry(
        "outcome_agent_id",
        &outcome.and_then(|outcome| outcome.agent_id),
    )?;
    map.serialize_entry("notes", &outcome.and_then(|outcome| outcome.notes))?;
    let callback_at = outcome.and_then(|outcome| outcome.callback_at);
    map.serialize_entry(
        "callback_at",
        &callback_at.map(|since| since.at(call.place)),
    )?;
    map.serialize_entry("sale_made", &call.sale_made())
}

#[derive(serde::Serialize)]
struct Recording<'a> {
    recording_sid: Option<&'a str>,
    status: Option<RecordingStatus>,
    url: Option<&'a str>,
    duration_seconds: Option<u32>,
}

impl<'a> Recording<'a> {
    fn of(call: &Call<'a>) -> Self {
        let recording = &call.stored.recording;
        Self {
            recording_sid: call.stored.names.recording_sid.copied(),
            status: call.recording_status(),
            url: recording.url.copied(),
            duration_seconds: recording.duration_seconds.copied(),
        }
    }
}

#[derive(serde::Serialize)]
struct Transcript<'a> {
    status: Option<TranscriptStatus>,
    url: Option<&'a str>,
    language: Option<&'a str>,
    summary: Option<&'a str>,
    /// Of the record that has the text.
    position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Option<&'a str>>,
}

impl<'a> Transcript<'a> {
    fn of(call: &Call<'a>, text: Option<Option<&'a str>>) -> Self {
        let transcript = &call.stored.transcript;
        Self {
            status: transcript.status.copied(),
            url: transcript.url.copied(),
            language: transcript.language.copied(),
            summary: call.transcript_summary(),
            position: call.transcript_position(),
            text,
        }
    }
}

/// What agents did, by name.
struct Actions<'c, 'a>(&'c Call<'a>);

impl Serialize for Actions<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = CallAction::ALL.iter();
        serializer.collect_map(all.map(|action| (action, self.0.has_action(*action))))
    }
}
