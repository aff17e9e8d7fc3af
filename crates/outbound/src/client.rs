//! One way to ask others: no redirect, no proxy, no address that was not checked, no answer that
//! is too large or too late.

use crate::Clock;
use crate::address::{CheckedResolver, Private, Reach};
use crate::failure::Failure;
use crate::limits::{
    CONNECT_WAIT_MAX, IDLE_WAIT_MAX, PAGE_BYTES_MAX, PAGE_WAIT_MAX, RETRY_AFTER_MAX,
};
use crate::source::Key;
use bytes::{Bytes, BytesMut};
use chrono::DateTime;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url, redirect};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use touchbook_events::Timestamp;

/// How PostgREST's gateway at Supabase wants the key, besides as a bearer token.
const API_KEY: &str = "apikey";

pub(crate) struct Client {
    http: reqwest::Client,
    reach: Reach,
    clock: Clock,
    bytes_max: usize,
}

/// How long a client waits and how much it reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) wait: Duration,
    pub(crate) bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            wait: PAGE_WAIT_MAX,
            bytes: PAGE_BYTES_MAX,
        }
    }
}

impl Client {
    /// # Errors
    /// When the authorities that the system trusts can't be read.
    pub(crate) fn new(reach: Reach, bounds: Bounds, clock: Clock) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            // A proxy of the environment would connect to what nobody checked.
            .no_proxy()
            .dns_resolver(Arc::new(CheckedResolver(reach)))
            .connect_timeout(CONNECT_WAIT_MAX)
            .timeout(bounds.wait)
            .pool_idle_timeout(IDLE_WAIT_MAX)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("touchbook/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            http,
            reach,
            clock,
            bytes_max: bounds.bytes,
        })
    }

    /// What stands at `url`, for who has `key`.
    pub(crate) async fn get(&self, url: Url, key: &Key) -> Result<Bytes, Failure> {
        self.reach
            .admit_url(&url)
            .map_err(|Private| Failure::PrivateAddress)?;
        let request = self
            .http
            .get(url)
            .header(ACCEPT, "application/json")
            .header(API_KEY, key.plain())
            .header(AUTHORIZATION, key.bearer());
        let response = request.send().await.map_err(|error| failure(&error))?;
        match response.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => self.body(response).await,
            status => Err(refusal(status, response.headers(), (self.clock)())),
        }
    }

    async fn body(&self, mut response: Response) -> Result<Bytes, Failure> {
        let too_large = Failure::TooLarge(self.bytes_max);
        let announced = response.content_length().unwrap_or_default();
        if announced > self.bytes_max as u64 {
            return Err(too_large);
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
            if body.len() + chunk.len() > self.bytes_max {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

fn refusal(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Failure {
    let retry_after = headers.get(RETRY_AFTER);
    let retry_after = retry_after
        .and_then(|value| value.to_str().ok())
        .and_then(|value| pause(value, now));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::KeyRefused(status),
        StatusCode::NOT_FOUND => Failure::NoTable(status),
        StatusCode::TOO_MANY_REQUESTS => Failure::TooManyRequests {
            status,
            retry_after,
        },
        _ if status.is_redirection() => Failure::Redirected(status),
        _ => Failure::Status {
            status,
            retry_after,
        },
    }
}

/// `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), at most [`RETRY_AFTER_MAX`].
fn pause(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let seconds = match value.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let until: Timestamp = DateTime::parse_from_rfc2822(value).ok()?.to_utc().into();
            u64::try_from(until.seconds_since(now)).unwrap_or_default()
        }
    };
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// In words of ours: the error's own would name the URL.
fn failure(error: &reqwest::Error) -> Failure {
    if causes(error).any(|cause| cause.is::<Private>()) {
        return Failure::PrivateAddress;
    }
    if error.is_timeout() {
        return Failure::TimedOut;
    }
    if !error.is_connect() {
        return Failure::Broken;
    }
    let kind = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>());
    Failure::Unreachable(match kind.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "the connection was refused",
        Some(io::ErrorKind::ConnectionReset) => "the connection was reset",
        Some(io::ErrorKind::InvalidData) => "TLS failed",
        Some(io::ErrorKind::TimedOut) => "it took too long",
        _ => "there is no way to it, or nobody of that name",
    })
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_read_in_seconds_and_as_a_date_and_is_bounded() {
        let now = Timestamp::from_micros(784_111_700_000_000);
        let seconds = |value| pause(value, now).map(|pause| pause.as_secs());
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("999999999"), Some(RETRY_AFTER_MAX.as_secs()));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(77));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        for nonsense in ["", "-1", "soon", "1.5"] {
            assert_eq!(seconds(nonsense), None, "{nonsense}");
        }
    }
}
