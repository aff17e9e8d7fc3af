//! `ETag` and `If-None-Match`: what its reader holds already is not sent again.

use crate::answer::JsonText;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::hash::{DefaultHasher, Hash, Hasher};

/// JSON under its tag, or 304 where the reader named that tag.
pub(crate) fn tagged(headers: &HeaderMap, etag: String, text: Vec<u8>) -> Response {
    let answer = match holds(headers, &etag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => JsonText(text).into_response(),
    };
    ([(header::ETAG, etag)], answer).into_response()
}

/// The tag of what last changed at `position`, in an answer that more than its own records can
/// change: policies, days that go by, merges and retractions.
pub(crate) fn of_answer(position: u64, text: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("\"{position}.{:016x}\"", hasher.finish())
}

/// Whether `If-None-Match` names `etag`; strong or weak is the same to it (RFC 9110 §13.1.2).
fn holds(headers: &HeaderMap, etag: &str) -> bool {
    let given = headers.get_all(header::IF_NONE_MATCH).iter();
    given
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_lists_weak_or_strong_and_under_the_asterisk() {
        for (given, found) in [
            ("\"7\"", true),
            ("W/\"7\"", true),
            ("\"6\", W/\"7\"", true),
            ("*", true),
            ("\"77\"", false),
            ("7", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, given.parse().unwrap());
            assert_eq!(holds(&headers, "\"7\""), found, "{given}");
        }
    }
}
