//! What was wrong with an input, where, and what is allowed instead.

use std::fmt;

/// One thing wrong with one input, in words its sender can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable name of the kind of problem, in snake_case; part of the HTTP problem's `type`.
    pub code: &'static str,
    /// RFC 6901 pointer to the member at fault, from the root of the event; empty = the whole.
    pub pointer: String,
    pub detail: String,
    /// The values that would have been accepted, where they can be listed.
    pub allowed: Vec<String>,
}

impl Problem {
    pub fn new(code: &'static str, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            code,
            pointer: pointer.into(),
            detail: detail.into(),
            allowed: Vec::new(),
        }
    }

    /// The input could not be read as JSON at all (HTTP 400).
    pub fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(UNREADABLE, "", detail)
    }

    /// The text is no JSON, as `error` says; an empty one, and a byte order mark, which editors put
    /// there unseen, are called by their names.
    pub fn not_json(text: &[u8], error: &serde_json::Error) -> Self {
        const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
        if text.trim_ascii().is_empty() {
            return Self::unreadable("there is nothing to read: JSON is expected");
        }
        if text.starts_with(BYTE_ORDER_MARK) {
            let detail = "it begins with a byte order mark; send UTF-8 without one";
            return Self::unreadable(detail);
        }
        let error = error.to_string();
        let what = if error.starts_with("EOF") {
            "the JSON ends early"
        } else if error.contains("hex escape") {
            "not valid JSON: a `\\u` escape is half of a surrogate pair"
        } else {
            "not valid JSON"
        };
        Self::unreadable(format!("{what}: {error}"))
    }

    /// The input was read but a value can't be used (HTTP 422).
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new("invalid_value", pointer, detail)
    }

    #[must_use]
    pub fn allowing(mut self, allowed: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.allowed = allowed.into_iter().map(Into::into).collect();
        self
    }

    /// Moves the pointer below `prefix`, for a problem found inside a part of an event.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }

    pub fn is_unreadable(&self) -> bool {
        self.code == UNREADABLE
    }
}

const UNREADABLE: &str = "unreadable";

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.pointer.is_empty() {
            write!(f, "{}: ", self.pointer)?;
        }
        f.write_str(&self.detail)?;
        if !self.allowed.is_empty() {
            write!(f, "; allowed: {}", self.allowed.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// The pointer to the member `name` of an object (RFC 6901).
pub(crate) fn pointer_to(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Errors of `serde_path_to_error` carry a path such as `items[3].price`.
impl Problem {
    /// What is wrong with `text`, with a pointer where it is JSON.
    pub fn from_path_error(
        text: &[u8],
        error: &serde_path_to_error::Error<serde_json::Error>,
    ) -> Self {
        let mut pointer = String::new();
        for segment in error.path() {
            use serde_path_to_error::Segment;
            match segment {
                Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                Segment::Map { key } | Segment::Enum { variant: key } => {
                    pointer.push_str(&pointer_to(key));
                }
                Segment::Unknown => {}
            }
        }
        let inner = error.inner();
        let detail = without_place(&inner.to_string());
        // serde_json takes a number that no type of ours holds for a mistake of JSON's.
        match inner.is_data() || detail == "number out of range" {
            true => {
                let (detail, allowed) = split_allowed(&detail);
                Self::invalid(pointer, detail).allowing(allowed)
            }
            false => Self::not_json(text, inner),
        }
    }
}

/// Drops serde_json's ` at line 1 column 2`, which a pointer says better.
fn without_place(message: &str) -> String {
    match message.rfind(" at line ") {
        Some(at) => message[..at].to_owned(),
        None => message.to_owned(),
    }
}

/// serde says "unknown variant `x`, expected one of `a`, `b`".
fn split_allowed(message: &str) -> (String, Vec<String>) {
    let Some((detail, expected)) = message
        .split_once(", expected one of ")
        .filter(|_| message.starts_with("unknown "))
    else {
        return (message.to_owned(), Vec::new());
    };
    let allowed = expected
        .split(", ")
        .map(|name| name.trim_matches('`').to_owned())
        .collect();
    (detail.to_owned(), allowed)
}
