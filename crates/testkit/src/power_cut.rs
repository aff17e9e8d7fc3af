//! Power cuts, without cutting any power.
//!
//! A [`Recorder`] logs what a process does to the files below one folder, a [`Recording`] is that
//! log, and a [`Disk`] is what the operations before some moment have left, of which it makes the
//! folders that a machine could find when it comes back. [`answers()`] are what was promised.

mod answers;
mod disk;
mod recorder;
mod recording;
mod survival;

pub use answers::answers;
pub use disk::{Disk, Forgotten};
pub use recorder::Recorder;
pub use recording::{Operation, Recording};
pub use survival::{Grain, Survival};

#[cfg(test)]
mod tests;
