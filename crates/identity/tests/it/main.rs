//! The identity decider and projector behind the in-memory driver, sentence by sentence.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod aliases;
mod commands;
mod conditions;
mod laws;
mod merges;
mod references;
mod revisions;
mod script;
mod steps;
mod subjects;
mod undone;
