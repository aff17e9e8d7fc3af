//! What a command and the service say to each other: one JSON object a line.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What is asked; the first and only line of who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command", deny_unknown_fields)]
pub(crate) enum Request {
    CreateTenant {
        tenant: String,
    },
    ListTenants,
    /// All projections when none is named.
    Rebuild {
        tenant: String,
        projections: Vec<String>,
    },
    /// Every tenant's ledger when none is named.
    Verify {
        tenant: Option<String>,
    },
    StreamStatus,
    AdoptStream,
    CreateKey(KeyRequest),
    ListKeys {
        tenant: String,
    },
    RevokeKey {
        tenant: String,
        prefix: String,
    },
}

/// A key that is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRequest {
    pub(crate) tenant: String,
    /// Whether the tenant begins with it.
    pub(crate) creates_tenant: bool,
    pub(crate) role: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) webhook: Option<String>,
    /// What the webhook's sender signs with.
    pub(crate) secret: Option<Secret>,
}

/// Shown to nobody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What comes back, line by line; the last is `Done` or `Failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reply")]
pub(crate) enum Reply {
    Progress {
        what: String,
        done: u64,
        total: u64,
    },
    /// What had progress has ended well.
    Finished {
        done: u64,
    },
    /// A line of the answer.
    Line {
        text: String,
    },
    Done,
    Failed {
        reason: String,
    },
}
