//! `keys`: issuing, listing and revoking them.

use super::node::{Node, line, tenant};
use super::protocol::{KeyRequest, Reply};
use anyhow::{Context, bail};
use std::sync::Arc;
use tokio::sync::mpsc::Sender;
use touchbook_accounts::Accounts;
use touchbook_api::{Issued, NewKey, issue_key, revoke_key};
use touchbook_engine::Tenant;
use touchbook_events::catalogue::access::{Role, WebhookKind};
use touchbook_events::{Principal, PrincipalKind};

/// Whoever owns the data directory.
fn operator() -> Principal {
    Principal {
        kind: PrincipalKind::Program,
        id: Some("command line".into()),
    }
}

/// Creates a key; the line that is answered is the only place where it stands.
pub(super) async fn create(
    node: &Node,
    request: KeyRequest,
    replies: &Sender<Reply>,
) -> anyhow::Result<()> {
    let new = NewKey {
        role: role(&request)?,
        name: request.name,
        user_id: request.user,
        webhook: request.webhook.as_deref().map(webhook).transpose()?,
        is_signed: request.secret.is_some(),
    };
    let tenant = match node.engine.tenant(&request.tenant) {
        Some(tenant) => tenant,
        None if request.creates_tenant => node.engine.create_tenant(&request.tenant).await?,
        None => tenant(&node.engine, &request.tenant)?,
    };
    let issued = issue_key(&node.engine, &tenant, &operator(), &new).await?;
    if let Some(secret) = &request.secret {
        let reference = Issued::reference(&issued.key);
        node.vault.keep(&reference, secret.0.trim()).with_context(|| {
            let prefix = issued.key.prefix();
            format!("the key is of no use without its secret; revoke it: touchbook keys revoke {prefix}")
        })?;
    }
    line(replies, issued.key.as_str().to_owned()).await;
    Ok(())
}

fn role(request: &KeyRequest) -> anyhow::Result<Role> {
    match &request.role {
        None => Ok(Role::Producer),
        Some(role) => Role::parse(role).with_context(|| {
            let allowed: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
            format!(
                "there is no role `{role}`; there are {}",
                allowed.join(", ")
            )
        }),
    }
}

fn webhook(kind: &str) -> anyhow::Result<WebhookKind> {
    WebhookKind::parse(kind).with_context(|| {
        let allowed: Vec<_> = WebhookKind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!(
            "there is no webhook `{kind}`; there are {}",
            allowed.join(", ")
        )
    })
}

pub(super) async fn list(node: &Node, slug: &str, replies: &Sender<Reply>) -> anyhow::Result<()> {
    let tenant = tenant(&node.engine, slug)?;
    let accounts = accounts(&tenant);
    for (prefix, key) in accounts.keys() {
        let what = match (&key.webhook, &key.user_id) {
            (Some(webhook), _) => format!("webhook {}", webhook.kind),
            (None, Some(user_id)) => format!("{} of {user_id}", key.role),
            (None, None) => key.role.to_string(),
        };
        let state = match key.revoked_at {
            Some(position) => format!("revoked at position {position}"),
            None => format!("since position {}", key.position),
        };
        line(replies, format!("{prefix}  {what:24}  {state}")).await;
    }
    Ok(())
}

pub(super) async fn revoke(
    node: &Node,
    slug: &str,
    prefix: &str,
    replies: &Sender<Reply>,
) -> anyhow::Result<()> {
    let tenant = tenant(&node.engine, slug)?;
    match accounts(&tenant).key(prefix) {
        None => bail!("{slug} has no key {prefix}; `touchbook keys list` has them"),
        Some(key) if key.revoked_at.is_some() => {
            line(replies, format!("{prefix} was revoked already")).await;
        }
        Some(_) => {
            revoke_key(&node.engine, &tenant, &operator(), prefix).await?;
            line(replies, format!("{prefix} opens nothing any more")).await;
        }
    }
    Ok(())
}

fn accounts(tenant: &Tenant) -> Arc<Accounts> {
    tenant.published().unwrap_or_default()
}
