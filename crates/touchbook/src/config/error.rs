//! What can be wrong with a configuration.

use std::path::PathBuf;

/// Why there is no configuration; each says which setting, where from, and what would be right.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("could not read the configuration file {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} is no TOML", path.display())]
    Toml {
        path: PathBuf,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("there is no setting {name}; there are {}", allowed.join(", "))]
    Unknown { name: String, allowed: Vec<String> },
    #[error("{name} must be {expected}")]
    Type {
        name: String,
        expected: &'static str,
    },
    #[error("{name} is {value:?}, and must be {expected}")]
    Value {
        name: String,
        value: String,
        expected: &'static str,
    },
    #[error("{name} is not what it must be: {expected}")]
    Secret {
        name: String,
        expected: &'static str,
    },
    #[error(
        "quote_source_url is http://, where everybody on the way could read the key; use https://, \
         or quote_source_allow_private = true in a network of your own"
    )]
    QuoteSourceInTheClear,
    #[error("nats_password needs a user in the address, as in nats://touchbook@127.0.0.1:4222")]
    PasswordWithoutUser,
}
