//! Who may come in, from what is configured.

use crate::config::Config;
use crate::secrets::Vault;
use anyhow::{Context, bail};
use std::net::SocketAddr;
use touchbook_api::{Access, Accounts, Hosts, Tokens};
use touchbook_engine::Engine;

/// Whether callers say who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nobody does, and the service listens on loopback alone.
    Dev,
    Accounts,
}

pub(crate) fn access(
    mode: Mode,
    config: &Config,
    vault: &Vault,
    address: SocketAddr,
) -> anyhow::Result<Access> {
    let default_tenant = config.tenants.default_tenant.0.clone();
    if mode == Mode::Dev {
        return Ok(Access::Dev { default_tenant });
    }
    let public_url = config.http.public_url.as_ref().map(|url| url.0.as_str());
    Ok(Access::Accounts(Accounts {
        default_tenant,
        secrets: vault.shared(),
        tokens: tokens(config, vault)?,
        hosts: Hosts::of(address.ip(), public_url),
        is_secure: public_url.is_some_and(|url| url.starts_with("https://")),
    }))
}

fn tokens(config: &Config, vault: &Vault) -> anyhow::Result<Option<Tokens>> {
    let settings = &config.tokens;
    let tokens = match (&settings.jwks_file, vault.jwt_secret()) {
        (Some(_), Some(_)) => {
            bail!(
                "tokens are signed either with `jwks_file` or with the secret of `[jwt]`, not both"
            )
        }
        (Some(path), None) => {
            let text = std::fs::read_to_string(path);
            let text = text.with_context(|| format!("could not read {}", path.display()))?;
            Tokens::of_set(&text).with_context(|| path.display().to_string())?
        }
        (None, Some(secret)) => Tokens::of_secret(secret.as_bytes()),
        (None, None) => return Ok(None),
    };
    let (issuer, audience) = (settings.issuer.clone(), settings.audience.clone());
    Ok(Some(tokens.issued_by(issuer).meant_for(audience)))
}

/// Whether anybody could come in with a key.
pub(crate) fn has_keys(engine: &Engine) -> bool {
    engine.tenants().iter().any(|tenant| {
        let known = tenant.published::<touchbook_accounts::Accounts>();
        known.is_some_and(|known| known.keys().any(|(_, key)| key.revoked_at.is_none()))
    })
}
