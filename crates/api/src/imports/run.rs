//! The job that imports a file.

use super::Import;
use super::catching_up::Decided;
use super::error_file;
use super::manifest::{ImportState, Manifest};
use super::reading::{Reading, Stop};
use super::rows::{Batch, Step, Survey};
use super::sending::{About, Halt, Sending};
use super::tally::Tally;
use crate::state::Api;
use serde_json::json;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use touchbook_customers::Customers;
use touchbook_engine::jobs::Job;
use touchbook_engine::{JobState, Outcome, Tenant, chain};
use touchbook_events::{EventType, Policies};
use touchbook_identity::Identifiers;
use touchbook_ingest::csv::EventNames;
use touchbook_policies::InForce;
use touchbook_projection::Projector;

/// Steps that wait to be sent.
const STEPS_MAX: usize = 2;
/// How often a job looks whether it should go on.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often it writes down how far it is.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// Batches that projections may be behind.
const UNAPPLIED_MAX: usize = 16;
/// How long they are waited for.
const APPLY_WAIT_MAX: Duration = Duration::from_secs(30);

/// An import's job, and all it needs.
pub(super) struct Running {
    sending: Sending,
    import: Arc<Import>,
    policies: Arc<Policies>,
    /// A start goes on with it.
    pub(super) is_resumed: bool,
    /// Rows of an earlier import of the file are known to have failed.
    pub(super) has_failures: bool,
}

impl Running {
    pub(super) fn new(api: Api, tenant: Arc<Tenant>, import: Arc<Import>, job: Arc<Job>) -> Self {
        let in_force: Arc<InForce> = tenant.published().unwrap_or_default();
        let manifest = import.manifest();
        Self {
            sending: Sending {
                api,
                tenant,
                job,
                principal: manifest.principal(),
                prefix: manifest.prefix,
            },
            policies: Arc::clone(in_force.policies()),
            import,
            is_resumed: false,
            has_failures: false,
        }
    }

    pub(super) async fn run(self) {
        let this = Arc::new(self);
        let ended = this.import_rows().await;
        let ended = match ended {
            Ok(()) => Self::conclude(&this).await,
            Err(halt) => Err(halt),
        };
        this.end(ended);
    }

    fn path(&self) -> PathBuf {
        let manifest = self.import.manifest();
        self.sending.api.imports().files.upload(&manifest.id)
    }

    /// Reads on a thread of its own, and sends meanwhile.
    async fn import_rows(self: &Arc<Self>) -> Result<(), Halt> {
        let decided = self.decided().await?;
        let (sender, mut steps) = mpsc::channel(STEPS_MAX);
        let applied = Arc::new(AtomicU64::new(0));
        let (this, seen) = (Arc::clone(self), Arc::clone(&applied));
        let reading = tokio::task::spawn_blocking(move || {
            let path = this.path();
            this.with_reading(&path, &seen, decided, |reading| reading.read(&sender))
        });
        let sent = self.send_all(&mut steps, &applied, decided).await;
        drop(steps);
        let read = reading.await;
        sent?;
        match read {
            Ok(Ok(())) => Ok(()),
            Ok(Err(stop)) => Err(Halt::Failed(chain(&stop))),
            Err(_) => Err(panicked()),
        }
    }

    /// What an earlier import of the file decided, once everybody is shown as it left them.
    async fn decided(self: &Arc<Self>) -> Result<Decided, Halt> {
        let tenant = &self.sending.tenant;
        let of = [Identifiers::NAME, Customers::NAME];
        // One that can't go on is found out when it is read.
        let _ = tenant.applied(&of, tenant.head(), APPLY_WAIT_MAX).await;
        let this = Arc::clone(self);
        let found = tokio::task::spawn_blocking(move || {
            let sending = &this.sending;
            Decided::find(&sending.tenant, &sending.prefix, this.has_failures)
        });
        let found = found.await.map_err(|_| panicked())?;
        found.map_err(|error| Halt::Failed(chain(&error)))
    }

