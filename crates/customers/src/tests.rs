//! Event scripts in, summaries and lists out.

mod golden;
mod laws;
mod lists;
mod script;
mod statuses;
