//! Configuration: addresses, paths and secrets.
//!
//! Read from `touchbook.toml`, then `TOUCHBOOK_*`, then flags; the last one that says something
//! counts. A setting has one name: `data_dir` in the file is `TOUCHBOOK_DATA_DIR` and `--data-dir`.
//! Names that nobody knows are refused.
//!
//! **Never** holds what decides whether an event is accepted: that is in the ledger, so that all
//! nodes on one stream decide alike.

mod error;
mod http;
mod layers;
mod log;
mod print;
mod quote_source;
mod sentiment;
mod storage;
mod stream;
mod tenants;
mod tokens;

pub(crate) use error::ConfigError;
pub(crate) use http::Http;
pub(crate) use layers::Layers;
pub(crate) use log::{Format, Log};
pub(crate) use print::print;
pub(crate) use quote_source::QuoteSource;
pub(crate) use sentiment::{ScorerChoice, Sentiment};
pub(crate) use storage::Storage;
pub(crate) use stream::StreamSettings;
pub(crate) use tenants::{Slug, Tenants};
pub(crate) use tokens::TokenSettings;

use crate::transfer::KEY_VARIABLE;
use layers::Shown;
use std::path::{Path, PathBuf};

/// Read when `--config` names no other, if it is there.
const DEFAULT_FILE: &str = "touchbook.toml";
/// How the environment names the file.
const FILE_VARIABLE: &str = "TOUCHBOOK_CONFIG";
/// Every setting with its default, for people to start from.
pub(crate) const DEFAULT_TOML: &str = include_str!("config/default.toml");

/// Everything that is configured.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) http: Http,
    pub(crate) storage: Storage,
    pub(crate) stream: StreamSettings,
    pub(crate) tenants: Tenants,
    pub(crate) tokens: TokenSettings,
    pub(crate) quote_source: QuoteSource,
    pub(crate) sentiment: Sentiment,
    pub(crate) log: Log,
    shown: Vec<Shown>,
}

/// The same settings as flags.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Flags {
    /// Configuration file [env: TOUCHBOOK_CONFIG] [default: ./touchbook.toml if it is there]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) http: http::Flags,
    #[command(flatten)]
    pub(crate) storage: storage::Flags,
    #[command(flatten)]
    pub(crate) stream: stream::Flags,
    #[command(flatten)]
    pub(crate) tenants: tenants::Flags,
    #[command(flatten)]
    pub(crate) tokens: tokens::Flags,
    #[command(flatten)]
    pub(crate) quote_source: quote_source::Flags,
    #[command(flatten)]
    pub(crate) sentiment: sentiment::Flags,
    #[command(flatten)]
    pub(crate) log: log::Flags,
}

impl Config {
    /// What file, environment and flags say together.
    pub(crate) fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::layer(flags, variables.collect())
    }

    fn layer(flags: &Flags, mut variables: Vec<(String, String)>) -> Result<Self, ConfigError> {
        // No setting: commands that ask a service over HTTP take it by themselves.
        variables.retain(|(name, _)| name != KEY_VARIABLE);
        let named = variables.iter().position(|(name, _)| name == FILE_VARIABLE);
        let named = named.map(|at| PathBuf::from(variables.swap_remove(at).1));
        let named = flags
            .config
            .clone()
            .or_else(|| named.filter(|path| !path.as_os_str().is_empty()));
        let text = match named {
            Some(path) => Some((read(&path)?, path)),
            None => read_if_there(Path::new(DEFAULT_FILE))?,
        };
        let mut layers = Layers::new(&keys(), flags.values());
        if let Some((text, path)) = text {
            layers.read_file(&text, &path)?;
        }
        layers.read_environment(variables)?;
        Self::of(layers)
    }

    fn of(mut layers: Layers) -> Result<Self, ConfigError> {
        Ok(Self {
            http: Http::read(&mut layers)?,
            storage: Storage::read(&mut layers)?,
            stream: StreamSettings::read(&mut layers)?,
            tenants: Tenants::read(&mut layers)?,
            tokens: TokenSettings::read(&mut layers)?,
            quote_source: QuoteSource::read(&mut layers)?,
            sentiment: Sentiment::read(&mut layers)?,
            log: Log::read(&mut layers)?,
            shown: layers.into_shown(),
        })
    }
}

impl Flags {
    fn values(&self) -> Vec<(&'static str, Option<String>)> {
        let parts = [
            self.http.values(),
            self.storage.values(),
            self.stream.values(),
            self.tenants.values(),
            self.tokens.values(),
            self.quote_source.values(),
            self.sentiment.values(),
            self.log.values(),
        ];
        parts.concat()
    }
}

/// Every setting's name.
fn keys() -> Vec<&'static str> {
    [
        http::KEYS,
        storage::KEYS,
        stream::KEYS,
        tenants::KEYS,
        tokens::KEYS,
        quote_source::KEYS,
        sentiment::KEYS,
        log::KEYS,
    ]
    .concat()
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}

fn read_if_there(path: &Path) -> Result<Option<(String, PathBuf)>, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some((text, path.to_owned()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests;
