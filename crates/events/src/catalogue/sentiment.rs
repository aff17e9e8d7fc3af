//! Sentiment of any entry, and who judged it (C7).

use crate::problem::Problem;
use crate::score::{Score, Sentiment};
use crate::text::{Code, Word};
use serde::{Deserialize, Serialize};

closed_enum!(
    /// A feeling in a word.
    SentimentLabel {
        Positive = "positive",
        Neutral = "neutral",
        Negative = "negative",
        Mixed = "mixed",
    }
);

impl SentimentLabel {
    /// From this score on it is positive, from its negative down negative (C7).
    pub const THRESHOLD: Score = Score::from_millionths(50_000);

    /// The score that stands for a label which came without one (C7).
    pub fn score(self) -> Score {
        Score::from_millionths(match self {
            Self::Positive => 1_000_000,
            Self::Neutral | Self::Mixed => 0,
            Self::Negative => -1_000_000,
        })
    }

    pub fn of(score: Score) -> Self {
        let threshold = Self::THRESHOLD.millionths();
        match score.millionths() {
            score if score >= threshold => Self::Positive,
            score if score <= -threshold => Self::Negative,
            _ => Self::Neutral,
        }
    }
}

closed_enum!(
    /// Where a score comes from.
    ScoreSource {
        Model = "model",
        /// Made from a label that came without a score.
        Label = "label",
    }
);

event_object! {
    /// What judged: a model, a program, a person.
    fact Scorer {
        name: Code<100>,
        version: Option<Word>,
    }
}

event_data! {
    /// The sentiment of the entry that is its subject.
    Scored: ScoredFacts, ScoredPersonal {
        facts {
            /// −1 to 1; absent, the label's (C7).
            score: Option<Sentiment>,
            /// Absent, the score's.
            label: Option<SentimentLabel>,
            score_source: Option<ScoreSource>,
            scorer: Option<Scorer>,
        }
        personal {}
    }
}

/// What is felt in an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Felt {
    /// −1 to 1.
    pub score: Score,
    pub label: SentimentLabel,
}

impl Scored {
    /// `None` of a record that was kept without a score.
    pub fn felt(&self) -> Option<Felt> {
        let score = self.facts.score.map(|score| *score)?;
        let label = self.facts.label;
        let label = label.unwrap_or_else(|| SentimentLabel::of(score));
        Some(Felt { score, label })
    }

    /// After this both score and label are there.
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        let facts = &mut self.facts;
        match (facts.score, facts.label) {
            (None, None) => return Err(Problem::invalid("", "needs `score` or `label`")),
            (None, Some(label)) => {
                facts.score = Sentiment::new(label.score());
                facts.score_source = Some(ScoreSource::Label);
            }
            (Some(score), None) => facts.label = Some(SentimentLabel::of(*score)),
            (Some(_), Some(_)) => {}
        }
        facts.score_source.get_or_insert(ScoreSource::Model);
        Ok(())
    }
}
