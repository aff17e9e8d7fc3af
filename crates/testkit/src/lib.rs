//! What the tests of several crates share: a real NATS server, a network that can be cut, a clock
//! that only a test moves, waiting for a condition, the events that figures are measured on,
//! disks that [fail](FailingDisk), and [power cuts](power_cut).
//!
//! Owns processes and directories for as long as a test holds them, and removes them after it.
//!
//! **Never** a dependency of anything but tests, and **never** sleeps for a guessed time.

mod asked;
mod clock;
mod dir;
mod failing_disk;
mod mix;
mod nats;
pub mod power_cut;
mod preload;
mod proxy;
mod wait;

pub use asked::asked;
pub use clock::FakeClock;
pub use dir::{data_dir, workspace_dir};
pub use failing_disk::FailingDisk;
pub use mix::Mix;
pub use nats::{Nats, NatsBinary, NatsSetup};
pub use proxy::FaultProxy;
pub use wait::{WAIT, eventually, eventually_blocking, free_port};
