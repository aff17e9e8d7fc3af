//! Foreign shapes of data to events of the catalogue, and back.
//!
//! Owns the columns, the reader and the writer of customer files ([`csv`]), and the [`Event`] that
//! every foreign shape becomes. Whoever receives a file or a request hands it in as bytes, sends
//! the events, and says what is known already.
//!
//! **Never** opens a file or a connection, reads a clock, or looks into a projection.
//!
//! [`Event`]: event::Event

pub mod csv;
pub mod event;
