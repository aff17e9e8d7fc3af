//! Event scripts in, calls out.

mod golden;
mod laws;
mod lists;
mod script;
mod steps;
