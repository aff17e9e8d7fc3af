//! What a command and the service say to each other: one JSON object a line.

use serde::{Deserialize, Serialize};

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
