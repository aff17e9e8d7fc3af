//! What the service asks others for over HTTP: the quote source, polled page by page.
//!
//! Owns the client that every request goes through (which addresses it may connect to, how long it
//! waits, how much it reads), how a source is paged, how far it was read, and how it stands.
//!
//! **Never** knows what a row means or where it is stored: rows go to a [`Sink`]. **Never** follows
//! a redirect, and **never** repeats what a server answered, or a key, in a log, a metric or a
//! reason.

mod address;
mod checkpoint;
mod client;
mod failure;
mod health;
pub mod limits;
pub mod metrics;
mod pace;
mod page;
mod place;
mod poller;
mod recent;
mod sink;
mod source;
#[cfg(test)]
mod tests;

pub use health::{Health, Standing};
pub use poller::{Poller, Settings};
pub use sink::{Sink, Stored, Unstored};
pub use source::{Key, NotAKey, NotASource, NotATable, SourceUrl, Table};

use std::sync::Arc;
use touchbook_events::Timestamp;

/// The present, as whoever runs the poller has it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
