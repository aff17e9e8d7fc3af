//! Whose JSON web tokens are taken.

use super::{ConfigError, Layers};
use std::path::PathBuf;

pub(super) const KEYS: &[&str] = &["jwks_file", "jwt_issuer", "jwt_audience"];

#[derive(Clone, Debug)]
pub(crate) struct TokenSettings {
    /// Public keys that sign tokens (RFC 7517). `TOUCHBOOK_JWKS_FILE`, `--jwks-file`.
    pub(crate) jwks_file: Option<PathBuf>,
    /// Who must have issued them. `TOUCHBOOK_JWT_ISSUER`, `--jwt-issuer`.
    pub(crate) issuer: Option<String>,
    /// Whom they must be meant for. `TOUCHBOOK_JWT_AUDIENCE`, `--jwt-audience`.
    pub(crate) audience: Option<String>,
}

#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct Flags {
    /// Public keys that sign JSON web tokens, as a JWK set [env: TOUCHBOOK_JWKS_FILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) jwks_file: Option<String>,
    /// Take only tokens of this issuer [env: TOUCHBOOK_JWT_ISSUER]
    #[arg(long, value_name = "ISSUER")]
    pub(crate) jwt_issuer: Option<String>,
    /// Take only tokens that are meant for this audience [env: TOUCHBOOK_JWT_AUDIENCE]
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) jwt_audience: Option<String>,
}

impl Flags {
    pub(super) fn values(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("jwks_file", self.jwks_file.clone()),
            ("jwt_issuer", self.jwt_issuer.clone()),
            ("jwt_audience", self.jwt_audience.clone()),
        ]
    }
}

impl TokenSettings {
    pub(super) fn read(layers: &mut Layers) -> Result<Self, ConfigError> {
        Ok(Self {
            jwks_file: layers.text("jwks_file", None, "a file")?,
            issuer: layers.text("jwt_issuer", None, "text")?,
            audience: layers.text("jwt_audience", None, "text")?,
        })
    }
}
