//! Where quote sessions are fetched, where anybody said so.

use super::{ConfigError, Layers, Slug};
use std::time::Duration;
use touchbook_outbound::limits::INTERVAL_DEFAULT;
use touchbook_outbound::{SourceUrl, Table};

pub(super) const URL_KEY: &str = "quote_source_url";
pub(super) const KEYS: &[&str] = &[
    URL_KEY,
    "quote_source_table",
    "quote_source_tenant",
    "quote_source_interval_seconds",
    "quote_source_allow_private",
];

const TABLE_DEFAULT: &str = "quote_sessions";

/// The source of quote sessions. Its key is a secret, and stands with those.
#[derive(Clone, Debug)]
pub(crate) struct QuoteSource {
    /// Of the project, as Supabase shows it; none turns polling off.
    /// `AUDICO_CHAT_QUOTE_SUPABASE_URL`, `TOUCHBOOK_QUOTE_SOURCE_URL`, `--quote-source-url`.
    pub(crate) url: Option<SourceUrl>,
    /// Table or view. `TOUCHBOOK_QUOTE_SOURCE_TABLE`, `--quote-source-table`.
    pub(crate) table: Table,
    /// Whose sessions they are; none is the default tenant's. `TOUCHBOOK_QUOTE_SOURCE_TENANT`,
    /// `--quote-source-tenant`.
    pub(crate) tenant: Option<Slug>,
    /// Between two polls. `TOUCHBOOK_QUOTE_SOURCE_INTERVAL_SECONDS`,
    /// `--quote-source-interval-seconds`.
    pub(crate) interval: Duration,
    /// Whether it may be in a private network, or without TLS.
    /// `TOUCHBOOK_QUOTE_SOURCE_ALLOW_PRIVATE`, `--quote-source-allow-private`.
    pub(crate) allow_private: bool,
}

#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct Flags {
    /// Where quote sessions are fetched (Supabase or PostgREST); none is fetched without it
    /// [env: AUDICO_CHAT_QUOTE_SUPABASE_URL or TOUCHBOOK_QUOTE_SOURCE_URL; the key:
    /// AUDICO_CHAT_QUOTE_SUPABASE_KEY]
    #[arg(long, value_name = "URL")]
    pub(crate) quote_source_url: Option<String>,
    /// Its table or view
    /// [env: TOUCHBOOK_QUOTE_SOURCE_TABLE] [default: quote_sessions]
    #[arg(long, value_name = "TABLE")]
    pub(crate) quote_source_table: Option<String>,
    /// Tenant of its sessions
    /// [env: TOUCHBOOK_QUOTE_SOURCE_TENANT] [default: the default tenant]
    #[arg(long, value_name = "TENANT")]
    pub(crate) quote_source_tenant: Option<String>,
    /// How often it is asked for what is new
    /// [env: TOUCHBOOK_QUOTE_SOURCE_INTERVAL_SECONDS] [default: 60]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) quote_source_interval_seconds: Option<String>,
    /// true lets it be in a private network, on this machine, or without TLS
    /// [env: TOUCHBOOK_QUOTE_SOURCE_ALLOW_PRIVATE] [default: false]
    #[arg(long, value_name = "BOOLEAN")]
    pub(crate) quote_source_allow_private: Option<String>,
}

impl Flags {
    pub(super) fn values(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            (URL_KEY, self.quote_source_url.clone()),
            ("quote_source_table", self.quote_source_table.clone()),
            ("quote_source_tenant", self.quote_source_tenant.clone()),
            (
                "quote_source_interval_seconds",
                self.quote_source_interval_seconds.clone(),
            ),
            (
                "quote_source_allow_private",
                self.quote_source_allow_private.clone(),
            ),
        ]
    }
}

impl QuoteSource {
    pub(super) fn read(layers: &mut Layers) -> Result<Self, ConfigError> {
        let expected = "https://, a host and perhaps a path, such as https://project.supabase.co";
        let url = layers.text_shown(URL_KEY, None, expected, shown)?;
        let table = "1 to 63 of the characters a-z, A-Z, 0-9 and _";
        let table = layers.text("quote_source_table", Some(TABLE_DEFAULT), table)?;
        let slug = "1 to 40 of the characters a-z, 0-9 and -";
        let tenant = layers.text("quote_source_tenant", None, slug)?;
        let seconds = "a whole number of seconds, at least 1";
        let key = "quote_source_interval_seconds";
        let interval = layers.number(key, INTERVAL_DEFAULT.as_secs(), 1, seconds)?;
        let source = Self {
            url,
            table: table.expect("it has a default"),
            tenant,
            interval: Duration::from_secs(interval),
            allow_private: layers.switch("quote_source_allow_private", false)?,
        };
        let is_encrypted = source.url.as_ref().is_none_or(SourceUrl::is_encrypted);
        match is_encrypted || source.allow_private {
            true => Ok(source),
            false => Err(ConfigError::QuoteSourceInTheClear),
        }
    }
}

/// What is no address may hold a password, and is not repeated.
pub(super) fn shown(text: &str) -> String {
    match text.parse::<SourceUrl>() {
        Ok(url) => url.as_str().to_owned(),
        Err(_) => "***".to_owned(),
    }
}
