//! The engine: one node's writer, projections, rebuilds and snapshots.
//!
//! Owns the order of events: the one writer thread that decides, gives positions, commits, and only
//! then tells ([`Engine::submit`]); a runner thread per projector that folds what is durable
//! ([`Tenant::applied`] waits for it); online rebuilds and verification as jobs; snapshots; the
//! clock; the names of the metrics. Deciders and projectors come in a [`Registry`].
//!
//! **Never** names a decider or projector, speaks HTTP, or shows anybody a position that a crash
//! could take back. **Never** goes on writing after a commit failed.

mod checkpoint;
pub mod clock;
mod config;
mod engine;
mod error;
mod intake;
pub mod jobs;
mod ledger_history;
mod maintenance;
mod mark;
mod memory;
pub mod metrics;
mod notary;
mod open;
mod outcome;
mod rebuild;
mod resume;
mod runner;
mod scorers;
mod scrub;
mod shared;
mod snapshots;
mod spread;
mod status;
mod tenant;
mod tenant_created;
mod tenants;
mod verify;
mod writer;

pub use clock::Clock;
pub use config::{Config, Registry, SNAPSHOT_RECORDS, StreamConfig};
pub use engine::{Engine, Submission};
pub use error::{JobError, OpenError, ReadError, SubmitError, WaitError, chain};
pub use jobs::{JobState, JobView, Jobs};
pub use ledger_history::LedgerHistory;
pub use ledger_history::peek;
pub use open::NODE_SLUG;
pub use outcome::{Outcome, OutcomeKind};
pub use runner::FoldError;
pub use scorers::{Activation, ScorerProgress, ScorerStatus, Scorers};
pub use scrub::{SCRUB_BYTES_PER_SECOND, SCRUB_PAUSE, ScrubConfig};
pub use status::{Reason, Status};
pub use tenant::{ProjectionStatus, Tenant};

#[cfg(test)]
mod tests;
