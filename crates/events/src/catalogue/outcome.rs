//! Outcomes: the canonical words, their aliases, and those that a tenant registered (C2).

use super::typed::{Fact, Field};
use crate::text::Word;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

closed_enum!(
    /// The outcomes that Touchbook knows without a tenant's word (C2).
    KnownOutcome {
        Successful = "successful",
        Contacted = "contacted",
        NoAnswer = "no_answer",
        Voicemail = "voicemail",
        Busy = "busy",
        CallbackRequested = "callback_requested",
        FollowUpRequired = "follow_up_required",
        Resolved = "resolved",
        Escalated = "escalated",
        Cancelled = "cancelled",
        Other = "other",
    }
);

impl KnownOutcome {
    /// Whether nobody talked, in our words or in a telephone system's.
    pub const fn is_missed(self) -> bool {
        matches!(self, Self::NoAnswer | Self::Voicemail | Self::Busy)
    }

    /// Reads an outcome however it is spelt: `No Answer`, `no-answer`, `success`.
    pub fn of(text: &str) -> Option<Self> {
        let plain: String = text
            .trim()
            .chars()
            .map(|character| match character {
                ' ' | '-' => '_',
                other => other.to_ascii_lowercase(),
            })
            .collect();
        let aliased = match plain.as_str() {
            "success" => "successful",
            "canceled" => "cancelled",
            "callback" => "callback_requested",
            "follow_up" | "followup_required" => "follow_up_required",
            other => other,
        };
        Self::parse(aliased)
    }
}

/// An outcome: a known one, or a word that only the tenant's own list can admit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    Known(KnownOutcome),
    /// Refused by the policies decider unless the tenant registered it.
    Named(Word),
}

impl Outcome {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(known) => known.as_str(),
            Self::Named(name) => name,
        }
    }

    pub fn known(&self) -> Option<KnownOutcome> {
        match self {
            Self::Known(known) => Some(*known),
            Self::Named(_) => None,
        }
    }
}

/// Turns a spelling of a known outcome into that outcome, and keeps the spelling beside it.
pub(in crate::catalogue) fn settle_outcome(outcome: &mut Outcome, raw: &mut Option<Word>) {
    let Outcome::Named(spelt) = outcome else {
        return;
    };
    if let Some(known) = KnownOutcome::of(spelt) {
        raw.get_or_insert_with(|| spelt.clone());
        *outcome = Outcome::Known(known);
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Field for Outcome {}
impl Fact for Outcome {}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Outcome {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Word::deserialize(deserializer)?;
        Ok(match KnownOutcome::parse(&word) {
            Some(known) => Self::Known(known),
            None => Self::Named(word),
        })
    }
}

impl schemars::JsonSchema for Outcome {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Outcome".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let known: Vec<&str> = KnownOutcome::ALL
            .iter()
            .map(|known| known.as_str())
            .collect();
        schemars::json_schema!({
            "description": "a known outcome, an alias of one, or one that the tenant registered",
            "anyOf": [{ "enum": known }, { "type": "string", "maxLength": 50 }]
        })
    }
}
