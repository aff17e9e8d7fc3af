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
    /// `host:port` of the server's monitoring, to know whether it syncs before it acknowledges.
    pub monitor: Option<String>,
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
            monitor: None,
            max_bytes: STREAM_MAX_BYTES,
            max_age: STREAM_MAX_AGE,
            duplicate_window: DUPLICATE_WINDOW,
            replicas: 1,
            publish_deadline: PUBLISH_DEADLINE,
        }
    }

    /// The addresses without what stands before an `@`, fit for a log.
    pub fn addresses(&self) -> String {
        let bare = |(scheme, _, host)| format!("{scheme}://{host}");
        self.parts().map(bare).collect::<Vec<_>>().join(",")
    }

    /// The first user and password in the addresses; `%40` stands for `@`, and so on.
    pub(super) fn user_and_password(&self) -> Option<(String, String)> {
        let user = self.parts().find_map(|(_, user, _)| user)?;
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        Some((percent_decoded(user), percent_decoded(password)))
    }

    /// Of each address the scheme, what stands before an `@`, and the rest.
    fn parts(&self) -> impl Iterator<Item = (&str, Option<&str>, &str)> {
        self.url.split(',').map(|url| {
            let url = url.trim();
            let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
            let split = rest.rsplit_once('@').map(|(user, host)| (Some(user), host));
            let (user, host) = split.unwrap_or((None, rest));
            (scheme, user, host)
        })
    }
}

fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (byte, left) = match byte {
            Some(byte) if *first == b'%' => (byte, &after[2..]),
            _ => (*first, after),
        };
        decoded.push(byte);
        rest = left;
    }
    String::from_utf8_lossy(&decoded).into_owned()
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
        let user = options.user_and_password().unwrap();
        assert_eq!(user, ("touchbook".to_owned(), "se@cret".to_owned()));
    }

    #[test]
    fn a_password_may_be_percent_encoded() {
        let password = |url| {
            JetStreamOptions::new(url)
                .user_and_password()
                .map(|(_, p)| p)
        };
        assert_eq!(
            password("nats://c:2,nats://a:%61b@b:1").as_deref(),
            Some("ab")
        );
        assert_eq!(password("nats://a:50%25%40@b:1").as_deref(), Some("50%@"));
        assert_eq!(password("tls://a:1%@b").as_deref(), Some("1%"));
        assert_eq!(password("nats://b:4222"), None);
    }
}
