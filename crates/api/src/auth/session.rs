//! The session of somebody who signed in with a key: a cookie that only the service can make.

use crate::problem::Problem;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use touchbook_events::Timestamp;

pub(crate) const COOKIE: &str = "touchbook_session";
/// What a page of another site can't send, which a form of it could do without.
const OWN_HEADER: &str = "x-touchbook";
/// How long one lasts.
pub(crate) const SESSION_SECONDS: i64 = 12 * 60 * 60;

/// Which key opened it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) tenant: String,
    pub(crate) prefix: String,
    /// Seconds since 1970.
    exp: i64,
}

impl Session {
    pub(crate) fn begin(tenant: &str, prefix: &str, now: Timestamp) -> Self {
        Self {
            tenant: tenant.to_owned(),
            prefix: prefix.to_owned(),
            exp: seconds(now) + SESSION_SECONDS,
        }
    }

    /// As a value of `Set-Cookie`. Over loopback there is no TLS to insist on.
    pub(crate) fn cookie(&self, secret: &str, is_secure: bool) -> Result<HeaderValue, Problem> {
        let key = EncodingKey::from_secret(secret.as_bytes());
        let text = encode(&Header::new(Algorithm::HS256), self, &key);
        let text = text.map_err(|error| Problem::internal(&error))?;
        cookie(&text, SESSION_SECONDS, is_secure)
    }

    /// Ends one in the browser.
    pub(crate) fn no_cookie(is_secure: bool) -> Result<HeaderValue, Problem> {
        cookie("", 0, is_secure)
    }

    /// The session that a cookie's text is, if we made it and it lasts.
    pub(crate) fn read(text: &str, secret: &str, now: Timestamp) -> Option<Self> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        let key = DecodingKey::from_secret(secret.as_bytes());
        let session = decode::<Self>(text, &key, &validation).ok()?.claims;
        (seconds(now) < session.exp).then_some(session)
    }
}

fn cookie(text: &str, seconds: i64, is_secure: bool) -> Result<HeaderValue, Problem> {
    let secure = if is_secure { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={text}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(cookie).map_err(|error| Problem::internal(&error))
}

fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// The text of the session's cookie.
pub(crate) fn sent(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|text| text.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then_some(value)
    });
    pairs.next().filter(|text| !text.is_empty())
}

/// A browser sends cookies along whoever made the request; what changes something must show that
/// it comes from a page of ours.
pub(crate) fn check_origin(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if method.is_safe() || headers.contains_key(OWN_HEADER) {
        return Ok(());
    }
    let detail = "what changes something with a session's cookie needs the header `X-Touchbook`";
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "own_header_missing",
        detail,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_717_200_000_000_000);

    fn text(secret: &str) -> String {
        let session = Session::begin("acme", "0123", NOW);
        let cookie = session.cookie(secret, true).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(
            cookie.ends_with("; HttpOnly; SameSite=Strict; Secure"),
            "{cookie}"
        );
        let (text, _) = cookie.split_once(';').unwrap();
        text.strip_prefix("touchbook_session=").unwrap().to_owned()
    }

    #[test]
    fn a_session_lasts_for_half_a_day_and_is_no_one_elses() {
        let text = text("secret");
        let session = Session::read(&text, "secret", NOW);
        assert_eq!(session, Some(Session::begin("acme", "0123", NOW)));
        let late = NOW.plus_seconds(SESSION_SECONDS);
        assert_eq!(Session::read(&text, "secret", late), None);
        assert_eq!(Session::read(&text, "another secret", NOW), None);
        let (head, _) = text.rsplit_once('.').unwrap();
        assert_eq!(Session::read(&format!("{head}."), "secret", NOW), None);
    }

    #[test]
    fn it_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        assert_eq!(sent(&headers), None);
        headers.insert(
            header::COOKIE,
            "a=b; touchbook_session=xyz; c=d".parse().unwrap(),
        );
        assert_eq!(sent(&headers), Some("xyz"));
        headers.insert(
            header::COOKIE,
            "other_touchbook_session=xyz".parse().unwrap(),
        );
        assert_eq!(sent(&headers), None);
    }
}
