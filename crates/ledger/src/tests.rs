//! Tests of the whole ledger; those of its parts are beside them.

mod codec;
mod crash;
mod damage;
mod erasure;
mod files;
mod limits;
mod model;
mod saved;
mod scrub;
mod shortcut;
pub(crate) mod support;
mod threads;
