//! What is logged, and how it looks.

use super::{ConfigError, Layers};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

pub(super) const KEYS: &[&str] = &["log_level", "log_format"];

const LEVEL_DEFAULT: &str = "info";
const FORMAT_DEFAULT: &str = "auto";

#[derive(Clone, Debug)]
pub(crate) struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, `off`, or by target:
    /// `info,touchbook_stream=debug`.
    /// `TOUCHBOOK_LOG_LEVEL`, `--log-level`.
    pub(crate) level: Levels,
    /// `TOUCHBOOK_LOG_FORMAT`, `--log-format`.
    pub(crate) format: Format,
    is_asked: bool,
}

/// A level for everything, and others for single targets.
#[derive(Clone, Debug)]
pub(crate) struct Levels(pub(crate) Targets);

impl std::str::FromStr for Levels {
    type Err = ();

    /// Stricter than [`Targets`], which takes a misspelt level for a target.
    fn from_str(text: &str) -> Result<Self, ()> {
        for part in text.split(',') {
            let level = part.split_once('=').map_or(part, |(_, level)| level);
            level.parse::<LevelFilter>().map_err(|_| ())?;
        }
        text.parse().map(Self).map_err(|_| ())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Plain on a terminal, JSON elsewhere.
    Auto,
    Plain,
    Json,
}

impl std::str::FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "auto" => Ok(Self::Auto),
            "plain" => Ok(Self::Plain),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct Flags {
    /// error, warn, info, debug, trace or off; or by target: info,touchbook_stream=debug
    /// [env: TOUCHBOOK_LOG_LEVEL] [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
    /// auto (plain on a terminal, JSON elsewhere), plain or json
    /// [env: TOUCHBOOK_LOG_FORMAT] [default: auto]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
}

impl Flags {
    pub(super) fn values(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("log_level", self.log_level.clone()),
            ("log_format", self.log_format.clone()),
        ]
    }
}

impl Log {
    /// Where nobody asked for a level, warnings alone.
    pub(crate) fn quieten(&mut self) {
        if !self.is_asked {
            self.level = Levels(Targets::new().with_default(LevelFilter::WARN));
        }
    }

    pub(super) fn read(layers: &mut Layers) -> Result<Self, ConfigError> {
        let is_asked = layers.is_said("log_level");
        let expected = "a level (error, warn, info, debug, trace, off), or levels by target";
        let level = layers.text("log_level", Some(LEVEL_DEFAULT), expected)?;
        let format = layers.text("log_format", Some(FORMAT_DEFAULT), "auto, plain or json")?;
        Ok(Self {
            level: level.expect("it has a default"),
            format: format.expect("it has a default"),
            is_asked,
        })
    }
}
