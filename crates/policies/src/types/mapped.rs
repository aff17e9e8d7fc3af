//! What a mapping finds in a payload.

use serde_json::Value;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::catalogue::custom::{CustomerMapping, CustomerPointers, TypeMapping};
use touchbook_events::catalogue::sentiment::SentimentLabel;
use touchbook_events::score::{Score, Sentiment};
use touchbook_events::text::Title;
use touchbook_events::{CustomerRef, Moment, Problem, Text, Timestamp};

/// The words of an event of a registered type.
pub(super) struct Mapped {
    pub(super) title: Option<Title>,
    pub(super) preview: Option<Text<500>>,
    pub(super) customer: Option<CustomerRef>,
    pub(super) sentiment: Option<(Sentiment, SentimentLabel)>,
    pub(super) direction: Option<Direction>,
    /// With the pointer from the event's root.
    pub(super) occurred_at: Option<(Timestamp, String)>,
}

impl Mapped {
    /// What only informs may be missing or of another kind; what counts may be missing.
    pub(super) fn read(
        mapping: &TypeMapping,
        payload: &Value,
        zone: chrono_tz::Tz,
    ) -> Result<Self, Problem> {
        let pointed = |pointer: &str| payload.pointer(pointer).filter(|value| !value.is_null());
        let words = |pointer: Option<&str>| pointed(pointer?).and_then(text_of);
        let title = words(mapping.title.as_deref());
        let title = title.or_else(|| mapping.title_default.as_deref().map(str::to_owned));
        let customer = match &mapping.customer {
            Some(CustomerMapping::Whole(pointer)) => {
                pointed(pointer).map(|value| whole(value, pointer))
            }
            Some(CustomerMapping::Members(pointers)) => Some(members(pointers, pointed)),
            None => None,
        };
        let sentiment = mapping.sentiment.as_deref();
        let occurred_at = mapping.occurred_at.as_deref();
        Ok(Self {
            title: title.map(|title| Text::clipped(title.trim())),
            preview: words(mapping.preview.as_deref()).map(|words| Text::clipped(&words)),
            customer: customer.transpose()?.filter(|named| !named.names_nobody()),
            sentiment: sentiment
                .and_then(|pointer| Some(felt(pointed(pointer)?, pointer)))
                .transpose()?,
            direction: match mapping.direction.as_deref() {
                Some(pointer) if pointer.starts_with('/') => pointed(pointer)
                    .map(|value| went(value, pointer))
                    .transpose()?,
                Some(constant) => direction(constant),
                None => None,
            },
            occurred_at: occurred_at
                .and_then(|pointer| Some(happened(pointed(pointer)?, pointer, zone)))
                .transpose()?,
        })
    }
}

pub(super) fn direction(word: &str) -> Option<Direction> {
    Direction::parse(word)
}

/// A text, or a number as it was written.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn at(pointer: &str) -> String {
    format!("/data{pointer}")
}

fn needed(pointer: &str, what: &str) -> Problem {
    Problem::invalid(at(pointer), format!("the type's mapping needs {what} here"))
}

/// A reference as all events have it, or a text.
fn whole(value: &Value, pointer: &str) -> Result<CustomerRef, Problem> {
    if value.is_object() {
        return serde_json::from_str(&value.to_string()).map_err(|error| {
            let detail = format!("not a reference to a customer: {error}");
            Problem::invalid(at(pointer), detail)
        });
    }
    let text = identifier(value, pointer)?;
    let is_address = text.contains('@');
    Ok(CustomerRef {
        email: Some(text.clone()).filter(|_| is_address),
        external_id: Some(text).filter(|_| !is_address),
        ..CustomerRef::default()
    })
}

fn members<'a>(
    pointers: &CustomerPointers,
    pointed: impl Fn(&str) -> Option<&'a Value>,
) -> Result<CustomerRef, Problem> {
    let read = |pointer: &Option<touchbook_events::text::Reference>| {
        let found = pointer
            .as_deref()
            .and_then(|pointer| Some((pointer, pointed(pointer)?)));
        found
            .map(|(pointer, value)| identifier(value, pointer))
            .transpose()
    };
    let name = |pointer: &Option<touchbook_events::text::Reference>| {
        let found = pointer.as_deref().and_then(&pointed).and_then(text_of);
        found.map(|name| Text::clipped(&name))
    };
    Ok(CustomerRef {
        id: None,
        external_id: read(&pointers.external_id)?,
        user: read(&pointers.user)?,
        email: read(&pointers.email)?,
        phone: read(&pointers.phone)?,
        handle: read(&pointers.handle)?,
        name: name(&pointers.name),
        company: name(&pointers.company),
    })
}

fn identifier(value: &Value, pointer: &str) -> Result<Text<320>, Problem> {
    let text = text_of(value).ok_or_else(|| needed(pointer, "a text that names the customer"))?;
    Text::new(text).map_err(|error| Problem::invalid(at(pointer), error.to_string()))
}

fn felt(value: &Value, pointer: &str) -> Result<(Sentiment, SentimentLabel), Problem> {
    let labelled = value.as_str().and_then(SentimentLabel::parse);
    let found = match labelled {
        Some(label) => Sentiment::new(label.score()).map(|score| (score, label)),
        None if value.is_number() => {
            rounded(&value.to_string()).map(|score| (score, SentimentLabel::of(*score)))
        }
        None => None,
    };
    found.ok_or_else(|| {
        let labels = SentimentLabel::ALL.iter().map(|label| label.as_str());
        needed(pointer, "a number from -1 to 1, or a label").allowing(labels)
    })
}

/// The nearest whole millionth: models say `0.8316000000000001`, and `8.3e-1`.
fn rounded(number: &str) -> Option<Sentiment> {
    let millionths = (number.parse::<f64>().ok()? * 1_000_000.0).round();
    Sentiment::new(Score::from_millionths(millionths as i64))
}

fn went(value: &Value, pointer: &str) -> Result<Direction, Problem> {
    let found = value.as_str().and_then(direction);
    found.ok_or_else(|| {
        let allowed = Direction::ALL.iter().map(|known| known.as_str());
        needed(pointer, "a direction").allowing(allowed)
    })
}

fn happened(
    value: &Value,
    pointer: &str,
    zone: chrono_tz::Tz,
) -> Result<(Timestamp, String), Problem> {
    let moment = value.as_str().and_then(|text| Moment::parse(text).ok());
    let moment = moment.ok_or_else(|| needed(pointer, "a time such as `2024-01-15T10:30:00Z`"))?;
    Ok((moment.in_zone(zone), at(pointer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentiment_is_rounded_to_millionths_and_stays_in_its_range() {
        for (number, millionths) in [
            ("0.8316000000000001", 831_600),
            ("-8.3e-1", -830_000),
            ("0.0000004", 0),
            ("0.0000006", 1),
            ("1.0000000000000002", 1_000_000),
            ("-1", -1_000_000),
            ("1e-999", 0),
        ] {
            let score = rounded(number).map(|score| score.millionths());
            assert_eq!(score, Some(millionths), "{number}");
        }
        for number in ["1.000001", "-1.5", "1e400", "-1e400"] {
            assert_eq!(rounded(number), None, "{number}");
        }
    }
}
