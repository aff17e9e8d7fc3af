//! The HTTP service: routes, their wire types, their documentation.
//!
//! Owns how requests are read and refused, who may send them, and how answers look. Handlers are
//! thin: what is decided is decided by the engine's deciders, what is answered comes from the
//! projections' own queries.
//!
//! **Never** keeps state of its own about a tenant beyond who waits and which files are imported,
//! never writes but by sending an event, and is the only crate that serves HTTP.

mod ahead;
mod answer;
mod auth;
mod blocking;
mod budget;
mod connections;
mod decode;
mod delivery;
mod docs;
mod etag;
mod export;
mod extract;
mod feed;
mod head;
mod imports;
mod keys;
pub mod limits;
mod lookup;
mod past;
mod patient;
mod problem;
mod refresh;
mod router;
mod routes;
mod serve;
mod sse;
mod state;
mod submit;
mod wire;

#[cfg(test)]
mod tests;

pub use auth::{Access, Accounts, Hosts, SecretTexts, Secrets, TokenError, Tokens};
pub use docs::openapi;
pub use feed::{Fed, FeedError, QuoteFeed};
pub use keys::{IssueError, Issued, NewKey, issue_key, revoke_key};
pub use router::router;
pub use serve::serve;
pub use state::{Api, QuoteSourceStanding};
