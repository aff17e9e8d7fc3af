//! The records that a number comes from.

use crate::frequency;
use crate::preference;
use crate::response::{Exchange, exchanges};
use crate::scores::Scored;
use crate::sentiment::compared;
use crate::state::State;
use touchbook_events::{Policies, Timestamp};

/// Most positions that are named, the newest.
pub const EVIDENCE_MAX: usize = 500;

/// A number of the insights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    SentimentScore,
    SentimentTrend,
    Frequency,
    ChannelPreference,
    /// Contacts that were answered, and their answers.
    ResponseTime,
    Unanswered,
}

/// Positions of the records that `number` comes from, ascending, the newest [`EVIDENCE_MAX`]: of an
/// entry its first record, of a score the record that said it.
pub fn evidence(state: &State, number: Number, policies: &Policies, now: Timestamp) -> Vec<u64> {
    let scored = state.scores.scored();
    let scored_by = Scored::said_at;
    let mut positions: Vec<u64> = match number {
        Number::SentimentScore => scored.iter().map(scored_by).collect(),
        Number::SentimentTrend => {
            let (earlier, last) = compared(scored, &policies.trend);
            earlier.iter().chain(last).map(scored_by).collect()
        }
        Number::Frequency => frequency::positions(state, policies, now),
        Number::ChannelPreference => preference::positions(state),
        Number::ResponseTime => exchanges(state).iter().flat_map(answered).collect(),
        Number::Unanswered => {
            let all = exchanges(state).into_iter();
            let unanswered = all.filter(|exchange| exchange.answer.is_none());
            unanswered.map(|one| one.inbound.position.into()).collect()
        }
    };
    positions.sort_unstable();
    positions.dedup();
    positions.split_off(positions.len().saturating_sub(EVIDENCE_MAX))
}

/// Both sides of an exchange that is over.
fn answered(exchange: &Exchange) -> impl Iterator<Item = u64> + use<> {
    let answer = exchange.answer.map(|answer| answer.position.into());
    let inbound = answer.map(|_| exchange.inbound.position.into());
    inbound.into_iter().chain(answer)
}
