//! Scores in millionths.

use crate::money::{Decimal, NotADecimal};
use crate::problem::Problem;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;
use std::ops::RangeInclusive;

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

    /// Refuses a score outside of `range`, naming it (C8).
    pub(crate) fn check(
        score: Option<Self>,
        pointer: &str,
        range: RangeInclusive<i64>,
    ) -> Result<(), Problem> {
        let (low, high) = (range.start(), range.end());
        match score {
            Some(score) if score.0 < low * ONE || score.0 > high * ONE => {
                let detail = format!("{score} does not lie between {low} and {high}");
                Err(Problem::invalid(pointer, detail))
            }
            _ => Ok(()),
        }
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
