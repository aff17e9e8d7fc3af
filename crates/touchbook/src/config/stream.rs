//! Where events are published and read.

use super::{ConfigError, Layers};
use std::path::PathBuf;
use touchbook_engine::StreamConfig;
use touchbook_stream::JetStreamOptions;
use touchbook_stream::limits::STREAM_MAX_BYTES;

pub(super) const ADDRESS_KEY: &str = "stream";
pub(super) const KEYS: &[&str] = &[
    ADDRESS_KEY,
    "stream_max_bytes",
    "nats_password",
    "nats_credentials",
    "nats_root_certificates",
    "nats_monitor",
];

const EMBEDDED: &str = "embedded";
/// A stream that is full after a handful of messages would refuse almost everything.
const MAX_BYTES_MIN: u64 = 16 * 1024 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct StreamSettings {
    /// `embedded`, or where NATS is. `TOUCHBOOK_STREAM`, `--stream`.
    pub(crate) address: Address,
    /// The stream's size, if it is created here. `TOUCHBOOK_STREAM_MAX_BYTES`,
    /// `--stream-max-bytes`.
    pub(crate) max_bytes: u64,
    /// A file with a JWT and its key. `TOUCHBOOK_NATS_CREDENTIALS`, `--nats-credentials`.
    pub(crate) credentials: Option<PathBuf>,
    /// PEM file of authorities to trust besides the system's. `TOUCHBOOK_NATS_ROOT_CERTIFICATES`,
    /// `--nats-root-certificates`.
    pub(crate) root_certificates: Option<PathBuf>,
    /// `host:port` of the server's monitoring. `TOUCHBOOK_NATS_MONITOR`, `--nats-monitor`.
    pub(crate) monitor: Option<String>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Embedded,
    /// `nats://[user[:password]@]host:port` or `tls://…`, several separated by commas.
    Nats(String),
}

/// Without passwords.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded => f.write_str(EMBEDDED),
            Self::Nats(url) => f.write_str(&without_secrets(url)),
        }
    }
}

impl std::str::FromStr for Address {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == EMBEDDED {
            return Ok(Self::Embedded);
        }
        let fits = |url: &str| {
            let rest = url
                .strip_prefix("nats://")
                .or_else(|| url.strip_prefix("tls://"));
            rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
        };
        let all_fit = text.split(',').all(|url| fits(url.trim()));
        all_fit.then(|| Self::Nats(text.to_owned())).ok_or(())
    }
}

#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct Flags {
    /// embedded, or the address of NATS: nats://HOST:4222 or nats://USER@HOST:4222 (tls:// for
    /// TLS), several with commas [env: TOUCHBOOK_STREAM; the password: TOUCHBOOK_NATS_PASSWORD]
    /// [default: embedded]
    #[arg(long, value_name = "STREAM")]
    pub(crate) stream: Option<String>,
    /// Size of the stream, if the service creates it
    /// [env: TOUCHBOOK_STREAM_MAX_BYTES] [default: 4294967296]
    #[arg(long, value_name = "BYTES")]
    pub(crate) stream_max_bytes: Option<String>,
    /// Credentials file of NATS, as nsc writes it [env: TOUCHBOOK_NATS_CREDENTIALS]
    #[arg(long, value_name = "FILE")]
    pub(crate) nats_credentials: Option<String>,
    /// PEM file of authorities to trust besides the system's
    /// [env: TOUCHBOOK_NATS_ROOT_CERTIFICATES]
    #[arg(long, value_name = "FILE")]
    pub(crate) nats_root_certificates: Option<String>,
    /// The NATS server's monitoring, to know whether it syncs before it acknowledges
    /// [env: TOUCHBOOK_NATS_MONITOR]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) nats_monitor: Option<String>,
}

impl Flags {
    /// The password is no flag, since everybody on the machine sees a command line.
    pub(super) fn values(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            (ADDRESS_KEY, self.stream.clone()),
            ("stream_max_bytes", self.stream_max_bytes.clone()),
            ("nats_credentials", self.nats_credentials.clone()),
            (
                "nats_root_certificates",
                self.nats_root_certificates.clone(),
            ),
            ("nats_monitor", self.nats_monitor.clone()),
        ]
    }
}

