//! Why a poll came to nothing.

use reqwest::StatusCode;
use std::time::Duration;

/// Each says what is wrong in words of ours: nothing that a server answered, no URL, no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error(
        "there is no key; set AUDICO_CHAT_QUOTE_SUPABASE_KEY, or `key` of `[quote_source]` in \
         secrets.toml"
    )]
    NoKey,
    #[error("its address is of a private network; `quote_source_allow_private` lets such through")]
    PrivateAddress,
    #[error("it could not be reached: {0}")]
    Unreachable(&'static str),
    #[error("it took too long to answer")]
    TimedOut,
    #[error("the connection broke while it answered")]
    Broken,
    #[error("it refused the key ({0})")]
    KeyRefused(StatusCode),
    #[error("it has no such table ({0})")]
    NoTable(StatusCode),
    #[error("it asked for a pause ({status})")]
    TooManyRequests {
        status: StatusCode,
        retry_after: Option<Duration>,
    },
    #[error("it answered {0}, and redirects are not followed")]
    Redirected(StatusCode),
    #[error("it answered {status}")]
    Status {
        status: StatusCode,
        retry_after: Option<Duration>,
    },
    #[error("its answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("its answer is no JSON array")]
    NotRows,
    #[error(
        "its rows don't go on: each needs an `id` and a time in `updated_at`, and is to come once"
    )]
    Unpaged,
    #[error("what it told could not be stored: {0}")]
    Unstored(String),
    #[error("how far it was read could not be written")]
    Unsaved,
    #[error("reading it ended with a panic, which the log has; it is tried again")]
    Panicked,
}

impl Failure {
    /// Its stable name, for metrics and logs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoKey => "no_key",
            Self::PrivateAddress => "private_address",
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Broken => "broken",
            Self::KeyRefused(_) => "key_refused",
            Self::NoTable(_) => "no_table",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::Redirected(_) => "redirected",
            Self::Status { .. } => "status",
            Self::TooLarge(_) => "too_large",
            Self::NotRows => "not_rows",
            Self::Unpaged => "unpaged",
            Self::Unstored(_) => "not_stored",
            Self::Unsaved => "not_saved",
            Self::Panicked => "panicked",
        }
    }

    /// How long the server asked to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { retry_after, .. } | Self::Status { retry_after, .. } => {
                *retry_after
            }
            _ => None,
        }
    }
}
