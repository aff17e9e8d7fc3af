//! Scores in millionths.

use crate::catalogue::typed::{Fact, Field};
use crate::money::{Decimal, NotADecimal};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;
use std::ops::Deref;

/// A score of one, in millionths.
const ONE: i64 = 1_000_000;

/// A score in millionths: −1 to 1 for sentiment, 0 to 100 for qualities (C7, C8). Never a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Score(i64);

impl Score {
    pub const fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    pub const fn millionths(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = Decimal {
            units: self.0,
            scale: 6,
            numeric: true,
        }
        .to_string();
        f.write_str(decimal.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        RawValue::from_string(self.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        if !deserializer.is_human_readable() {
            return i64::deserialize(deserializer).map(Self);
        }
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let decimal = Decimal::parse(raw).map_err(|NotADecimal| {
            D::Error::custom(
                "not a score; write a plain decimal number with at most 6 digits after the point",
            )
        })?;
        i64::try_from(decimal.millionths())
            .map(Self)
            .map_err(|_| D::Error::custom("a score this large is not allowed"))
    }
}

impl schemars::JsonSchema for Score {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Score".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number" })
    }
}

/// A score from `LOW` to `HIGH`, both included; what lies outside is refused (C8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScoreIn<const LOW: i64, const HIGH: i64>(Score);

/// −1 to 1.
pub type Sentiment = ScoreIn<-1, 1>;
/// 1 to 10.
pub type Quality = ScoreIn<1, 10>;
/// 0 to 1.
pub type Likelihood = ScoreIn<0, 1>;

impl<const LOW: i64, const HIGH: i64> ScoreIn<LOW, HIGH> {
    /// `None` outside of the range.
    pub fn new(score: Score) -> Option<Self> {
        (LOW * ONE..=HIGH * ONE)
            .contains(&score.0)
            .then_some(Self(score))
    }
}

impl<const LOW: i64, const HIGH: i64> Deref for ScoreIn<LOW, HIGH> {
    type Target = Score;

    fn deref(&self) -> &Score {
        &self.0
    }
}

impl<const LOW: i64, const HIGH: i64> Serialize for ScoreIn<LOW, HIGH> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, const LOW: i64, const HIGH: i64> Deserialize<'de> for ScoreIn<LOW, HIGH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let score = Score::deserialize(deserializer)?;
        Self::new(score).ok_or_else(|| {
            serde::de::Error::custom(format_args!("{score} is not between {LOW} and {HIGH}"))
        })
    }
}

impl<const LOW: i64, const HIGH: i64> schemars::JsonSchema for ScoreIn<LOW, HIGH> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("ScoreFrom{LOW}To{HIGH}").into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": LOW, "maximum": HIGH })
    }
}

impl<const LOW: i64, const HIGH: i64> Field for ScoreIn<LOW, HIGH> {}
impl<const LOW: i64, const HIGH: i64> Fact for ScoreIn<LOW, HIGH> {}

#[cfg(test)]
mod tests {
    use super::*;

    /// C8: outside the range, NaN, exponents and text are refused; decimals are exact.
    #[test]
    fn scores_lie_in_their_range() {
        for (json, millionths) in [("1", 1_000_000), ("-0.25", -250_000), ("0.000001", 1)] {
            let score: Sentiment = serde_json::from_str(json).unwrap();
            assert_eq!(score.millionths(), millionths);
            assert_eq!(serde_json::to_string(&score).unwrap(), json);
        }
        for json in [
            "1.000001",
            "-2",
            "NaN",
            "1e-1",
            "1e999",
            "\"0.5\"",
            "0.0000001",
        ] {
            assert!(serde_json::from_str::<Sentiment>(json).is_err(), "{json}");
        }
        let error = serde_json::from_str::<Quality>("0")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("0 is not between 1 and 10"), "{error}");
    }
}
