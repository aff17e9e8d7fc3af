//! The job that imports a file.

use super::Import;
use super::error_file;
use super::fates::{Fates, Frame};
use super::files::Files;
use super::journal::{self, Journal};
use super::manifest::{ImportState, Manifest};
use super::past::{self, Past, Sent};
use super::reading::{Reading, Stop};
use super::rows::{Batch, Step, Survey};
use super::sending::{About, Halt, LOOK_EVERY, Sending};
use super::tally::Tally;
use super::work::{Next, PANICKED};
use crate::state::Api;
use serde_json::json;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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
/// How often it writes down how far it is.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// What rows are compared with.
const PROJECTIONS: [&str; 2] = [Identifiers::NAME, Customers::NAME];
/// Batches that projections may be behind.
const UNAPPLIED_MAX: usize = 16;

/// An import's job, and all it needs.
pub(super) struct Running {
    sending: Sending,
    import: Arc<Import>,
    policies: Arc<Policies>,
    journal: Mutex<Journal>,
    /// Where a start goes on with it: rows whose events were about to be sent, if there are any.
    resumed: Option<Option<Frame>>,
}

impl Running {
    pub(super) fn new(
        (api, tenant): (Api, Arc<Tenant>),
        import: Arc<Import>,
        job: Arc<Job>,
        journal: Journal,
        resumed: Option<Option<Frame>>,
    ) -> Self {
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
            journal: Mutex::new(journal),
            resumed,
        }
    }

    pub(super) async fn run(self) -> Next {
        let this = Arc::new(self);
        let ended = this.import_rows().await;
        let ended = match ended {
            Ok(()) => this.conclude().await,
            Err(halt) => Err(halt),
        };
        let next = Next::after(&ended);
        // What is known of it is written down, which may take a moment.
        let _ = tokio::task::spawn_blocking(move || this.end(ended)).await;
        next
    }

    fn files(&self) -> &Files {
        &self.sending.api.imports().files
    }

    fn path(&self) -> PathBuf {
        self.files().upload(&self.import.manifest().id)
    }

    /// Reads on a thread of its own, and sends meanwhile.
    async fn import_rows(self: &Arc<Self>) -> Result<(), Halt> {
        // Everybody is to be shown as what was recorded before left them.
        self.sending
            .applied(&PROJECTIONS, self.sending.tenant.head())
            .await?;
        let (sender, mut steps) = mpsc::channel(STEPS_MAX);
        let applied = Arc::new(AtomicU64::new(0));
        let (this, seen) = (Arc::clone(self), Arc::clone(&applied));
        let reading = tokio::task::spawn_blocking(move || {
            let past = this.past()?;
            this.with_reading(&this.path(), &seen, |reading| reading.read(past, &sender))
        });
        let sent = self.send_all(&mut steps, &applied).await;
        drop(steps);
        let read = reading.await;
        sent?;
        match read {
            Ok(Ok(())) => Ok(()),
            Ok(Err(stop)) => Err(Halt::Failed(chain(&stop))),
            Err(_) => Err(panicked()),
        }
    }

    /// What is known of the file's rows.
    fn past(&self) -> Result<Past<'_>, Stop> {
        let manifest = self.import.manifest();
        let sent = self.sent(manifest.began_after);
        match &self.resumed {
            Some(in_flight) => Past::of_resumed(self.files(), sent, in_flight.clone()),
            None => Past::of_new(self.files(), sent, manifest.options.dry_run),
        }
    }

    fn sent(&self, began_after: u64) -> Sent<'_> {
        Sent {
            tenant: &self.sending.tenant,
            prefix: &self.sending.prefix,
            began_after,
        }
    }

    /// Writes down what became of rows, or is about to.
    async fn note(self: &Arc<Self>, frame: Frame, is_before_sending: bool) -> Result<(), Halt> {
        let this = Arc::clone(self);
        let noted = tokio::task::spawn_blocking(move || {
            let mut journal = this.journal.lock().unwrap_or_else(PoisonError::into_inner);
            if !frame.is_empty() {
                journal.append(frame)?;
            }
            match is_before_sending {
                true => journal.sync(),
                false => Ok(()),
            }
        });
        let noted = noted.await.map_err(|_| panicked())?;
        noted.map_err(|error| Halt::Interrupted(chain(&error)))
    }

    fn with_reading<R>(
        &self,
        path: &std::path::Path,
        applied: &AtomicU64,
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
            // Once it is known how many rows there are, they are being written.
            is_atomic: manifest.options.atomic && manifest.rows.is_none(),
            done: manifest.done,
            now: sending.api.engine().now(),
            applied,
        })
    }

    async fn send_all(
        self: &Arc<Self>,
        steps: &mut mpsc::Receiver<Step>,
        applied: &AtomicU64,
    ) -> Result<(), Halt> {
        let manifest = self.import.manifest();
        let mut tally = Tally {
            is_dry: manifest.options.dry_run,
            began_after: manifest.began_after,
            counts: manifest.counts,
            errors: manifest.errors,
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
                    self.wait_for_projections(&mut unapplied, applied).await?;
                    if saved.elapsed() >= SAVE_EVERY {
                        self.sending.api.imports().save(&self.import.manifest());
                        saved = Instant::now();
                    }
                }
            }
        }
    }

    /// Says that it begins, and what is wrong with the file already.
    async fn begin(&self, survey: Survey, tally: &mut Tally) -> Result<(), Halt> {
        let manifest = self.import.change(|known| {
            let is_first = known.rows.is_none();
            known.rows = Some(survey.rows);
            if is_first {
                known.errors = survey.errors;
                known.counts.failed = match known.options.atomic {
                    true => survey.failed,
                    false => 0,
                };
            }
            known.clone()
        });
        tally.errors.clone_from(&manifest.errors);
        self.sending.job.progress(manifest.done, survey.rows);
        let options = manifest.options;
        if options.dry_run || is_refused(&manifest) {
            return Ok(());
        }
        // From here on a start goes on whatever it finds wrong.
        self.sending.api.imports().save(&manifest);
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
    async fn send(
        self: &Arc<Self>,
        mut batch: Batch,
        tally: &mut Tally,
    ) -> Result<(u64, u64), Halt> {
        let events = std::mem::take(&mut batch.submissions);
        let outcomes = match tally.is_dry || events.is_empty() {
            true => Vec::new(),
            false => {
                self.note(batch.planned(), true).await?;
                self.sending.submit(events).await?
            }
        };
        self.note(tally.take(&batch, &outcomes), false).await?;
        let (done, rows) = self.import.change(|known| {
            known.counts = tally.counts;
            known.errors.clone_from(&tally.errors);
            known.done = known.done.max(batch.last_row());
            (known.done, known.rows.unwrap_or_default())
        });
        self.sending.job.progress(done.min(rows), rows);
        let positions = outcomes.iter().filter_map(|outcome| outcome.position);
        Ok((batch.number, positions.max().unwrap_or_default()))
    }

    /// Learns which batches projections have; they must not be too far behind.
    async fn wait_for_projections(
        &self,
        unapplied: &mut VecDeque<(u64, u64)>,
        applied: &AtomicU64,
    ) -> Result<(), Halt> {
        let tenant = &self.sending.tenant;
        if unapplied.len() > UNAPPLIED_MAX
            && let Some((_, position)) = unapplied.front()
        {
            let position = (*position).min(tenant.head());
            self.sending.applied(&PROJECTIONS, position).await?;
        }
        let Ok(now) = tenant.applied_now(&PROJECTIONS) else {
            return Ok(());
        };
        while let Some((number, position)) = unapplied.front().copied() {
            if position > now {
                break;
            }
            applied.store(number, Ordering::Release);
            unapplied.pop_front();
        }
        Ok(())
    }

    /// Says how it ended, and writes the rows that failed.
    async fn conclude(self: &Arc<Self>) -> Result<(), Halt> {
        let manifest = self.import.manifest();
        if is_refused(&manifest) {
            return self.save_errors().await;
        }
        let (rows, counted) = (manifest.rows.unwrap_or_default(), manifest.counts.rows());
        if manifest.done != rows || counted != rows {
            let done = manifest.done;
            let reason = format!("of {rows} rows {done} were dealt with and {counted} counted");
            return Err(Halt::Failed(reason));
        }
        // A start goes on from here, if need be.
        self.sending.api.imports().save(&manifest);
        self.save_errors().await?;
        if !manifest.options.dry_run {
            let data = json!({ "import_id": manifest.prefix, "counts": manifest.counts });
            self.say(EventType::ImportCompleted, "completed", data)
                .await?;
        }
        Ok(())
    }

    async fn save_errors(self: &Arc<Self>) -> Result<(), Halt> {
        if self.import.manifest().counts.failed == 0 {
            return Ok(());
        }
        let this = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || this.write_errors());
        match written.await.map_err(|_| panicked())? {
            Ok(()) => self.import.change(|known| known.has_errors = true),
            Err(error) => tracing::warn!(
                error = chain(&error),
                "the rows that failed could not be written"
            ),
        }
        Ok(())
    }

    fn write_errors(&self) -> Result<(), Stop> {
        let (manifest, files) = (self.import.manifest(), self.files());
        let part = files.part()?;
        let journal = journal::journal(files, &manifest.id)?;
        // Where nothing was written for what is wrong with it, that is all.
        let fates = match is_refused(&manifest) {
            true => None,
            false => journal.map(Fates::new),
        };
        self.with_reading(&self.path(), &AtomicU64::new(0), |reading| {
            error_file::write(reading, fates, part, &files.errors(&manifest.id))
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
                tracing::warn!(import = known.id, reason, "an import was interrupted");
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
            self.settle(&known);
        }
        let result = json!({ "import_id": known.id, "counts": known.counts });
        // Whoever sees that it has ended may begin another.
        self.import.change(|import| {
            *import = known;
            job.finish(job_state, Some(result), now);
        });
    }

    /// Keeps what became of rows for when the file comes again.
    fn settle(&self, known: &Manifest) {
        let files = self.files();
        if known.options.dry_run {
            files.drop_journal(&known.id);
            return;
        }
        let is_whole = known.state == ImportState::Succeeded && known.counts.failed == 0;
        if is_whole && past::are_all_decided(self.sent(self.sending.tenant.head())) {
            files.drop_fates(&known.prefix);
            return;
        }
        let in_ledger = || past::in_ledger(self.sent(known.began_after));
        if let Err(error) = journal::settle(files, &known.prefix, in_ledger) {
            // The next sending does it.
            tracing::warn!(
                error = chain(&error),
                "what became of rows stays in a journal"
            );
        }
    }
}

/// With `atomic`, rows that are wrong leave everybody as they were.
fn is_refused(known: &Manifest) -> bool {
    known.options.atomic && known.counts.failed > 0 && known.done == 0
}

fn succeeded(known: &mut Manifest) -> (ImportState, JobState) {
    if !is_refused(known) {
        return (ImportState::Succeeded, JobState::Succeeded);
    }
    let (rows, failed) = (known.rows.unwrap_or_default(), known.counts.failed);
    known.counts.unchanged = rows.saturating_sub(failed);
    let reason = format!("{failed} of {rows} rows are wrong, and nothing was written");
    known.reason = Some(reason.clone());
    (ImportState::Refused, JobState::Failed { reason })
}

fn panicked() -> Halt {
    Halt::Failed(PANICKED.to_owned())
}
