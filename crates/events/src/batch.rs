//! Many events in one text: a JSON array of them, or one a line. Nothing is copied.

use crate::limits::BATCH_EVENTS_MAX;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;

/// Why a text is no batch, whatever its events are.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    #[error("not a JSON array of events")]
    Array(#[source] serde_json::Error),
    #[error("at most {BATCH_EVENTS_MAX} events are allowed in one batch")]
    TooMany,
}

/// The text of each event of a JSON array.
///
/// # Errors
/// When `text` is no JSON array, or one of more than [`BATCH_EVENTS_MAX`].
pub fn array(text: &str) -> Result<Vec<&str>, BatchError> {
    let Slices { events, more } = serde_json::from_str(text).map_err(BatchError::Array)?;
    match more {
        true => Err(BatchError::TooMany),
        false => Ok(events),
    }
}

/// Each line that is not blank, trimmed (NDJSON).
///
/// # Errors
/// When there are more than [`BATCH_EVENTS_MAX`].
pub fn lines(text: &str) -> Result<Vec<&str>, BatchError> {
    let mut lines = text
        .split('\n')
        .map(str::trim_ascii)
        .filter(|line| !line.is_empty());
    let events = lines.by_ref().take(BATCH_EVENTS_MAX).collect();
    match lines.next() {
        Some(_) => Err(BatchError::TooMany),
        None => Ok(events),
    }
}

/// The elements of an array, no more than a batch may have, and whether there were more.
struct Slices<'a> {
    events: Vec<&'a str>,
    more: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Slices<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(SlicesVisitor)
    }
}

struct SlicesVisitor;

impl<'de> Visitor<'de> for SlicesVisitor {
    type Value = Slices<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Slices<'de>, A::Error> {
        let mut events = Vec::new();
        while events.len() < BATCH_EVENTS_MAX {
            match elements.next_element::<&RawValue>()? {
                Some(event) => events.push(event.get()),
                None => {
                    return Ok(Slices {
                        events,
                        more: false,
                    });
                }
            }
        }
        let mut more = false;
        while elements.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        Ok(Slices { events, more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_slices_of_the_text_as_they_were_written() {
        let text = "[{\"n\":1.50} , 2\n,\"}\"]";
        assert_eq!(array(text).unwrap(), ["{\"n\":1.50}", "2", "\"}\""]);
        assert_eq!(array(" [ ] ").unwrap(), [""; 0]);
        assert_eq!(lines("{}\r\n\n \t\n{ }").unwrap(), ["{}", "{ }"]);
    }

    #[test]
    fn what_is_no_array_is_refused() {
        for text in ["", "{}", "[1", "[1,]", "[1]2", "[{]", "null"] {
            assert!(matches!(array(text), Err(BatchError::Array(_))), "{text}");
        }
    }

    #[test]
    fn a_batch_has_so_many_events_and_no_more() {
        let most = vec!["{}"; BATCH_EVENTS_MAX];
        assert_eq!(array(&format!("[{}]", most.join(","))).unwrap(), most);
        assert_eq!(lines(&most.join("\n")).unwrap(), most);
        let more = format!("[{},{{}}]", most.join(","));
        assert!(matches!(array(&more), Err(BatchError::TooMany)));
        let more = format!("{}\n\n{{}}", most.join("\n"));
        assert!(matches!(lines(&more), Err(BatchError::TooMany)));
        let broken = format!("[{},{{}},", most.join(","));
        assert!(matches!(array(&broken), Err(BatchError::Array(_))));
    }
}
