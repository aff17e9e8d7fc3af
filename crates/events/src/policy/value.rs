//! How a policy's value is read from JSON and written back.

use super::{
    AttentionRule, DefaultFollowUp, FollowUpRule, Limits, Policies, TREND_SCORES_MAX, Trend,
};
use crate::catalogue::typed::Json;
use crate::customer_ref::{Identifier, IdentifierKind};
use crate::identifier::normalise;
use crate::money::{Currency, Decimal};
use crate::problem::Problem;
use crate::score::Score;
use crate::text::{Code, Text, Word};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// By how much two means of scores from −1 to 1 can differ.
const TREND_DIFFERENCES: RangeInclusive<Score> =
    Score::from_millionths(0)..=Score::from_millionths(2_000_000);

/// The value of one policy. `policies` are the others as they stand: normal forms need the region.
pub(super) trait PolicyValue: Sized {
    fn read(json: &str, policies: &Policies) -> Result<Self, Problem>;
    fn write(&self) -> Value;
}

macro_rules! plain_values {
    ($($type:ty),* $(,)?) => { $(
        impl PolicyValue for $type {
            fn read(json: &str, _: &Policies) -> Result<Self, Problem> {
                from_json(json)
            }

            fn write(&self) -> Value {
                to_json(self)
            }
        }
    )* };
}

plain_values!(
    u32,
    Currency,
    Option<Decimal>,
    Option<Json>,
    BTreeSet<Word>,
    BTreeMap<Word, BTreeMap<Word, Word>>,
    BTreeMap<AttentionRule, u32>,
    DefaultFollowUp,
    Limits,
);

impl PolicyValue for Tz {
    fn read(json: &str, _: &Policies) -> Result<Self, Problem> {
        let name: Word = from_json(json)?;
        name.parse().map_err(|_| {
            let detail = format!("`{name}` is no IANA time zone such as Africa/Johannesburg");
            Problem::invalid("", detail)
        })
    }

    fn write(&self) -> Value {
        self.name().into()
    }
}

impl PolicyValue for Option<Code<2>> {
    fn read(json: &str, _: &Policies) -> Result<Self, Problem> {
        let region: Code<2> = from_json(json)?;
        match region.parse::<phonenumber::country::Id>() {
            Ok(_) => Ok(Some(region)),
            Err(_) => Err(Problem::invalid(
                "",
                format!("`{region}` is no ISO 3166 code such as ZA"),
            )),
        }
    }

    fn write(&self) -> Value {
        to_json(self)
    }
}

impl PolicyValue for Trend {
    fn read(json: &str, _: &Policies) -> Result<Self, Problem> {
        let trend: Self = from_json(json)?;
        if !(1..=TREND_SCORES_MAX).contains(&trend.scores) {
            let detail = format!("must be from 1 to {TREND_SCORES_MAX}");
            return Err(Problem::invalid("/scores", detail));
        }
        if !TREND_DIFFERENCES.contains(&trend.difference) {
            return Err(Problem::invalid("/difference", "must be from 0 to 2"));
        }
        Ok(trend)
    }

    fn write(&self) -> Value {
        to_json(self)
    }
}

/// What stands in the value replaces the default of its outcome; the other defaults stay.
impl PolicyValue for BTreeMap<Word, FollowUpRule> {
    fn read(json: &str, _: &Policies) -> Result<Self, Problem> {
        let given: Self = from_json(json)?;
        let mut rules = Policies::default().outcome_mapping;
        rules.extend(given);
        Ok(rules)
    }

    fn write(&self) -> Value {
        to_json(self)
    }
}

impl PolicyValue for BTreeSet<Text<320>> {
    fn read(json: &str, policies: &Policies) -> Result<Self, Problem> {
        let sent: Vec<Text<320>> = from_json(json)?;
        let kinds = [IdentifierKind::Email, IdentifierKind::Phone];
        let normal = |text: &Text<320>| {
            let region = policies.default_region.as_deref();
            kinds.iter().find_map(|kind| normalise(*kind, text, region))
        };
        each(
            &sent,
            |text| normal(text).and_then(|text| Text::new(text).ok()),
            "neither an e-mail address nor a phone number",
        )
    }

    fn write(&self) -> Value {
        to_json(self)
    }
}

impl PolicyValue for BTreeSet<Identifier> {
    fn read(json: &str, policies: &Policies) -> Result<Self, Problem> {
        let sent: Vec<Identifier> = from_json(json)?;
        let normal = |identifier: &Identifier| {
            let region = policies.default_region.as_deref();
            let value = normalise(identifier.kind, &identifier.value, region)?;
            let value = Text::new(value).ok()?;
            Some(Identifier {
                value,
                kind: identifier.kind,
            })
        };
        each(&sent, normal, "no identifier of that kind")
    }

    fn write(&self) -> Value {
        to_json(self)
    }
}

fn each<S, T: Ord>(
    sent: &[S],
    normal: impl Fn(&S) -> Option<T>,
    detail: &str,
) -> Result<BTreeSet<T>, Problem> {
    let one =
        |(index, item)| normal(item).ok_or_else(|| Problem::invalid(format!("/{index}"), detail));
    sent.iter().enumerate().map(one).collect()
}

fn from_json<'de, T: Deserialize<'de>>(json: &'de str) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Problem::from_path_error(json.as_bytes(), &error))?;
    reader
        .end()
        .map_err(|error| Problem::unreadable(error.to_string()))?;
    Ok(value)
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::to_value(value).expect("a policy's value is JSON")
}
