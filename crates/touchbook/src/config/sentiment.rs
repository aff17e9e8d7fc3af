//! Who scores what customers say.

use super::{ConfigError, Layers};

pub(super) const KEYS: &[&str] = &["scorer"];

const SCORER_DEFAULT: &str = "vader";

#[derive(Clone, Debug)]
pub(crate) struct Sentiment {
    /// `TOUCHBOOK_SCORER`, `--scorer`.
    pub(crate) scorer: ScorerChoice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScorerChoice {
    /// The one that is built in; English alone.
    Vader,
    /// This node scores nothing; what others scored stays.
    Off,
}

impl std::str::FromStr for ScorerChoice {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "vader" => Ok(Self::Vader),
            "off" => Ok(Self::Off),
            _ => Err(()),
        }
    }
}

#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct Flags {
    /// Who scores the sentiment of what customers say: vader or off
    /// [env: TOUCHBOOK_SCORER] [default: vader]
    #[arg(long, value_name = "SCORER")]
    pub(crate) scorer: Option<String>,
}

impl Flags {
    pub(super) fn values(&self) -> Vec<(&'static str, Option<String>)> {
        vec![("scorer", self.scorer.clone())]
    }
}

impl Sentiment {
    pub(super) fn read(layers: &mut Layers) -> Result<Self, ConfigError> {
        let scorer = layers.text("scorer", Some(SCORER_DEFAULT), "vader or off")?;
        Ok(Self {
            scorer: scorer.expect("it has a default"),
        })
    }
}
