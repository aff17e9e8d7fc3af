//! Event scripts in, views out.

mod orders;
mod script;
