//! The thread that reads a file: twice, since what is wrong with it is to be known before anything
//! of it is written.

use super::catching_up::{Decided, is_recorded};
use super::people::People;
use super::rows::{Batch, Changed, Step, Survey};
use crate::auth::guard::Guard;
use crate::decode::{Sender, made_by_us};
use crate::limits::IMPORT_ERRORS_MAX;
use crate::problem::Problem;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;
use touchbook_engine::{Submission, Tenant};
use touchbook_events::limits::BATCH_EVENTS_MAX;
use touchbook_events::{Policies, Principal, Timestamp};
use touchbook_ingest::Event;
use touchbook_ingest::csv::{self, Balances, CellError, EventNames, Reader, Row};

/// A row makes at most so many events.
const ROW_EVENTS_MAX: usize = 6;
/// Of the payloads of one batch.
const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// Rows of one batch, so that a file of which nothing is new also says how far it is.
const BATCH_ROWS_MAX: usize = 2_000;
/// How often a survey looks whether it should go on.
const LOOK_EVERY_ROWS: u64 = 1_000;
const READ_BYTES: usize = 256 * 1024;

/// Why reading ended before the end of the file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error(transparent)]
    File(#[from] csv::Error),
    #[error("the file can't be opened")]
    Open(#[from] std::io::Error),
    #[error("{}", .0.detail())]
    Problem(Problem),
    /// Nobody takes what is read any more.
    #[error("it was cancelled")]
    Left,
}

/// What reading needs to know.
pub(super) struct Reading<'a> {
    pub(super) path: &'a Path,
    pub(super) tenant: &'a Tenant,
    pub(super) policies: &'a Policies,
    pub(super) principal: &'a Principal,
    pub(super) is_published: bool,
    pub(super) names: EventNames<'a>,
    pub(super) is_dry: bool,
    pub(super) is_atomic: bool,
    /// Rows that were counted before.
    pub(super) done: u64,
    pub(super) decided: Decided,
    pub(super) now: Timestamp,
    /// The last batch that projections have.
    pub(super) applied: &'a AtomicU64,
}

type Rows = Reader<BufReader<File>>;
/// Takes a row, and what is wrong with it in itself.
type EachRow<'a> = dyn FnMut(&csv::RawRow<'_>, Option<Vec<CellError>>) -> std::io::Result<()> + 'a;

