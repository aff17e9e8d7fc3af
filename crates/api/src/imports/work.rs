//! Jobs on a tenant's customers, one after the other, each of which ends whatever happens.

use super::begin::resume_next;
use super::sending::Halt;
use crate::state::Api;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;
use touchbook_engine::JobState;
use touchbook_engine::jobs::Job;

/// How long a tenant's work stands still after some that was interrupted.
const GO_ON_AFTER: Duration = Duration::from_secs(5);

/// What comes after a job's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    AtOnce,
    /// What was in its way may last a while.
    Later,
}

impl Next {
    pub(super) fn after<T>(ended: &Result<T, Halt>) -> Self {
        match ended {
            Err(Halt::Interrupted(_)) => Self::Later,
            _ => Self::AtOnce,
        }
    }
}

/// What is said of work that ended with a panic.
pub(super) const PANICKED: &str = "it ended with a panic";

/// Does a job's work, which is to finish it. Where it panics instead, `panicked` says so of what
/// the job works on, and the job is finished all the same, so that others may begin. Then comes
/// what waits for it.
pub(super) fn spawn(
    runtime: &Handle,
    api: Api,
    job: Arc<Job>,
    work: impl Future<Output = Next> + Send + 'static,
    panicked: impl FnOnce() + Send + 'static,
) {
    let working = runtime.spawn(work);
    runtime.spawn(async move {
        let worked = working.await;
        match worked {
            Ok(Next::AtOnce) => {}
            Ok(Next::Later) => {
                let _ = timeout(GO_ON_AFTER, api.stopping().cancelled()).await;
            }
            Err(error) if error.is_panic() => panicked(),
            Err(_) => {}
        }
        let reason = PANICKED.to_owned();
        job.finish(JobState::Failed { reason }, None, api.engine().now());
        resume_next(&api, &job.view().tenant).await;
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Service;
    use std::sync::atomic::{AtomicBool, Ordering};
    use touchbook_testkit::eventually;

    #[tokio::test(flavor = "multi_thread")]
    async fn work_that_panics_is_in_nobodys_way() {
        let service = Service::start().await;
        let (jobs, now) = (service.api.engine().jobs(), service.api.engine().now());
        let begin = || jobs.begin("import", "default", &["customers"], now);
        let job = begin().unwrap();
        let told = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&told);
        spawn(
            &Handle::current(),
            service.api.clone(),
            Arc::clone(&job),
            async { panic!("on purpose") },
            move || tell.store(true, Ordering::Relaxed),
        );
        eventually("the job ends", || async { !job.is_running() }).await;
        let reason = PANICKED.to_owned();
        assert_eq!(job.view().state, JobState::Failed { reason });
        assert!(told.load(Ordering::Relaxed) && begin().is_ok());
    }
}
