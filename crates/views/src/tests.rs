//! Event scripts in, views out.

mod orders;
mod quotes;
mod script;
mod thread_laws;
mod threads;
