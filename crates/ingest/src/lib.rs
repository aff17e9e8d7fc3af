//! From foreign shapes to events: what shops, call systems, mail servers and platforms send, and
//! customer files.
//!
//! Owns the normalisers of each foreign shape (one per object, whichever way it comes in, C30), the
//! columns, reader and writer of customer files ([`csv`]), and the checking of signatures.
//! CloudEvents of our own types need nothing of this: `POST /events` takes them one by one and in
//! batches.
//!
//! **Never** decides what an event changes, knows a customer, or reads a clock: times and secrets
//! are passed in.

mod agent_log;
pub mod call_system;
pub mod csv;
mod currency;
mod email;
pub mod event;
mod foreign;
pub mod mail;
pub mod meta;
mod moment;
mod opencart;
mod payload;
mod quote;
pub mod quote_source;
mod reference;
mod sentiment;
pub mod shopify;
pub mod signature;
mod social;
pub mod sync;
#[cfg(test)]
mod tests;
pub mod webhook;

pub use event::Event;
