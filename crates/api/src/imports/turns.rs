//! Where tests come between the steps of an undoing.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// What goes on once its sender is told to, or is dropped.
pub(crate) type Turn = oneshot::Sender<()>;

/// Nobody is waited for unless a test asks for it.
#[derive(Default)]
pub(crate) struct Turns {
    taker: Mutex<Option<mpsc::UnboundedSender<Turn>>>,
    walks: AtomicUsize,
}

impl Turns {
    /// From here on each step waits for whoever takes these; they end with the undoing.
    pub(crate) fn hold(&self) -> mpsc::UnboundedReceiver<Turn> {
        let (sender, turns) = mpsc::unbounded_channel();
        *self.lock() = Some(sender);
        turns
    }

    pub(super) async fn take(&self) {
        let (go, gone) = oneshot::channel();
        let held = self.lock().as_ref().map(|turns| turns.send(go));
        if let Some(Ok(())) = held {
            // Whoever drops its sender lets it go on too.
            let _ = gone.await;
        }
    }

    pub(super) fn end(&self) {
        self.lock().take();
    }

    pub(super) fn note_walks(&self, walks: usize) {
        self.walks.store(walks, Relaxed);
    }

    /// How often the last undoing walked over its import to find scores' entries.
    pub(crate) fn walks(&self) -> usize {
        self.walks.load(Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<mpsc::UnboundedSender<Turn>>> {
        self.taker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
