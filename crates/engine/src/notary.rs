//! The notary: notes beside the store, every second, what is durable, so that a start knows when
//! some of it is missing. Its thread does nothing else, so that nothing else delays a note.

use crate::error::chain;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::io;
use std::thread::JoinHandle;
use std::time::Duration;
use touchbook_ledger::Reader;

/// How often it is noted what is durable.
const NOTE: Duration = Duration::from_secs(1);

pub(crate) const THREAD: &str = "touchbook-notary";

/// Notes until it is stopped or dropped.
pub(crate) struct Notary {
    thread: JoinHandle<()>,
    stop: Sender<()>,
}

impl Notary {
    pub(crate) fn start(reader: Reader) -> io::Result<Self> {
        let (stop, stopped) = bounded(0);
        let thread = std::thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || run(&reader, &stopped))?;
        Ok(Self { thread, stop })
    }

    /// Afterwards it holds nothing of the ledger.
    pub(crate) fn stop(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}

fn run(reader: &Reader, stopped: &Receiver<()>) {
    while stopped.recv_timeout(NOTE) == Err(RecvTimeoutError::Timeout) {
        if let Err(error) = reader.note_durable() {
            tracing::warn!(error = %chain(&error), "could not note what is durable");
        }
    }
}