impl StreamSettings {
    pub(super) fn read(layers: &mut Layers) -> Result<Self, ConfigError> {
        let expected = "`embedded`, or an address such as nats://127.0.0.1:4222";
        let address = layers.text_shown(ADDRESS_KEY, Some(EMBEDDED), expected, without_secrets)?;
        let address = address.expect("it has a default");
        let bytes = "a whole number of bytes, at least 16777216";
        let max_bytes =
            layers.number("stream_max_bytes", STREAM_MAX_BYTES, MAX_BYTES_MIN, bytes)?;
        let address = match layers.secret("nats_password")? {
            Some(password) => with_password(address, &password)?,
            None => address,
        };
        Ok(Self {
            address,
            max_bytes,
            credentials: layers.text("nats_credentials", None, "a file")?,
            root_certificates: layers.text("nats_root_certificates", None, "a file")?,
            monitor: layers.text("nats_monitor", None, "a host and a port")?,
        })
    }

    pub(crate) fn is_embedded(&self) -> bool {
        self.address == Address::Embedded
    }

    pub(crate) fn for_engine(&self) -> StreamConfig {
        match self.jetstream() {
            Some(options) => StreamConfig::JetStream(options),
            None => StreamConfig::Embedded,
        }
    }

    /// How to reach NATS, if that is where events are.
    pub(crate) fn jetstream(&self) -> Option<JetStreamOptions> {
        let Address::Nats(url) = &self.address else {
            return None;
        };
        Some(JetStreamOptions {
            max_bytes: self.max_bytes,
            credentials: self.credentials.clone(),
            root_certificates: self.root_certificates.clone(),
            monitor: self.monitor.clone(),
            ..JetStreamOptions::new(url.clone())
        })
    }
}

/// The addresses with what stands before an `@` cut down to the user.
pub(super) fn without_secrets(text: &str) -> String {
    let parts = text.split(',').map(|url| {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let scheme = if scheme.is_empty() {
            String::new()
        } else {
            format!("{scheme}://")
        };
        match rest.rsplit_once('@') {
            Some((user, host)) => match user.split_once(':') {
                Some((user, _)) => format!("{scheme}{user}:***@{host}"),
                None => format!("{scheme}{user}@{host}"),
            },
            None => format!("{scheme}{rest}"),
        }
    });
    parts.collect::<Vec<_>>().join(",")
}

/// Puts the password behind the user of the first address that has one.
fn with_password(address: Address, password: &str) -> Result<Address, ConfigError> {
    let Address::Nats(url) = address else {
        return Ok(address);
    };
    let (before, host) = url
        .split_once('@')
        .ok_or(ConfigError::PasswordWithoutUser)?;
    let (scheme, user) = before
        .split_once("://")
        .ok_or(ConfigError::PasswordWithoutUser)?;
    let user = user.split_once(':').map_or(user, |(user, _)| user);
    Ok(Address::Nats(format!(
        "{scheme}://{user}:{}@{host}",
        percent_encoded(password)
    )))
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_of_its_own_goes_behind_the_user() {
        let address = |url: &str| with_password(url.parse().unwrap(), "p@ss:w%rd");
        let Ok(Address::Nats(url)) = address("nats://touchbook@a:4222,nats://b:4222") else {
            panic!("it has a user");
        };
        assert_eq!(url, "nats://touchbook:p%40ss%3Aw%25rd@a:4222,nats://b:4222");
        assert!(matches!(
            address("nats://a:4222"),
            Err(ConfigError::PasswordWithoutUser)
        ));
        assert!(matches!(address("embedded"), Ok(Address::Embedded)));
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = |text| without_secrets(text);
        assert_eq!(
            shown("nats://a:se@cret@h:1, tls://h:2"),
            "nats://a:***@h:1, tls://h:2"
        );
        assert_eq!(shown("nats://a@h:1"), "nats://a@h:1");
        assert_eq!(shown("a:secret@h"), "a:***@h");
        let address: Address = "nats://a:secret@h:1".parse().unwrap();
        assert!(!format!("{address:?}").contains("secret"));
    }
}
