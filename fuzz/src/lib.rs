//! What must hold of everything that reads bytes, whatever they are.
//!
//! Owns one function for each target of `cargo xtask fuzz`: it reads, and what was read is written
//! and read again. The targets call them with what a fuzzer makes up; `tests/it` includes this file
//! and calls them with `corpus`, what fuzzers found worth keeping.
//!
//! **Never** part of what ships. A broken promise is a panic here.

mod events;
mod snapshots;
mod stored;

pub use events::{batch, envelope};
pub use snapshots::snapshot;
pub use stored::{block, frame, log, record};

/// Reads what it is given, and answers whether that was something.
pub type Target = fn(&[u8]) -> bool;

/// Every target, by the name of its file, with what it calls.
pub const TARGETS: [(&str, Target); 7] = [
    ("batch", batch),
    ("block", block),
    ("envelope", envelope),
    ("frame", frame),
    ("log", log),
    ("record", record),
    ("snapshot", snapshot),
];
