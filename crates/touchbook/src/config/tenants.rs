//! Whose data it is where nobody says.

use super::{ConfigError, Layers};
use touchbook_events::limits::SLUG_CHARS_MAX;

pub(super) const KEYS: &[&str] = &["default_tenant"];

const DEFAULT_TENANT: &str = "default";

#[derive(Clone, Debug)]
pub(crate) struct Tenants {
    /// The tenant of a request or command that names none. `TOUCHBOOK_DEFAULT_TENANT`,
    /// `--default-tenant`.
    pub(crate) default_tenant: Slug,
}

/// The name of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slug(pub(crate) String);

impl std::str::FromStr for Slug {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = (1..=SLUG_CHARS_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let expected = || format!("write 1 to {SLUG_CHARS_MAX} of the characters a-z, 0-9 and -");
        fits.then(|| Self(text.to_owned())).ok_or_else(expected)
    }
}

#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct Flags {
    /// Tenant of a request or command that names none
    /// [env: TOUCHBOOK_DEFAULT_TENANT] [default: default]
    #[arg(long, value_name = "TENANT")]
    pub(crate) default_tenant: Option<String>,
}

impl Flags {
    pub(super) fn values(&self) -> Vec<(&'static str, Option<String>)> {
        vec![("default_tenant", self.default_tenant.clone())]
    }
}

impl Tenants {
    pub(super) fn read(layers: &mut Layers) -> Result<Self, ConfigError> {
        let expected = "1 to 40 of the characters a-z, 0-9 and -";
        let slug = layers.text("default_tenant", Some(DEFAULT_TENANT), expected)?;
        Ok(Self {
            default_tenant: slug.expect("it has a default"),
        })
    }
}
