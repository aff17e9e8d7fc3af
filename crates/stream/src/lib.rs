//! Streams: how events reach the writer, in one order, each with a sequence number.
//!
//! Owns the two streams behind one interface, [`Stream`] and [`Reader`]: the embedded one, which is
//! a bounded queue in memory, and NATS JetStream. It is the only crate that knows NATS. It owns the
//! form of a message (subject, batch, digest), the publisher that groups what arrives while a
//! message is unacknowledged, and the check that the stream still is the one that was read before.
//!
//! **Never** looks into an event: payloads are JSON text, tenants are slugs. **Never** decides that
//! an event is a duplicate (the ledger does), and **never** skips or repeats a message in silence:
//! where it can't go on from its checkpoint it stops and says so.

mod checkpoint;
mod continuity;
mod embedded;
mod error;
mod jetstream;
mod lanes;
pub mod limits;
mod message;
mod outgoing;
mod queue;
mod reader;
mod status;
mod stream;

pub use checkpoint::{Checkpoint, Partial};
pub use continuity::{RewindCause, StopReason};
pub use embedded::{Clock, EMBEDDED_CREATED_AT};
pub use error::{AdoptError, Cause, OpenError, PublishError};
pub use jetstream::{Acknowledgement, JetStreamOptions, Producer};
pub use message::{BatchError, Message, Side};
pub use outgoing::{Item, Outgoing, Placed};
pub use reader::{Delivery, Reader, Received};
pub use status::{Kind, Status};
pub use stream::Stream;
