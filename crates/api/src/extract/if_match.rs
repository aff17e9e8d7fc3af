//! `If-Match`: a write that counts only while what it changes is as its caller has read it.

use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::header::{Entry, IF_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use std::convert::Infallible;

/// What a tag may be: what an answer had, or the position that a write answered.
const ALLOWED: [&str; 3] = ["\"<position>.<digest>\"", "\"<position>\"", "*"];

/// The values of the header. It stands before `Caller`, which refuses what no handler has taken.
pub(crate) struct IfMatch(Vec<HeaderValue>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::take(&mut parts.headers))
    }
}

impl IfMatch {
    fn take(headers: &mut HeaderMap) -> Self {
        Self(match headers.entry(IF_MATCH) {
            Entry::Occupied(given) => given.remove_entry_mult().1.collect(),
            Entry::Vacant(_) => Vec::new(),
        })
    }

    /// Up to which position the caller knows what it changes: the newest of its tags. `None` where
    /// it says nothing, or `*`, which what exists always matches.
    pub(crate) fn expected_position(&self) -> Result<Option<u64>, Problem> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let texts: Option<Vec<&str>> = self.0.iter().map(|value| value.to_str().ok()).collect();
        let texts = texts.ok_or_else(malformed)?;
        if let [text] = texts[..]
            && text.trim() == "*"
        {
            return Ok(None);
        }
        let tags = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
        let positions: Option<Vec<u64>> =
            tags.filter(|tag| !tag.is_empty()).map(position).collect();
        let newest = positions.and_then(|positions| positions.into_iter().max());
        newest.map(Some).ok_or_else(malformed)
    }
}

/// The position in a strong tag of ours.
fn position(tag: &str) -> Option<u64> {
    let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
    let (position, digest) = tag.split_once('.').unwrap_or((tag, "0"));
    let is_digest = !digest.is_empty() && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_position = position.bytes().all(|byte| byte.is_ascii_digit());
    (is_digest && is_position)
        .then(|| position.parse().ok())
        .flatten()
}

fn malformed() -> Problem {
    let detail = "`If-Match` must be `*` or strong tags that were answered here";
    Problem::unreadable("invalid_if_match", detail).allowing(ALLOWED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(values: &[&str]) -> Result<Option<u64>, axum::http::StatusCode> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_MATCH, value.parse().unwrap());
        }
        let taken = IfMatch::take(&mut headers);
        assert!(headers.is_empty());
        let expected = taken.expected_position();
        expected.map_err(|problem| problem.status())
    }

    #[test]
    fn a_tag_says_a_position_and_of_several_the_newest_counts() {
        for (values, want) in [
            (&[][..], None),
            (&["*"], None),
            (&["\"7\""], Some(7)),
            (&["\"0\""], Some(0)),
            (&["\"7.00ff9a3c4d5e6f70\""], Some(7)),
            (&["\"7\", \"12.ab\" ,\"3\""], Some(12)),
            (&["\"7\"", "\"9\", "], Some(9)),
        ] {
            assert_eq!(expected(values), Ok(want), "{values:?}");
        }
    }

    #[test]
    fn weak_malformed_and_foreign_tags_are_refused() {
        for value in [
            "",
            " , ",
            "7",
            "W/\"7\"",
            "\"\"",
            "\"7",
            "\"+7\"",
            "\"7.\"",
            "\"7.xyz\"",
            "\"a\"",
            "\"18446744073709551616\"",
            "*, \"7\"",
            "\"7\", W/\"8\"",
        ] {
            assert_eq!(expected(&[value]).unwrap_err(), 400, "{value:?}");
        }
    }
}
