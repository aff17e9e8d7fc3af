//! Event scripts in, views out.

mod agents;
mod details;
mod explain;
mod explain_laws;
mod orders;
mod quotes;
mod script;
mod thread_laws;
mod threads;
