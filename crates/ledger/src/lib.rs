//! The ledger: every tenant's records, in order, append-only, durable before anybody sees them.
//!
//! Owns the volume directory `ledger/0001` below the data directory and everything in it, the hash
//! chain over each tenant's records, and the indexes by event key and by customer. A [`Ledger`] is
//! the one writer; [`Reader`]s are for all other threads. Records are opaque bytes; what must be
//! known of them comes with them, and on opening from a [`PeekFn`].
//!
//! A commit is one value, the *frame*, with everybody's new records; full runs of one tenant's
//! records are sealed into compressed *blocks*. See `frame`, `block`, `append` and `open`.
//!
//! **Never** decodes a record, reads a clock, starts a thread that outlives a call, or changes a
//! byte once written: no function takes a position and new bytes.

mod append;
mod block;
mod cache;
mod error;
mod frame;
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod index;
mod ledger;
pub mod limits;
mod log;
mod mark;
mod open;
mod oversize;
mod reader;
mod record;
mod replay;
mod run;
mod saved;
mod scan;
mod scrub;
mod seal;
mod staged;
mod survey;
mod tail;
mod tenant;
mod verify;
mod volume;
mod wire;
mod witness;

pub use error::{Damage, Error, Flaw, StoreError};
pub use guard::FileDamage;
pub use ledger::{Ledger, Options};
pub use open::{Dropped, OpenReport};
pub use reader::{Reader, Scan, Stats};
pub use record::{
    Appended, Chain, Checkpoint, Commit, Head, NewRecord, Partial, Peek, PeekFn, ROOT,
};
pub use run::{RecordBytes, Records};
pub use survey::{Survey, TenantSurvey, survey};
#[doc(hidden)]
pub use survey::{layout, space};
pub use verify::{Checked, Verified};

#[cfg(test)]
mod tests;
