//! Event scripts in, timelines out.

mod golden;
mod laws;
mod script;
