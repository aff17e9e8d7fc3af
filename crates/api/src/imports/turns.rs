//! Where tests come between the steps of an undoing.

use std::sync::{Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// What goes on once its sender is told to, or is dropped.
pub(crate) type Turn = oneshot::Sender<()>;

/// Nobody is waited for unless a test asks for it.
#[derive(Default)]
pub(crate) struct Turns(Mutex<Option<mpsc::UnboundedSender<Turn>>>);

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

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<mpsc::UnboundedSender<Turn>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