    fn with_reading<R>(
        &self,
        path: &std::path::Path,
        applied: &AtomicU64,
        decided: Decided,
        work: impl FnOnce(&Reading<'_>) -> R,
    ) -> R {
        let manifest = self.import.manifest();
        let sending = &self.sending;
        work(&Reading {
            path,
            tenant: &sending.tenant,
            policies: &self.policies,
            principal: &sending.principal,
            is_published: sending.api.engine().is_published(),
            names: EventNames {
                prefix: &sending.prefix,
                excludes_history: manifest.options.excludes_history,
            },
            is_dry: manifest.options.dry_run,
            is_atomic: manifest.options.atomic,
            done: manifest.done,
            decided,
            now: sending.api.engine().now(),
            applied,
        })
    }

    async fn send_all(
        &self,
        steps: &mut mpsc::Receiver<Step>,
        applied: &AtomicU64,
        decided: Decided,
    ) -> Result<(), Halt> {
        let manifest = self.import.manifest();
        let is_dry = manifest.options.dry_run;
        let mut tally = Tally {
            tenant: &self.sending.tenant,
            prefix: &self.sending.prefix,
            is_dry,
            catching_up: (self.is_resumed && !is_dry)
                .then_some((decided.last_row(), manifest.started_at)),
            counts: manifest.counts,
            errors: manifest.errors,
            refused: manifest.refused,
        };
        let mut unapplied = VecDeque::new();
        let mut saved = Instant::now();
        loop {
            self.sending.look()?;
            let step = match timeout(LOOK_EVERY, steps.recv()).await {
                Err(_) => continue,
                Ok(None) => return Ok(()),
                Ok(Some(step)) => step,
            };
            match step {
                Step::Surveyed(survey) => self.begin(survey, &mut tally).await?,
                Step::Batch(batch) => {
                    let last = self.send(batch, &mut tally).await?;
                    unapplied.push_back(last);
                    self.wait_for_projections(&mut unapplied, applied).await;
                    if saved.elapsed() >= SAVE_EVERY {
                        self.sending.api.imports().save(&self.import.manifest());
                        saved = Instant::now();
                    }
                }
            }
        }
    }

    /// Says that it begins, and what is wrong with the file already.
    async fn begin(&self, survey: Survey, tally: &mut Tally<'_>) -> Result<(), Halt> {
        let manifest = self.import.change(|known| {
            if known.rows.is_none() || known.done == 0 {
                known.errors = survey.errors;
                known.counts.failed = survey.failed;
            }
            known.rows = Some(survey.rows);
            known.clone()
        });
        tally.counts = manifest.counts;
        tally.errors = manifest.errors;
        self.sending.job.progress(manifest.done, survey.rows);
        if manifest.options.dry_run {
            return Ok(());
        }
        if manifest.options.atomic && survey.failed > 0 {
            return Ok(());
        }
        let options = manifest.options;
        let data = json!({
            "import_id": manifest.prefix,
            "file_digest": manifest.file_digest,
            "rows": survey.rows,
            "file_name": manifest.file_name,
            "options": { "atomic": options.atomic, "excludes_history": options.excludes_history },
        });
        let event_type = EventType::ImportStarted;
        self.say(event_type, "started", data).await.map(|_| ())
    }

    async fn say(
        &self,
        event_type: EventType,
        name: &str,
        mut data: serde_json::Value,
    ) -> Result<Outcome, Halt> {
        if let Some(members) = data.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        let about = About {
            event_type,
            name,
            subject: None,
            data,
        };
        self.sending.say(&about).await
    }

    /// Sends a batch and counts what became of it; answers its number and last position.
    async fn send(&self, mut batch: Batch, tally: &mut Tally<'_>) -> Result<(u64, u64), Halt> {
        let events = std::mem::take(&mut batch.submissions);
        let outcomes = match tally.is_dry {
            true => Vec::new(),
            false => self.sending.submit(events).await?,
        };
        tally.take(&batch, &outcomes);
        let rows = self.import.change(|known| {
            known.counts = tally.counts;
            known.errors.clone_from(&tally.errors);
            known.refused.clone_from(&tally.refused);
            known.done = known.done.max(batch.last_row);
            known.rows.unwrap_or_default()
        });
        self.sending.job.progress(batch.last_row.min(rows), rows);
        let positions = outcomes.iter().filter_map(|outcome| outcome.position);
        Ok((batch.number, positions.max().unwrap_or_default()))
    }

    /// Learns which batches projections have; they must not be too far behind.
    async fn wait_for_projections(
        &self,
        unapplied: &mut VecDeque<(u64, u64)>,
        applied: &AtomicU64,
    ) {
        let tenant = &self.sending.tenant;
        let of = [Identifiers::NAME, Customers::NAME];
        let head = tenant.head();
        if unapplied.len() > UNAPPLIED_MAX
            && let Some((_, position)) = unapplied.front()
        {
            // One that can't go on is found out when it is read.
            let _ = tenant
                .applied(&of, (*position).min(head), APPLY_WAIT_MAX)
                .await;
        }
        let Ok(now) = tenant.applied_now(&of) else {
            return;
        };
        while let Some((number, position)) = unapplied.front().copied() {
            if position > now {
                break;
            }
            applied.store(number, Ordering::Release);
            unapplied.pop_front();
        }
    }

    /// Says how it ended, and writes the rows that failed.
    async fn conclude(this: &Arc<Self>) -> Result<(), Halt> {
        let manifest = this.import.manifest();
        let options = manifest.options;
        let is_refused = options.atomic && manifest.counts.failed > 0 && manifest.done == 0;
        if !options.dry_run && !is_refused {
            let data = json!({ "import_id": manifest.prefix, "counts": manifest.counts });
            this.say(EventType::ImportCompleted, "completed", data)
                .await?;
        }
        if manifest.counts.failed > 0 {
            let this = Arc::clone(this);
            let written = tokio::task::spawn_blocking(move || this.write_errors());
            let written = written.await.map_err(|_| panicked())?;
            if let Err(error) = written {
                tracing::warn!(
                    error = chain(&error),
                    "the rows that failed could not be written"
                );
            }
        }
        Ok(())
    }

    fn write_errors(&self) -> Result<(), Stop> {
        let manifest = self.import.manifest();
        let files = &self.sending.api.imports().files;
        let (part, file) = files.part()?;
        let path = self.path();
        let decided = Decided::Before(0);
        self.with_reading(&path, &AtomicU64::new(0), decided, |reading| {
            let errors = files.errors(&manifest.id);
            error_file::write(reading, manifest.refused, (&part, file), &errors)
        })
    }

    fn end(&self, ended: Result<(), Halt>) {
        let (api, job) = (&self.sending.api, &self.sending.job);
        let now = api.engine().now();
        let mut known = self.import.manifest();
        let (state, job_state) = match ended {
            Ok(()) => succeeded(&mut known),
            Err(Halt::Stopping) => (ImportState::Running, JobState::Cancelled),
            Err(Halt::Interrupted(reason)) => {
                known.reason = Some(reason.clone());
                (ImportState::Running, JobState::Failed { reason })
            }
            Err(Halt::Cancelled) => (ImportState::Cancelled, JobState::Cancelled),
            Err(Halt::Failed(reason)) => {
                known.reason = Some(reason.clone());
                (ImportState::Failed, JobState::Failed { reason })
            }
        };
        known.state = state;
        known.finished_at = (state != ImportState::Running).then_some(now);
        api.imports().save(&known);
        if state != ImportState::Running {
            api.imports().files.drop_upload(&known.id);
        }
        let result = json!({ "import_id": known.id, "counts": known.counts });
        // Whoever sees that it has ended may begin another.
        self.import.change(|import| {
            *import = known;
            job.finish(job_state, Some(result), now);
        });
    }
}

/// With `atomic`, rows that are wrong leave everybody as they were.
fn succeeded(known: &mut Manifest) -> (ImportState, JobState) {
    let is_refused = known.options.atomic && known.counts.failed > 0 && known.done == 0;
    if !is_refused {
        return (ImportState::Succeeded, JobState::Succeeded);
    }
    let (rows, failed) = (known.rows.unwrap_or_default(), known.counts.failed);
    known.counts.unchanged = rows.saturating_sub(failed);
    let reason = format!("{failed} of {rows} rows are wrong, and nothing was written");
    known.reason = Some(reason.clone());
    (ImportState::Refused, JobState::Failed { reason })
}

fn panicked() -> Halt {
    Halt::Failed("it ended with a panic".to_owned())
}
