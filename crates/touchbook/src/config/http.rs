//! Where people and programs reach the service.

use super::{ConfigError, Layers};
use std::net::SocketAddr;

pub(super) const KEYS: &[&str] = &["listen", "public_url"];

const LISTEN_DEFAULT: &str = "127.0.0.1:7400";

#[derive(Clone, Debug)]
pub(crate) struct Http {
    /// Address to listen on; port 0 takes a free one. `TOUCHBOOK_LISTEN`, `--listen`.
    pub(crate) listen: SocketAddr,
    /// How others reach the service, for links. `TOUCHBOOK_PUBLIC_URL`, `--public-url`.
    pub(crate) public_url: Option<PublicUrl>,
}

/// `http://` or `https://`, a host, perhaps a path; without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl(pub(crate) String);

impl std::str::FromStr for PublicUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let rest = rest.ok_or(())?.trim_end_matches('/');
        let fits = !rest.is_empty()
            && !rest.starts_with('/')
            && !rest.contains(|c: char| c.is_whitespace() || c.is_control() || "@?#".contains(c));
        let text = text.trim_end_matches('/');
        fits.then(|| Self(text.to_owned())).ok_or(())
    }
}

#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct Flags {
    /// Address to listen on; port 0 takes a free one
    /// [env: TOUCHBOOK_LISTEN] [default: 127.0.0.1:7400]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) listen: Option<String>,
    /// How others reach the service, for links [env: TOUCHBOOK_PUBLIC_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
}

impl Flags {
    pub(super) fn values(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("listen", self.listen.clone()),
            ("public_url", self.public_url.clone()),
        ]
    }
}

impl Http {
    pub(super) fn read(layers: &mut Layers) -> Result<Self, ConfigError> {
        let expected = "an IP address and a port, such as 127.0.0.1:7400 or [::1]:7400";
        let listen = layers.text("listen", Some(LISTEN_DEFAULT), expected)?;
        let expected = "an address of the web, such as https://touchbook.example.org";
        Ok(Self {
            listen: listen.expect("it has a default"),
            public_url: layers.text("public_url", None, expected)?,
        })
    }
}
