//! Sentiment that comes with what it is about (C7).

use crate::event::Event;
use crate::foreign::Foreign;
use crate::payload::{Payload, identify, subject_of};
use serde_json::value::RawValue;
use touchbook_events::catalogue::sentiment::{ScoreSource, SentimentLabel};
use touchbook_events::score::Sentiment;
use touchbook_events::{EventType, Problem};

pub(crate) const NAME: &str = "sentiment";

/// Digits after the point that a score has.
const SCALE: usize = 6;

/// How something was said, in a word or as a number.
pub(crate) enum Said {
    Label(SentimentLabel),
    /// −1 to 1, in its own digits, rounded to millionths where it has more.
    Score(Box<RawValue>),
}

/// Takes `sentiment` where what it is about has a name by which a second event can be about it too;
/// else it stays a member of the entry that nothing took.
///
/// # Errors
/// With the labels that there are.
pub(crate) fn take(foreign: &mut Foreign<'_>, is_named: bool) -> Result<Option<Said>, Problem> {
    let Some(raw) = foreign.raw(NAME) else {
        return Ok(None);
    };
    let said = read(raw, foreign)?;
    if !is_named {
        foreign.put_back(NAME, raw);
    }
    Ok(is_named.then_some(said))
}

/// A label in any case, or a number.
fn read(raw: &RawValue, foreign: &Foreign<'_>) -> Result<Said, Problem> {
    if let Ok(label) = serde_json::from_str::<String>(raw.get()) {
        let known = SentimentLabel::parse(&label.trim().to_lowercase());
        let unknown = || foreign.invalid(NAME, "is no sentiment").allowing(labels());
        return known.map(Said::Label).ok_or_else(unknown);
    }
    let score = score(raw.get());
    let unknown = || {
        let detail = "is neither a label nor a number from -1 to 1";
        foreign.invalid(NAME, detail).allowing(labels())
    };
    score.map(Said::Score).ok_or_else(unknown)
}

fn labels() -> impl Iterator<Item = &'static str> {
    SentimentLabel::ALL.iter().map(|label| label.as_str())
}

fn score(json: &str) -> Option<Box<RawValue>> {
    if !json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    let as_written = serde_json::from_str::<Sentiment>(json)
        .ok()
        .map(|_| json.to_owned());
    let text = match as_written {
        Some(text) => text,
        None => rounded(json)?,
    };
    RawValue::from_string(text).ok()
}

/// A number that a model wrote as it computed it: more digits than a score has, or an exponent.
fn rounded(json: &str) -> Option<String> {
    let number: f64 = json
        .parse()
        .ok()
        .filter(|number: &f64| number.abs() <= 1.0)?;
    let text = format!("{number:.SCALE$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    Some(match text {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    })
}

/// `said` as an event about `subject`; `time` is when it was said.
pub(crate) fn scored(
    said: &Said,
    source: &str,
    subject: &str,
    time: Option<String>,
) -> Result<Event, Problem> {
    let mut payload = Payload::default();
    match said {
        Said::Label(label) => {
            payload.value("label", Some(label))?;
            payload.value("score_source", Some(ScoreSource::Label))?;
        }
        Said::Score(score) => payload.value("score", Some(score))?,
    }
    identify(Event {
        id: None,
        source: source.to_owned(),
        event_type: EventType::SentimentScored,
        subject: Some(subject.to_owned()),
        time,
        data: payload.finish()?,
    })
}

/// `entry`, which names its object, and the sentiment that came with it; `time` is the entry's own.
pub(crate) fn with_sentiment(
    entry: Event,
    said: Option<&Said>,
    time: Option<String>,
) -> Result<Vec<Event>, Problem> {
    let Some(said) = said else {
        return Ok(vec![entry]);
    };
    let subject = subject_of(&entry)?;
    let scored = scored(said, &entry.source, &subject, time)?;
    Ok(vec![entry, scored])
}
