//! The thread that scores: one tenant after another, a small batch each, and rests in between.

use super::files::Files;
use super::place::{Kind, Place, Stretch};
use super::reading::{Found, Imported, PROJECTIONS, Reading};
use serde_json::json;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use touchbook_engine::jobs::Job;
use touchbook_engine::metrics as names;
use touchbook_engine::{
    Engine, JobState, Outcome, OutcomeKind, ReadError, Submission, SubmitError, Tenant, WaitError,
};
use touchbook_events::{TenantNumber, Timestamp};
use touchbook_sentiment::Scorer;

/// How often it is looked whether anything is new.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How often places are kept.
const SAVE_EVERY: Duration = Duration::from_secs(5);
/// How long callers' events go first, where always some wait: then one batch is in between.
const YIELD_MAX: Duration = Duration::from_secs(1);
const YIELD_STEP: Duration = Duration::from_millis(50);
/// How long it rests after a batch at most, however long that took.
const REST_MAX: Duration = Duration::from_secs(1);
/// How long the projections that are asked may be behind.
const APPLIED_WAIT_MAX: Duration = Duration::from_secs(5);
/// What the pass over the past is called among the jobs.
const JOB: &str = "score";

pub(super) struct Task {
    pub(super) engine: Engine,
    pub(super) scorer: Box<dyn Scorer>,
    pub(super) files: Files,
    pub(super) runtime: Handle,
    pub(super) stop: CancellationToken,
    pub(super) standings: HashMap<TenantNumber, Standing>,
}

/// How a tenant stands.
#[derive(Default)]
pub(super) struct Standing {
    place: Place,
    saved: Place,
    job: Option<Arc<Job>>,
    /// Of the past that is scored again.
    scored: u64,
    /// Why it does not go on, so that it is said once.
    trouble: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error("what is known of calls is not yet as new as the ledger")]
    Behind,
    #[error("it panicked, and is tried again")]
    Panicked,
    #[error("the service is stopping")]
    Stopping,
}

impl Task {
    /// Until it is told to stop.
    pub(super) fn run(mut self) {
        let mut saved_at = Instant::now();
        while !self.stop.is_cancelled() {
            let mut has_worked = false;
            for tenant in self.engine.tenants() {
                let turn = catch_unwind(AssertUnwindSafe(|| self.turn(&tenant)));
                has_worked |= turn.unwrap_or_else(|_| {
                    self.note(&tenant, Some(Trouble::Panicked));
                    self.pause(REST_MAX);
                    false
                });
            }
            if saved_at.elapsed() >= SAVE_EVERY {
                self.save();
                saved_at = Instant::now();
            }
            if !has_worked {
                self.pause(LOOK_AGAIN);
            }
        }
        self.save();
    }

    /// One batch of a tenant; answers whether it got any further. It works half of the time at
    /// most.
    fn turn(&mut self, tenant: &Arc<Tenant>) -> bool {
        let head = tenant.head();
        let Some(stretch) = self.place(tenant).next(head) else {
            return false;
        };
        if self.is_cancelled(tenant, stretch) {
            return true;
        }
        self.let_callers_go_first();
        let began = Instant::now();
        let done = self.work(tenant, stretch);
        let is_done = done.is_ok();
        self.note(tenant, done.err());
        self.pause(began.elapsed().min(REST_MAX));
        is_done
    }

    /// How far it is, which of a tenant that is met for the first time is on the disk.
    fn place(&mut self, tenant: &Tenant) -> Place {
        if let Some(standing) = self.standings.get(&tenant.number()) {
            return standing.place;
        }
        let place = self.files.load(tenant);
        let standing = Standing {
            place,
            saved: place,
            ..Standing::default()
        };
        self.standings.insert(tenant.number(), standing);
        self.tell_progress(tenant, place);
        place
    }

    fn tell_progress(&self, tenant: &Tenant, place: Place) {
        let scorers = self.engine.scorers();
        scorers.progressed(self.scorer.name(), tenant, place.progress());
    }

    fn work(&mut self, tenant: &Arc<Tenant>, stretch: Stretch) -> Result<(), Trouble> {
        self.catch_up(tenant)?;
        let reading = Reading {
            tenant,
            scorer: &*self.scorer,
            is_published: self.engine.is_published(),
        };
        let Found {
            scores,
            imported,
            retractions,
            reached,
            activated,
            ..
        } = reading.read(stretch)?;
        self.submit(tenant, retractions)?;
        let outcomes = self.submit(tenant, scores)?;
        let accepted = count(&outcomes);
        self.retract_undone(&reading, &imported, &outcomes)?;
        let standing = self.standings.entry(tenant.number()).or_default();
        standing.place.reach(stretch, reached);
        for activated in activated {
            standing.place.activate(activated);
        }
        if matches!(stretch.kind, Kind::Past(_)) {
            standing.scored += accepted;
        }
        let place = standing.place;
        self.tell_progress(tenant, place);
        self.tell_job(tenant);
        Ok(())
    }

