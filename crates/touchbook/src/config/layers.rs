//! Defaults, file, environment and flags, laid over each other.

use super::ConfigError;
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

const PREFIX: &str = "TOUCHBOOK_";
/// What document 001 calls settings, whose own variables count more.
const ALIASES: [(&str, &str); 1] = [(
    "AUDICO_CHAT_QUOTE_SUPABASE_URL",
    super::quote_source::URL_KEY,
)];

/// Where a value comes from, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Default,
    File,
    /// A variable that document 001 names.
    Alias,
    Environment,
    Flag,
}

/// A setting as `config print` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) key: &'static str,
    /// TOML; none where nothing is set, or where it is a secret.
    pub(crate) value: Option<String>,
    pub(crate) is_secret: bool,
    pub(crate) source: Source,
}

/// What was said of each setting, the strongest word alone.
pub(crate) struct Layers {
    keys: Vec<&'static str>,
    said: BTreeMap<&'static str, (Source, toml::Value)>,
    shown: Vec<Shown>,
}

impl Layers {
    pub(crate) fn new(
        keys: &[&'static str],
        flags: impl IntoIterator<Item = (&'static str, Option<String>)>,
    ) -> Self {
        let said = flags
            .into_iter()
            .filter_map(|(key, value)| Some((key, (Source::Flag, toml::Value::String(value?)))));
        Self {
            keys: keys.to_vec(),
            said: said.collect(),
            shown: Vec::with_capacity(keys.len()),
        }
    }

    pub(crate) fn read_file(&mut self, text: &str, path: &Path) -> Result<(), ConfigError> {
        let table: toml::Table = text.parse().map_err(|source| ConfigError::Toml {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        for (name, value) in table {
            let key = self.known(&name, &name, |key| (*key).to_owned())?;
            self.say(key, Source::File, value);
        }
        Ok(())
    }

    /// Takes what begins with `TOUCHBOOK_`. Empty is as good as absent: compose files write that.
    pub(crate) fn read_environment(
        &mut self,
        variables: Vec<(String, String)>,
    ) -> Result<(), ConfigError> {
        for (variable, value) in variables {
            let Some(name) = variable.strip_prefix(PREFIX) else {
                self.read_alias(&variable, value);
                continue;
            };
            if is_service_link(name) {
                continue;
            }
            let key = self.known(&name.to_lowercase(), &variable, |key| variable_of(key))?;
            if !value.is_empty() {
                self.say(key, Source::Environment, toml::Value::String(value));
            }
        }
        Ok(())
    }

    fn read_alias(&mut self, variable: &str, value: String) {
        let alias = ALIASES.iter().find(|(alias, _)| *alias == variable);
        if let Some((_, key)) = alias.filter(|_| !value.is_empty()) {
            self.say(key, Source::Alias, toml::Value::String(value));
        }
    }

    fn known(
        &self,
        key: &str,
        name: &str,
        spell: impl Fn(&&'static str) -> String,
    ) -> Result<&'static str, ConfigError> {
        let known = self.keys.iter().find(|known| **known == key);
        known.copied().ok_or_else(|| ConfigError::Unknown {
            name: name.to_owned(),
            allowed: self.keys.iter().map(spell).collect(),
        })
    }

    fn say(&mut self, key: &'static str, source: Source, value: toml::Value) {
        let weaker = self.said.get(key).is_none_or(|(said, _)| *said < source);
        if weaker {
            self.said.insert(key, (source, value));
        }
    }

    /// Whether anybody said something of a setting that was not read yet.
    pub(crate) fn is_said(&self, key: &str) -> bool {
        self.said.contains_key(key)
    }

    /// A setting that is text; none where nobody said anything and there is no default.
    pub(crate) fn text<T: FromStr>(
        &mut self,
        key: &'static str,
        default: Option<&str>,
        expected: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        self.text_shown(key, default, expected, |text| text.to_owned())
    }

    /// The same, shown as `show` makes it.
    pub(crate) fn text_shown<T: FromStr>(
        &mut self,
        key: &'static str,
        default: Option<&str>,
        expected: &'static str,
        show: impl FnOnce(&str) -> String,
    ) -> Result<Option<T>, ConfigError> {
        let (source, text) = match self.said.remove(key) {
            Some((source, toml::Value::String(text))) => (source, Some(text)),
            Some((source, _)) => return Err(wrong_type(key, source, "text in quotes")),
            None => (Source::Default, default.map(str::to_owned)),
        };
        let shown = text
            .as_deref()
            .map(|text| toml::Value::String(show(text)).to_string());
        self.show(key, shown, source, false);
        let Some(text) = text else { return Ok(None) };
        let parsed = text.parse().map_err(|_| ConfigError::Value {
            name: name_in(key, source),
            value: show_value(key, &text),
            expected,
        })?;
        Ok(Some(parsed))
    }

    /// A setting that nobody but the service may see.
    pub(crate) fn secret(&mut self, key: &'static str) -> Result<Option<String>, ConfigError> {
        let (source, text) = match self.said.remove(key) {
            Some((source, toml::Value::String(text))) => (source, Some(text)),
            Some((source, _)) => {
                let (name, expected) = (name_in(key, source), "text in quotes");
                return Err(ConfigError::Secret { name, expected });
            }
            None => (Source::Default, None),
        };
        self.show(key, None, source, text.is_some());
        Ok(text)
    }

    /// A setting that is a whole number.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        default: u64,
        at_least: u64,
        expected: &'static str,
    ) -> Result<u64, ConfigError> {
        let (source, number) = match self.said.remove(key) {
            None => (Source::Default, Some(default)),
            Some((source, toml::Value::Integer(number))) => (source, u64::try_from(number).ok()),
            Some((source, toml::Value::String(text))) if source != Source::File => {
                (source, text.replace('_', "").parse().ok())
            }
            Some((source, _)) => return Err(wrong_type(key, source, expected)),
        };
        let number = number.filter(|number| *number >= at_least);
        let number = number.ok_or_else(|| wrong_type(key, source, expected))?;
        self.show(key, Some(number.to_string()), source, false);
        Ok(number)
    }

    /// A setting that is on or off.
    pub(crate) fn switch(&mut self, key: &'static str, default: bool) -> Result<bool, ConfigError> {
        let (source, switch) = match self.said.remove(key) {
            None => (Source::Default, Some(default)),
            Some((source, toml::Value::Boolean(switch))) => (source, Some(switch)),
            Some((source, toml::Value::String(text))) if source != Source::File => {
                (source, text.parse().ok())
            }
            Some((source, _)) => (source, None),
        };
        let switch = switch.ok_or_else(|| wrong_type(key, source, "true or false"))?;
        self.show(key, Some(switch.to_string()), source, false);
        Ok(switch)
    }

    fn show(&mut self, key: &'static str, value: Option<String>, source: Source, is_secret: bool) {
        self.shown.push(Shown {
            key,
            value,
            is_secret,
            source,
        });
    }

    pub(crate) fn into_shown(self) -> Vec<Shown> {
        self.shown
    }
}

/// Kubernetes tells every container of a service called `touchbook` in variables such as
/// `TOUCHBOOK_SERVICE_HOST` and `TOUCHBOOK_PORT_7400_TCP`.
fn is_service_link(name: &str) -> bool {
    name == "PORT" || name.starts_with("PORT_") || name.starts_with("SERVICE_")
}

fn wrong_type(key: &str, source: Source, expected: &'static str) -> ConfigError {
    ConfigError::Type {
        name: name_in(key, source),
        expected,
    }
}

/// An address may hold a password, and an error ends up in a log.
fn show_value(key: &str, text: &str) -> String {
    match key {
        super::stream::ADDRESS_KEY => super::stream::without_secrets(text),
        super::quote_source::URL_KEY => super::quote_source::shown(text),
        _ => text.to_owned(),
    }
}

fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase())
}

/// What a setting is called where it was said.
pub(super) fn name_in(key: &str, source: Source) -> String {
    match source {
        Source::Default | Source::File => key.to_owned(),
        Source::Alias => {
            let alias = ALIASES.iter().find(|(_, known)| *known == key);
            alias.map_or_else(|| variable_of(key), |(alias, _)| (*alias).to_owned())
        }
        Source::Environment => variable_of(key),
        Source::Flag => format!("--{}", key.replace('_', "-")),
    }
}
