//! What operators are told of a stream.

use crate::StopReason;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Embedded,
    JetStream,
}

/// The state of a stream at one moment.
#[derive(Clone, Debug)]
pub struct Status {
    pub kind: Kind,
    /// To a server on which the stream was found or made.
    pub connected: bool,
    pub server_version: Option<String>,
    /// The newest sequence of the stream that this node has heard of.
    pub last_sequence: u64,
    /// The newest sequence that was handed to the reader's queue.
    pub delivered_sequence: u64,
    /// Events (of JetStream: messages) and bytes that wait for the writer.
    pub queued: usize,
    pub queued_bytes: usize,
    /// Events that wait for the stream's acknowledgement.
    pub unacknowledged: usize,
    /// What the server or the stream lacks: options it dropped, settings that differ.
    pub missing: Vec<String>,
    /// Why reading stands still.
    pub stopped: Option<StopReason>,
    /// The last trouble with the server, until things go well again.
    pub last_error: Option<String>,
    /// How long the stream keeps messages; a lag over a quarter of it deserves an alarm.
    pub max_age: Option<Duration>,
    /// Whether an acknowledged message is on the server's disk; `None` when that can't be known.
    pub synced_before_acknowledged: Option<bool>,
}
