//! How the node stands, for operators.

use crate::shared::Shared;
use serde::Serialize;
use touchbook_stream::Stream;

/// Whether the node can do all of its work, and if not, why.
#[derive(Clone, Debug)]
pub struct Status {
    pub ready: bool,
    /// What stands in the way, and what works but should be known.
    pub reasons: Vec<Reason>,
    pub stream: touchbook_stream::Status,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable name, such as `writes_stopped` or `stream_rewound`.
    pub code: &'static str,
    pub detail: String,
    /// Whether the node is not ready because of it.
    pub blocking: bool,
}

pub(crate) fn of<T: Send + 'static>(shared: &Shared, stream: &Stream<T>) -> Status {
    let stream = stream.status();
    let mut reasons = Vec::new();
    let mut add = |code, detail: String, blocking| {
        reasons.push(Reason {
            code,
            detail,
            blocking,
        })
    };
    if let Some(reason) = shared.stopped() {
        add("writes_stopped", reason, true);
    }
    for damage in shared.damage.all() {
        let tenants = shared.tenants.all();
        let tenant = tenants.iter().find(|one| one.number() == damage.tenant);
        let slug = tenant.map_or("?", |tenant| tenant.slug());
        let detail = format!(
            "tenant {slug} is damaged at position {}: {}",
            damage.position, damage.what
        );
        add("ledger_damaged", detail, true);
    }
    if let Some(stop) = &stream.stopped {
        add(stop.code(), stop.to_string(), true);
    }
    if !stream.connected {
        let detail = stream.last_error.clone();
        add(
            "stream_unreachable",
            detail.unwrap_or_else(|| "not connected yet".to_owned()),
            true,
        );
    }
    for missing in &stream.missing {
        add("stream_capability_missing", missing.clone(), false);
    }
    if stream.synced_before_acknowledged == Some(false) {
        let detail = "the server acknowledges messages before they are on its disk; set sync_interval: always";
        add("stream_not_synced", detail.to_owned(), false);
    }
    for tenant in shared.tenants.all() {
        for status in tenant.projection_statuses(&shared.jobs) {
            if let Some(reason) = status.stalled {
                let detail = format!("{} of {}: {reason}", status.name, tenant.slug());
                add("projection_stalled", detail, true);
            }
        }
    }
    let ready = reasons.iter().all(|reason| !reason.blocking);
    Status {
        ready,
        reasons,
        stream,
    }
}
