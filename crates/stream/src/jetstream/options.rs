//! How to reach the server, and what the stream should be like.

use crate::limits::{DUPLICATE_WINDOW, PUBLISH_DEADLINE, STREAM_MAX_AGE, STREAM_MAX_BYTES};
use std::path::PathBuf;
use std::time::Duration;

/// Addresses and sizes alone; nothing here decides whether an event is accepted.
#[derive(Clone)]
pub struct JetStreamOptions {
    /// `nats://[user:password@]host:port`, or `tls://…`; several separated by commas.
    pub url: String,
    /// A file with a JWT and its key, as `nsc` writes it.
    pub credentials: Option<PathBuf>,
    /// A PEM file of authorities to trust besides the system's.
    pub root_certificates: Option<PathBuf>,
    /// Size of the stream when it is created here.
    pub max_bytes: u64,
    pub max_age: Duration,
    pub duplicate_window: Duration,
    pub replicas: usize,
    /// How long a publish tries before it gives up.
    pub publish_deadline: Duration,
}

impl JetStreamOptions {
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            credentials: None,
            root_certificates: None,
            max_bytes: STREAM_MAX_BYTES,
            max_age: STREAM_MAX_AGE,
            duplicate_window: DUPLICATE_WINDOW,
            replicas: 1,
            publish_deadline: PUBLISH_DEADLINE,
        }
    }

    /// The addresses without what stands before an `@`, fit for a log.
    pub fn addresses(&self) -> String {
        let bare = |url: &str| {
            let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            format!("{scheme}://{host}")
        };
        self.url
            .split(',')
            .map(|url| bare(url.trim()))
            .collect::<Vec<_>>()
            .join(",")
    }
}

/// Without the password that the address may hold.
impl std::fmt::Debug for JetStreamOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JetStreamOptions")
            .field("url", &self.addresses())
            .field("max_bytes", &self.max_bytes)
            .field("max_age", &self.max_age)
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_reaches_a_log() {
        let options = JetStreamOptions::new("nats://touchbook:se@cret@a:4222, tls://b:4222");
        assert_eq!(options.addresses(), "nats://a:4222,tls://b:4222");
        assert!(!format!("{options:?}").contains("cret"));
    }
}
