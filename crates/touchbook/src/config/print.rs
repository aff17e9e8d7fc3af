//! The effective configuration, for people: TOML, and where each value comes from.

use super::Config;
use super::layers::{Shown, Source, name_in};
use std::fmt::Write;

/// Where the comments begin, unless a value is longer.
const VALUE_COLUMNS: usize = 44;

/// The configuration as TOML, without secrets.
pub(crate) fn print(config: &Config) -> String {
    let mut text = String::new();
    for setting in &config.shown {
        // Writing to a `String` can't fail.
        let _ = writeln!(
            text,
            "{:VALUE_COLUMNS$} # {}",
            line(setting),
            origin(setting)
        );
    }
    text
}

fn line(setting: &Shown) -> String {
    match (&setting.value, setting.is_secret) {
        (Some(value), _) => format!("{} = {value}", setting.key),
        (None, true) => format!("# {} is set", setting.key),
        (None, false) => format!("# {} is not set", setting.key),
    }
}

fn origin(setting: &Shown) -> String {
    match setting.source {
        Source::Default => "default".to_owned(),
        Source::File => "file".to_owned(),
        Source::Alias | Source::Environment => {
            format!("environment, {}", name_in(setting.key, setting.source))
        }
        Source::Flag => format!("flag, {}", name_in(setting.key, setting.source)),
    }
}
