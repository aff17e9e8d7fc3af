//! The streams as their users see them, JetStream against real servers.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;
mod deploy;
mod embedded;
mod grouping;
mod old_server;
mod outage;
mod producer;
mod rewind;
mod roundtrip;
