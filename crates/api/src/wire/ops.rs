//! How the service stands: readiness, jobs, projections, tenants.

use crate::state::QuoteSourceStanding;
use serde::Serialize;
use touchbook_engine::{JobState, JobView, ProjectionStatus};
use touchbook_events::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

/// Whether the service does its work.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    pub ready: bool,
    /// Why not, or what is not as it should be.
    pub reasons: Vec<ReadinessReason>,
    /// How the quote source stands; the service is ready whatever it does.
    pub quote_source: QuoteSourceState,
}

/// The source of quote sessions that the service polls.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuoteSourceState {
    pub state: QuoteSourceStateName,
    /// When it was last read to its end, since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_polled_at: Option<Timestamp>,
    /// Why it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `off` where none is configured, `starting` before the first poll has ended.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum QuoteSourceStateName {
    Off,
    Starting,
    Ok,
    Failing,
}

impl From<QuoteSourceStanding> for QuoteSourceState {
    fn from(standing: QuoteSourceStanding) -> Self {
        let (state, last_polled_at, reason) = match standing {
            QuoteSourceStanding::Off => (QuoteSourceStateName::Off, None, None),
            QuoteSourceStanding::Starting => (QuoteSourceStateName::Starting, None, None),
            QuoteSourceStanding::Ok { last_polled_at } => {
                (QuoteSourceStateName::Ok, Some(last_polled_at), None)
            }
            QuoteSourceStanding::Failing {
                reason,
                last_polled_at,
            } => (QuoteSourceStateName::Failing, last_polled_at, Some(reason)),
        };
        Self {
            state,
            last_polled_at,
            reason,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReadinessReason {
    /// Stable name.
    #[schema(example = "writes_stopped")]
    pub code: String,
    pub detail: String,
    /// Whether the service is not ready because of it.
    pub blocking: bool,
}

/// Long work.
#[derive(Serialize, ToSchema)]
pub(crate) struct Job {
    pub id: String,
    #[schema(example = "rebuild")]
    pub kind: &'static str,
    /// What it works on, such as projections' names.
    pub targets: Vec<String>,
    pub state: JobStateName,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub done: u64,
    pub total: u64,
    pub rate_per_second: u64,
    pub eta_seconds: Option<u64>,
    /// What it found, in the shape of its kind.
    #[schema(value_type = Option<Object>)]
    pub result: Option<serde_json::Value>,
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobStateName {
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl From<JobView> for Job {
    fn from(view: JobView) -> Self {
        let (state, reason) = match view.state {
            JobState::Running => (JobStateName::Running, None),
            JobState::Succeeded => (JobStateName::Succeeded, None),
            JobState::Failed { reason } => (JobStateName::Failed, Some(reason)),
            JobState::Cancelled => (JobStateName::Cancelled, None),
        };
        Self {
            id: view.id,
            kind: view.kind,
            targets: view.targets,
            state,
            reason,
            done: view.done,
            total: view.total,
            rate_per_second: view.rate_per_second,
            eta_seconds: view.eta_seconds,
            result: view.result,
            started_at: view.started_at,
            finished_at: view.finished_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct JobList {
    /// Newest first.
    pub items: Vec<Job>,
    pub next_cursor: Option<String>,
}

/// How a projection stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectionState {
    #[schema(example = "customers")]
    pub name: &'static str,
    pub version: u32,
    /// Everything up to this position is in its answers.
    pub applied: u64,
    /// Durable records that it has yet to fold.
    pub lag: u64,
    /// Why it can't go on; null while it does.
    pub stalled: Option<String>,
    /// The digest of all states, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Customers whose answers are stale since their fold failed.
    pub quarantined: Vec<QuarantinedCustomer>,
    /// The rebuild that runs.
    pub rebuild: Option<Job>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct QuarantinedCustomer {
    pub customer_id: Uuid,
    /// Position of the record whose fold failed.
    pub stale_since: u64,
    pub reason: String,
}

impl From<ProjectionStatus> for ProjectionState {
    fn from(status: ProjectionStatus) -> Self {
        let quarantined =
            status
                .quarantined
                .into_iter()
                .map(|(customer, stale)| QuarantinedCustomer {
                    customer_id: customer.0,
                    stale_since: stale.since,
                    reason: format!("{}: {}", stale.event_type, stale.panic),
                });
        Self {
            name: status.name,
            version: status.version,
            applied: status.applied,
            lag: status.lag,
            stalled: status.stalled,
            digest: None,
            quarantined: quarantined.collect(),
            rebuild: status.rebuild.map(Job::from),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectionList {
    pub items: Vec<ProjectionState>,
    pub next_cursor: Option<String>,
}

/// A tenant of this node.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantState {
    #[schema(example = "acme")]
    pub tenant: String,
    /// Its last durable position.
    pub head: u64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TenantList {
    pub items: Vec<TenantState>,
    pub next_cursor: Option<String>,
}
