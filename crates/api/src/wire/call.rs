//! Calls as they are documented; `touchbook-calls` writes them, and a test validates what it
//! writes.

use super::timeline::SentimentDocument;
use super::view::DecimalAsSent;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a page of calls")]
pub(crate) struct CallPage {
    /// Newest first.
    items: Vec<Call>,
    next_cursor: Option<String>,
}

/// A call with what is known of it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a call")]
pub(crate) struct Call {
    /// The subject; null once erased.
    #[schema(example = "call/CA1")]
    entry_id: Option<String>,
    /// Twilio's name for it.
    call_sid: Option<String>,
    customer_id: Uuid,
    /// Of its first record.
    position: u64,
    /// Of its newest record.
    last_position: u64,
    #[schema(format = DateTime)]
    occurred_at: String,
    agent_id: Option<String>,
    /// `inbound` or `outbound`.
    direction: Option<String>,
    /// What made an agent call.
    call_source: Option<String>,
    source_log: Option<String>,
    queue: CallQueue,
    #[schema(format = DateTime)]
    started_at: Option<String>,
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    duration_seconds: Option<u32>,
    /// How it ended, in the telephone system's own word.
    disposition: Option<String>,
    #[schema(example = "contacted")]
    outcome: Option<String>,
    /// The outcome as submitted, where that was another word.
    outcome_raw: Option<String>,
    #[schema(format = DateTime)]
    outcome_at: Option<String>,
    outcome_agent_id: Option<String>,
    notes: Option<String>,
    #[schema(format = DateTime)]
    callback_at: Option<String>,
    /// Null where it is not known.
    sale_made: Option<bool>,
    recording: CallRecording,
    transcript: CallTranscript,
    sentiment: Option<SentimentDocument>,
    /// 1 to 10.
    call_score: Option<f64>,
    /// 1 to 10.
    agent_performance_score: Option<f64>,
    /// 0 to 1.
    conversion_likelihood: Option<f64>,
    /// What an agent did during the call, by name.
    actions: BTreeMap<String, bool>,
}

/// The queue as it stood when the call was made.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a queue")]
pub(crate) struct CallQueue {
    r#type: Option<String>,
    priority_score: Option<DecimalAsSent>,
    /// The customer's place, from 1.
    position: Option<u32>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a recording")]
pub(crate) struct CallRecording {
    recording_sid: Option<String>,
    status: Option<String>,
    url: Option<String>,
    duration_seconds: Option<u32>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a transcript")]
pub(crate) struct CallTranscript {
    status: Option<String>,
    url: Option<String>,
    language: Option<String>,
    summary: Option<String>,
    /// Of the record that has the text.
    position: Option<u64>,
    /// In the answer about one call.
    #[schema(required = false)]
    text: Option<String>,
}