impl Reading<'_> {
    /// Reads the whole file, and hands everything over.
    pub(super) fn read(&self, steps: &mpsc::Sender<Step>) -> Result<(), Stop> {
        let (balances, survey) = self.survey(steps)?;
        let is_refused = self.is_atomic && survey.failed > 0;
        send(steps, Step::Surveyed(survey))?;
        match is_refused {
            true => Ok(()),
            false => self.change(balances.as_ref(), steps),
        }
    }

    /// Hands over each row, with what is wrong with it in itself.
    pub(super) fn each_row(&self, each: &mut EachRow<'_>) -> Result<(), Stop> {
        let balances = self.balances()?;
        let mut rows = self.open()?;
        while let Some(raw) = rows.next_row()? {
            each(&raw, self.row(raw, balances.as_ref()).err())?;
        }
        Ok(())
    }

    pub(super) fn open(&self) -> Result<Rows, Stop> {
        let file = File::open(self.path)?;
        Ok(Reader::open(BufReader::with_capacity(READ_BYTES, file))?)
    }

    /// Who has totals and who has history, where that matters (C17).
    fn balances(&self) -> Result<Option<Balances<'_>>, Stop> {
        let mut rows = self.open()?;
        if self.names.excludes_history || !rows.header().has_totals_and_history() {
            return Ok(None);
        }
        let mut balances = Balances::new(self.tenant.key());
        while let Some(raw) = rows.next_row()? {
            if let Ok(row) = raw.read(self.policies) {
                balances.note(&row);
            }
        }
        Ok(Some(balances))
    }

    fn survey(&self, steps: &mpsc::Sender<Step>) -> Result<(Option<Balances<'_>>, Survey), Stop> {
        let balances = self.balances()?;
        let mut rows = self.open()?;
        let mut survey = Survey::default();
        while let Some(raw) = rows.next_row()? {
            survey.rows = raw.row;
            if let Err(errors) = self.row(raw, balances.as_ref()) {
                survey.failed += 1;
                let room = IMPORT_ERRORS_MAX.saturating_sub(survey.errors.len());
                survey.errors.extend(errors.into_iter().take(room));
            }
            if survey.rows.is_multiple_of(LOOK_EVERY_ROWS) && steps.is_closed() {
                return Err(Stop::Left);
            }
        }
        Ok((balances, survey))
    }

    fn row(
        &self,
        raw: csv::RawRow<'_>,
        balances: Option<&Balances<'_>>,
    ) -> Result<Row, Vec<CellError>> {
        let row = raw.read(self.policies)?;
        match balances.and_then(|balances| balances.conflict(&row)) {
            Some(conflict) => Err(vec![conflict]),
            None => Ok(row),
        }
    }

    fn change(
        &self,
        balances: Option<&Balances<'_>>,
        steps: &mpsc::Sender<Step>,
    ) -> Result<(), Stop> {
        let people = People::new(self.tenant, self.policies, self.now, self.is_dry);
        let mut people = people.map_err(Stop::Problem)?;
        let mut rows = self.open()?;
        let mut batch = Filling::new(1);
        while let Some(raw) = rows.next_row()? {
            if raw.row <= self.done {
                continue;
            }
            if batch.is_full() {
                let number = batch.batch.number + 1;
                let full = std::mem::replace(&mut batch, Filling::new(number));
                send(steps, Step::Batch(full.batch))?;
                let applied = self.applied.load(Ordering::Acquire);
                people.begin(number, applied).map_err(Stop::Problem)?;
            }
            batch.batch.last_row = raw.row;
            if let Ok(row) = self.row(raw, balances) {
                self.take(&row, &mut people, &mut batch);
            }
        }
        send(steps, Step::Batch(batch.batch))
    }

    /// Adds what a row changes.
    fn take(&self, row: &Row, people: &mut People<'_>, filling: &mut Filling) {
        if self.decided.has(self.tenant, self.names.prefix, row.row) {
            filling.batch.rows.push(Changed::nothing(row));
            return;
        }
        let (is_new, mut events) = people.change(row, &self.names, filling.batch.number);
        if self.is_dry {
            events.retain(|event| !is_recorded(self.tenant, event));
        }
        let made: Result<Vec<Submission>, _> =
            events.iter().map(|event| self.made(event)).collect();
        let (submissions, refused) = match made {
            Ok(submissions) => (submissions, None),
            Err(problem) => {
                let refused = CellError::of_row((row.row, row.line), problem.detail);
                (Vec::new(), Some(refused))
            }
        };
        filling.batch.rows.push(Changed {
            row: row.row,
            line: row.line,
            is_new,
            events: submissions.len(),
            refused,
        });
        filling.bytes += submissions
            .iter()
            .map(|one| one.incoming.bytes)
            .sum::<usize>();
        filling.batch.submissions.extend(submissions);
    }

    fn made(&self, event: &Event) -> Result<Submission, touchbook_events::Problem> {
        let sender = Sender {
            tenant: self.tenant.slug(),
            key: self.tenant.key(),
            principal: self.principal,
            guard: &Guard::Open,
            is_published: self.is_published,
        };
        made_by_us(&event.envelope(""), &sender)
    }
}

/// A batch while rows are put into it.
struct Filling {
    batch: Batch,
    bytes: usize,
}

impl Filling {
    fn new(number: u64) -> Self {
        let batch = Batch {
            number,
            submissions: Vec::new(),
            rows: Vec::new(),
            last_row: 0,
        };
        Self { batch, bytes: 0 }
    }

    /// Whether another row may be too much.
    fn is_full(&self) -> bool {
        self.batch.submissions.len() + ROW_EVENTS_MAX > BATCH_EVENTS_MAX
            || self.batch.rows.len() >= BATCH_ROWS_MAX
            || self.bytes >= BATCH_BYTES_MAX
    }
}

fn send(steps: &mpsc::Sender<Step>, step: Step) -> Result<(), Stop> {
    steps.blocking_send(step).map_err(|_| Stop::Left)
}
