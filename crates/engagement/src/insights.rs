//! What can be learned of how a customer and we talk (S1-031 to S1-035).

use crate::frequency::{Frequency, frequency};
use crate::preference::{ChannelPreference, preference};
use crate::response::{ResponseTime, response_time};
use crate::sentiment::{Sentiment, sentiment};
use crate::state::State;
use serde::Serialize;
use touchbook_events::{EntrySource, Policies, Score, Timestamp};

/// Most scores that a series shows, the newest.
pub const SERIES_MAX: usize = 500;

/// A customer's insights as answers show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Insights {
    /// With how many entries the series below would have, were it whole.
    #[serde(flatten)]
    pub sentiment: Sentiment,
    /// At most [`SERIES_MAX`], in the order in which the entries happened.
    pub sentiment_series: Vec<ScoredEntry>,
    pub frequency: Frequency,
    pub channel_preference: ChannelPreference,
    pub response_time: ResponseTime,
}

/// The sentiment of one interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ScoredEntry {
    /// The entry's.
    pub occurred_at: Timestamp,
    /// Of the entry's first record.
    pub position: u64,
    /// Of the record that scored it.
    pub scored_position: u64,
    pub source: EntrySource,
    pub score: Score,
}

/// Reads what `policies` make of `state` at `now`.
pub fn insights(state: &State, policies: &Policies, now: Timestamp) -> Insights {
    Insights {
        sentiment: sentiment(state, policies),
        sentiment_series: series(state),
        frequency: frequency(state, policies, now),
        channel_preference: preference(state),
        response_time: response_time(state),
    }
}

fn series(state: &State) -> Vec<ScoredEntry> {
    let scored = state.scores.scored();
    let shown = &scored[scored.len().saturating_sub(SERIES_MAX)..];
    let one = |scored: &crate::scores::Scored| {
        let entry = state.entries.get(scored.entry);
        ScoredEntry {
            occurred_at: entry.place().occurred_at,
            position: entry.place().position.into(),
            scored_position: scored.said_at(),
            source: entry.marks.source(),
            score: Score::from_millionths(scored.score.into()),
        }
    };
    shown.iter().map(one).collect()
}
