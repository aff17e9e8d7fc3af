//! Long work: what it is, how far it got, how to stop it.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use touchbook_events::Timestamp;

/// Finished jobs that are kept for whoever asks how they ended.
const FINISHED_JOBS_MAX: usize = 1_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum JobState {
    Running,
    Succeeded,
    Failed { reason: String },
    Cancelled,
}

/// A job as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct JobView {
    pub id: String,
    /// `rebuild`, `verify`.
    pub kind: &'static str,
    pub tenant: String,
    /// What it works on, such as projections' names.
    pub targets: Vec<String>,
    #[serde(flatten)]
    pub state: JobState,
    pub done: u64,
    pub total: u64,
    pub rate_per_second: u64,
    pub eta_seconds: Option<u64>,
    pub result: Option<Value>,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// A running job's own end: it says how far it got, and learns that it should stop.
pub struct Job {
    id: String,
    kind: &'static str,
    tenant: String,
    targets: Vec<String>,
    started_at: Timestamp,
    started: Instant,
    done: AtomicU64,
    total: AtomicU64,
    cancelled: AtomicBool,
    end: Mutex<Option<End>>,
}

struct End {
    state: JobState,
    result: Option<Value>,
    at: Timestamp,
    seconds: f64,
}

impl Job {
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn progress(&self, done: u64, total: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub fn is_running(&self) -> bool {
        self.end().is_none()
    }

    fn is_running_on(&self, kind: &str, tenant: &str, target: &str) -> bool {
        self.kind == kind
            && self.tenant == tenant
            && self.targets.iter().any(|own| own == target)
            && self.is_running()
    }

    /// Ends the job; the first end stands.
    pub fn finish(&self, state: JobState, result: Option<Value>, at: Timestamp) {
        let seconds = self.started.elapsed().as_secs_f64();
        self.end().get_or_insert(End {
            state,
            result,
            at,
            seconds,
        });
    }

    pub fn view(&self) -> JobView {
        let end = self.end();
        let done = self.done.load(Ordering::Relaxed);
        let total = self.total.load(Ordering::Relaxed);
        let seconds = end
            .as_ref()
            .map_or_else(|| self.started.elapsed().as_secs_f64(), |end| end.seconds);
        let rate = done as f64 / seconds.max(0.001);
        let eta = (end.is_none() && rate > 0.0)
            .then(|| (total.saturating_sub(done) as f64 / rate).ceil() as u64);
        JobView {
            id: self.id.clone(),
            kind: self.kind,
            tenant: self.tenant.clone(),
            targets: self.targets.clone(),
            state: end
                .as_ref()
                .map_or(JobState::Running, |end| end.state.clone()),
            done,
            total,
            rate_per_second: rate as u64,
            eta_seconds: eta,
            result: end.as_ref().and_then(|end| end.result.clone()),
            started_at: self.started_at,
            finished_at: end.as_ref().map(|end| end.at),
        }
    }

    fn end(&self) -> std::sync::MutexGuard<'_, Option<End>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All jobs of this process, newest last.
#[derive(Default)]
pub struct Jobs {
    jobs: Mutex<BTreeMap<u64, Arc<Job>>>,
    next: AtomicU64,
}

impl Jobs {
    /// Begins a job unless one of the same kind runs on one of the same targets.
    ///
    /// # Errors
    /// The job that runs already.
    pub fn begin(
        &self,
        kind: &'static str,
        tenant: &str,
        targets: &[&str],
        now: Timestamp,
    ) -> Result<Arc<Job>, Box<JobView>> {
        self.begin_beside(kind, &[kind], tenant, targets, now)
    }

    /// Begins a job unless one of `kinds` runs on one of the same targets.
    ///
    /// # Errors
    /// The job that runs already.
    pub fn begin_beside(
        &self,
        kind: &'static str,
        kinds: &[&str],
        tenant: &str,
        targets: &[&str],
        now: Timestamp,
    ) -> Result<Arc<Job>, Box<JobView>> {
        let mut jobs = self.lock();
        let is_in_the_way = |job: &&Arc<Job>| {
            let mut on = targets.iter();
            on.any(|target| {
                let mut of = kinds.iter();
                of.any(|kind| job.is_running_on(kind, tenant, target))
            })
        };
        let running = jobs.values().find(is_in_the_way);
        if let Some(running) = running {
            return Err(Box::new(running.view()));
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let job = Arc::new(Job {
            id: format!("{kind}-{}-{number}", now.millis()),
            kind,
            tenant: tenant.to_owned(),
            targets: targets.iter().map(|target| (*target).to_owned()).collect(),
            started_at: now,
            started: Instant::now(),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            end: Mutex::new(None),
        });
        jobs.insert(number, Arc::clone(&job));
        forget_oldest(&mut jobs);
        Ok(job)
    }

    pub fn get(&self, id: &str) -> Option<JobView> {
        self.find(id).map(|job| job.view())
    }

    /// Newest first.
    pub fn list(&self) -> Vec<JobView> {
        self.lock().values().rev().map(|job| job.view()).collect()
    }

    /// Asks a job to stop; `false` when there is no such job, or it has ended.
    pub fn cancel(&self, id: &str) -> bool {
        let running = self.find(id).filter(|job| job.is_running());
        running.inspect(|job| job.cancel()).is_some()
    }

    /// The job of this kind that runs on this target.
    pub fn running(&self, kind: &str, tenant: &str, target: &str) -> Option<JobView> {
        let jobs = self.lock();
        jobs.values()
            .find(|job| job.is_running_on(kind, tenant, target))
            .map(|job| job.view())
    }

    pub(crate) fn cancel_all(&self) {
        self.lock().values().for_each(|job| job.cancel());
    }

    fn find(&self, id: &str) -> Option<Arc<Job>> {
        self.lock().values().find(|job| job.id == id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_oldest(jobs: &mut BTreeMap<u64, Arc<Job>>) {
    let finished: Vec<u64> = jobs
        .iter()
        .filter(|(_, job)| !job.is_running())
        .map(|(number, _)| *number)
        .collect();
    for number in finished
        .iter()
        .take(finished.len().saturating_sub(FINISHED_JOBS_MAX))
    {
        jobs.remove(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_job_of_a_kind_runs_on_a_target() {
        let jobs = Jobs::default();
        let now = Timestamp::from_micros(0);
        let job = jobs
            .begin("rebuild", "acme", &["customers"], now)
            .ok()
            .unwrap();
        assert_eq!(
            jobs.begin("rebuild", "acme", &["customers"], now)
                .err()
                .unwrap()
                .id,
            job.id()
        );
        job.progress(5, 10);
        assert!(jobs.cancel(job.id()));
        assert!(job.is_cancelled());
        job.finish(JobState::Cancelled, None, now);
        job.finish(JobState::Succeeded, None, now);
        assert_eq!(jobs.get(job.id()).unwrap().state, JobState::Cancelled);
        assert!(!jobs.cancel(job.id()));
        assert!(jobs.begin("rebuild", "acme", &["customers"], now).is_ok());
    }

    #[test]
    fn of_kinds_that_exclude_each_other_one_runs_on_a_target() {
        let jobs = Jobs::default();
        let now = Timestamp::from_micros(0);
        let begin = |kind, target| {
            let begun = jobs.begin_beside(kind, &["import", "undo"], "acme", &[target], now);
            begun.map_err(|running| running.kind)
        };
        let import = begin("import", "customers").unwrap();
        assert_eq!(begin("undo", "customers").err(), Some("import"));
        assert!(begin("undo", "orders").is_ok());
        import.finish(JobState::Succeeded, None, now);
        let undo = begin("undo", "customers").unwrap();
        assert_eq!(begin("import", "customers").err(), Some("undo"));
        undo.finish(JobState::Succeeded, None, now);
        assert!(begin("import", "customers").is_ok());
    }
}
