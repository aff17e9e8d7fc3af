//! Who sends a request, what they may do, and what is written down of who may not.
//!
//! [`identity`](identity::identify) finds out who it is, [`routes`] what the route does, and
//! `touchbook_accounts` whether the two fit; [`guard`] is what a handler has of it.

pub(crate) mod guard;
pub(crate) mod host;
pub(crate) mod identity;
pub(crate) mod rates;
pub(crate) mod refusals;
pub(crate) mod routes;
mod secrets;
pub(crate) mod session;
mod tokens;
pub(crate) mod webhook;

pub use host::Hosts;
pub use secrets::{SecretTexts, Secrets};
pub use tokens::{TokenError, Tokens};

use std::sync::Arc;

/// Who may come in.
#[derive(Clone, Debug)]
pub enum Access {
    /// Nobody has to say who they are; the tenant is what `X-Tenant-ID` names, created on first
    /// use. Only for a service that listens on loopback.
    Dev { default_tenant: String },
    /// Whoever has a key, a token or a session, and for its tenant alone.
    Accounts(Accounts),
}

/// How credentials are checked.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// The operator's own tenant: its super admins read the dead letters of no tenant.
    pub default_tenant: String,
    pub secrets: Arc<Secrets>,
    /// JSON web tokens of another system; without, none is taken.
    pub tokens: Option<Tokens>,
    /// By which names a service on loopback may be reached; any other service by any.
    pub hosts: Hosts,
    /// Whether browsers reach it over TLS, and are to send sessions over nothing else.
    pub is_secure: bool,
}
