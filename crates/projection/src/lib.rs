//! Deciding and folding: the pure core that every decider and projector plugs into.
//!
//! Owns the two interfaces ([`Decider`], [`Projector`]), the order in which one event is decided
//! ([`Deciders`]), what makes a customer's slice ([`Slices`]), a projection's state in shards
//! ([`Projection`]), the encoding of snapshots and digests, and the in-memory [`Driver`] of tests.
//!
//! **Never** reads a clock, does IO, or knows what any decider or projector is about.

mod by_digest;
pub mod decider;
pub mod deciders;
pub mod driver;
mod encoded;
pub mod history;
pub mod judged;
pub mod latest;
#[cfg(test)]
mod laws;
pub mod place;
pub mod projection;
pub mod projector;
pub mod refunds;
pub mod schema_bytes;
pub mod slices;
mod small_map;
pub mod snapshot;

pub use by_digest::ByDigest;
pub use decider::{Consequence, Context, Decider, Draft, Earlier, Verdict};
pub use deciders::{Decided, Deciders};
pub use driver::{Driver, Outcome};
pub use encoded::Encoded;
pub use history::{History, HistoryError};
pub use judged::Judged;
pub use latest::{Latest, Stamp};
pub use place::{Cursor, NotACursor, Place};
pub use projection::{AnyProjection, Folding, Projection, SHARDS, Stale};
pub use projector::Projector;
pub use refunds::Refunds;
pub use schema_bytes::SchemaBytes;
pub use slices::{Grouping, Groups, Refold, Slices};
pub use small_map::SmallMap;
