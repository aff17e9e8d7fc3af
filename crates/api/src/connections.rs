//! How many connections there may be, and whether they run short.

use crate::limits::{CONNECTIONS_MAX, FILES_KEPT};
use rustix::process::{Resource, getrlimit};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// With less than this part of the connections free, less time is given.
const FEW_BELOW_PART: usize = 4;

/// The places of all connections.
#[derive(Debug)]
pub(crate) struct Connections {
    free: Arc<Semaphore>,
    count: usize,
}

impl Connections {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(count)),
            count,
        }
    }

    /// The next place that is free.
    pub(crate) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// Whether those who keep one without need should be given less time.
    pub(crate) fn are_few(&self) -> bool {
        self.free.available_permits() < self.count / FEW_BELOW_PART
    }
}

/// How many connections there may be: the ledger needs files, too.
pub(crate) fn count_max() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    let left = files.saturating_sub(FILES_KEPT).max(1);
    if left < CONNECTIONS_MAX {
        tracing::warn!(
            files,
            connections = left,
            "few files may be open, so there may be few connections"
        );
    }
    left.min(CONNECTIONS_MAX)
}