    /// Waits for the projections that are asked. Where they can't go on, what they would have said
    /// is only missed.
    fn catch_up(&self, tenant: &Tenant) -> Result<(), Trouble> {
        let applied = tenant.applied(&PROJECTIONS, tenant.head(), APPLIED_WAIT_MAX);
        match self.wait(applied).ok_or(Trouble::Stopping)? {
            Err(WaitError::TimedOut { .. }) => Err(Trouble::Behind),
            _ => Ok(()),
        }
    }

    fn submit(
        &self,
        tenant: &Arc<Tenant>,
        events: Vec<Submission>,
    ) -> Result<Vec<Outcome>, Trouble> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let submitted = self.wait(self.engine.submit(tenant, events, false));
        Ok(submitted.ok_or(Trouble::Stopping)??)
    }

    /// An import may have been undone while its entries were scored. Whoever stops before this is
    /// done reads the same records again, and finds it.
    fn retract_undone(
        &self,
        reading: &Reading<'_>,
        imported: &[Imported],
        outcomes: &[Outcome],
    ) -> Result<(), Trouble> {
        if imported.is_empty() {
            return Ok(());
        }
        self.catch_up(reading.tenant)?;
        let mut retractions = Vec::new();
        for entry in imported {
            let score = outcomes
                .get(entry.index)
                .and_then(|outcome| outcome.position);
            if let Some(score) = score {
                retractions.extend(reading.look_again(entry, score)?);
            }
        }
        self.submit(reading.tenant, retractions)?;
        Ok(())
    }

    /// Begins, moves and ends the job that shows how far the past is scored again.
    fn tell_job(&mut self, tenant: &Arc<Tenant>) {
        let now = self.engine.now();
        let standing = self.standings.entry(tenant.number()).or_default();
        match (standing.place.past, &standing.job) {
            (Some(past), Some(job)) => job.progress(past.done, past.to),
            (Some(past), None) => {
                let jobs = self.engine.jobs();
                let begun = jobs.begin(JOB, tenant.slug(), &[self.scorer.name()], now);
                standing.job = begun.ok().inspect(|job| job.progress(past.done, past.to));
            }
            (None, Some(_)) => standing.end_job(JobState::Succeeded, now),
            (None, None) => {}
        }
    }

    /// Whether somebody wants no more of the past.
    fn is_cancelled(&mut self, tenant: &Arc<Tenant>, stretch: Stretch) -> bool {
        let now = self.engine.now();
        let standing = self.standings.entry(tenant.number()).or_default();
        let is_cancelled = matches!(stretch.kind, Kind::Past(_))
            && standing.job.as_ref().is_some_and(|job| job.is_cancelled());
        if is_cancelled {
            standing.place.past = None;
            standing.end_job(JobState::Cancelled, now);
        }
        is_cancelled
    }

    /// Says what is in the way, once.
    fn note(&mut self, tenant: &Tenant, trouble: Option<Trouble>) {
        let trouble = match trouble {
            // A full queue is no trouble: callers go first.
            None | Some(Trouble::Stopping | Trouble::Submit(SubmitError::Busy { .. })) => None,
            Some(trouble) => Some(touchbook_engine::chain(&trouble)),
        };
        let standing = self.standings.entry(tenant.number()).or_default();
        if let Some(trouble) = trouble.as_ref().filter(|_| standing.trouble != trouble) {
            tracing::warn!(tenant = tenant.slug(), %trouble, "the scorer waits");
        }
        standing.trouble = trouble;
    }

    fn let_callers_go_first(&self) {
        let began = Instant::now();
        while self.engine.is_busy() && began.elapsed() < YIELD_MAX && !self.stop.is_cancelled() {
            self.pause(YIELD_STEP);
        }
    }

    fn save(&mut self) {
        for tenant in self.engine.tenants() {
            let standing = self.standings.get_mut(&tenant.number());
            let Some(standing) = standing.filter(|standing| standing.place != standing.saved)
            else {
                continue;
            };
            match self.files.save(&tenant, &standing.place) {
                Ok(()) => standing.saved = standing.place,
                Err(error) => tracing::warn!(%error, "could not keep how far the scorer is"),
            }
        }
    }

    fn pause(&self, how_long: Duration) {
        // A timer can only be made on the runtime.
        self.wait(async { tokio::time::sleep(how_long).await });
    }

    /// `None` once it is told to stop.
    fn wait<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.runtime.block_on(self.stop.run_until_cancelled(work))
    }
}

impl Standing {
    fn end_job(&mut self, state: JobState, now: Timestamp) {
        let scored = std::mem::take(&mut self.scored);
        if let Some(job) = self.job.take() {
            job.finish(state, Some(json!({ "scored": scored })), now);
        }
    }
}

/// How many are new; what was refused is said, without whose it is.
fn count(outcomes: &[Outcome]) -> u64 {
    let mut accepted = 0;
    for outcome in outcomes {
        match &outcome.kind {
            OutcomeKind::Accepted => accepted += 1,
            OutcomeKind::Refused(problem) => {
                tracing::warn!(code = problem.code, "a score was refused");
            }
            _ => {}
        }
    }
    metrics::counter!(names::SENTIMENT_SCORED_TOTAL).increment(accepted);
    accepted
}
