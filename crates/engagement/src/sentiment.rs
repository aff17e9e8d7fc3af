//! How a customer feels, and whether that gets better (C7).

use crate::scores::Scored;
use crate::state::State;
use serde::Serialize;
use touchbook_events::policy::{TREND_SCORES_MAX, Trend};
use touchbook_events::{Policies, Score};

/// Where sentiment goes (S1-017).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SentimentTrend {
    Improving,
    Stable,
    Declining,
}

/// A customer's sentiment as answers show it (`http.md` §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sentiment {
    /// The mean of all scored entries, from −1 to 1; none without any (S1-016).
    pub sentiment_score: Option<Score>,
    pub sentiment_trend: SentimentTrend,
    /// Entries with a score.
    pub scored_count: u64,
}

/// Reads what `policies` make of a customer's scores.
pub fn sentiment(state: &State, policies: &Policies) -> Sentiment {
    let scored = state.scores.scored();
    Sentiment {
        sentiment_score: mean(scored),
        sentiment_trend: trend(scored, &policies.trend),
        scored_count: scored.len() as u64,
    }
}

/// Rounded half up to millionths.
fn mean(scored: &[Scored]) -> Option<Score> {
    let count = i64::try_from(scored.len())
        .ok()
        .filter(|count| *count > 0)?;
    let millionths = (2 * sum(scored) + count).div_euclid(2 * count);
    Some(Score::from_millionths(millionths))
}

/// The mean of the last scores less that of as many before, compared with the policy's difference.
pub(crate) fn trend(scored: &[Scored], policy: &Trend) -> SentimentTrend {
    let (before, last) = compared(scored, policy);
    let least = i64::try_from(last.len())
        .unwrap_or(i64::MAX)
        .saturating_mul(policy.difference.millionths());
    match sum(last) - sum(before) {
        change if change > least => SentimentTrend::Improving,
        change if change < least.saturating_neg() => SentimentTrend::Declining,
        _ => SentimentTrend::Stable,
    }
}

/// The scores that make a trend: as many before as after. While there are too few for two means of
/// the policy's size, the halves of what there is are compared, without the oldest of an odd
/// number; so two scores are enough, and less than two make no trend.
pub(crate) fn compared<'a>(scored: &'a [Scored], policy: &Trend) -> (&'a [Scored], &'a [Scored]) {
    // A policy of an older version may ask for more.
    let most = policy.scores.min(TREND_SCORES_MAX) as usize;
    let size = most.min(scored.len() / 2);
    let (earlier, last) = scored.split_at(scored.len() - size);
    (&earlier[earlier.len() - size..], last)
}

fn sum(scored: &[Scored]) -> i64 {
    scored.iter().map(|one| i64::from(one.score)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::tests::scored as one;

    fn scored(scores: &[i32]) -> Vec<Scored> {
        let all = (0..).zip(scores);
        all.map(|(entry, score)| one(entry, *score)).collect()
    }

    fn trend_of(scores: &[i32], size: u32, difference: i64) -> SentimentTrend {
        let policy = Trend {
            scores: size,
            difference: Score::from_millionths(difference),
        };
        trend(&scored(scores), &policy)
    }

    /// S1-017, C7: the difference itself is stable.
    #[test]
    fn a_trend_differs_by_more_than_the_policy_says() {
        use SentimentTrend::{Declining, Improving, Stable};
        for (scores, want) in [
            (&[][..], Stable),
            (&[-900_000], Stable),
            (&[0, 100_000], Stable),
            (&[0, 100_001], Improving),
            (&[100_001, 0], Declining),
            (&[100_000, 0], Stable),
            (&[900_000, 0, 0, 100_001, 100_001], Improving),
            (&[900_000, 100_001, 100_001, 0, 0], Declining),
        ] {
            assert_eq!(trend_of(scores, 5, 100_000), want, "{scores:?}");
        }
        let long: Vec<i32> = (0..1000).map(|at| if at < 900 { 0 } else { at }).collect();
        assert_eq!(trend_of(&long, u32::MAX, 49), Improving, "50 and 50");
        assert_eq!(trend_of(&long, u32::MAX, 50), Stable);
        assert_eq!(trend_of(&long, 1, 0), Improving);
        assert_eq!(trend_of(&long, u32::MAX, i64::MAX), Stable);
    }

    /// S1-016: the mean is exact to a millionth, and none without a score.
    #[test]
    fn a_mean_is_rounded_half_up() {
        let mean_of = |scores: &[i32]| mean(&scored(scores)).map(Score::millionths);
        assert_eq!(mean_of(&[]), None);
        assert_eq!(mean_of(&[1, 2]), Some(2));
        assert_eq!(mean_of(&[-1, -2]), Some(-1));
        assert_eq!(mean_of(&[1_000_000, -1_000_000, 500_000]), Some(166_667));
    }
}
