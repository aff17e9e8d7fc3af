//! The thread that reads a file: twice, since what is wrong with it is to be known before anything
//! of it is written, and before that once more where whether a row is wrong depends on others.

use super::check::check;
use super::fates::{Fate, Standing};
use super::past::{Past, is_recorded, ordinals};
use super::people::{Change, People};
use super::rows::{Batch, Changed, Plan, Sends, Step, Survey};
use crate::auth::guard::Guard;
use crate::decode::{Sender, made_by_us};
use crate::limits::{BALANCE_IDENTIFIERS_MAX, IMPORT_ERRORS_MAX};
use crate::problem::Problem;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;
use touchbook_engine::{ReadError, Submission, Tenant};
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
/// What is wrong with a row that can't be told from one that was decided, where it would change
/// somebody.
const DOUBTFUL: &str = "the file was imported before, and what became of this row is not known any \
                        more; if it is still to be imported, send it in another file";

/// Why reading ended before the end of the file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error(transparent)]
    File(#[from] csv::Error),
    #[error("a file of the import can't be read or written")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{}", .0.detail())]
    Problem(Problem),
    #[error(
        "the file has totals and history of more than {BALANCE_IDENTIFIERS_MAX} identifiers; \
         import totals and history as two files, or with excludes_history=true"
    )]
    TooManyBalances,
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
    pub(super) now: Timestamp,
    /// The last batch that projections have.
    pub(super) applied: &'a AtomicU64,
}

type Rows = Reader<BufReader<File>>;
/// Takes a row, and what is wrong with it in itself.
type EachRow<'a> = dyn FnMut(&csv::RawRow<'_>, Option<Vec<CellError>>) -> std::io::Result<()> + 'a;

impl Reading<'_> {
    /// Reads the whole file, and hands everything over.
    pub(super) fn read(&self, past: Past<'_>, steps: &mpsc::Sender<Step>) -> Result<(), Stop> {
        let (balances, survey) = self.survey(steps)?;
        let is_refused = self.is_atomic && survey.failed > 0;
        let identifiers = survey.identifiers;
        send(steps, Step::Surveyed(survey))?;
        if is_refused {
            return Ok(());
        }
        let people = People::new(self.tenant, self.policies, self.now);
        let mut people = people.map_err(Stop::Problem)?;
        if self.is_dry {
            people.remember(identifiers).map_err(Stop::Problem)?;
        }
        self.change(balances.as_ref(), past, people, steps)
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
            if balances.identifiers() > BALANCE_IDENTIFIERS_MAX {
                return Err(Stop::TooManyBalances);
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
            match self.row(raw, balances.as_ref()) {
                Ok(row) => survey.identifiers += row.identifiers.len(),
                Err(errors) => {
                    survey.failed += 1;
                    let room = IMPORT_ERRORS_MAX.saturating_sub(survey.errors.len());
                    survey.errors.extend(errors.into_iter().take(room));
                }
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
        let conflict = balances.and_then(|balances| balances.conflict(&row));
        let wrong = conflict.or_else(|| check(&row, self.policies, self.now));
        match wrong.or_else(|| self.unsendable(&row)) {
            Some(wrong) => Err(vec![wrong]),
            None => Ok(row),
        }
    }

    /// Why an event of a row can't be made. With `atomic` that is to be known before anything is
    /// written, of a row that changes all that it says.
    fn unsendable(&self, row: &Row) -> Option<CellError> {
        if !self.is_atomic {
            return None;
        }
        let events = row.events(None, &self.names);
        let refused = events.iter().find_map(|event| self.made(event).err())?;
        Some(CellError::of_row((row.row, row.line), refused.detail))
    }

    fn change(
        &self,
        balances: Option<&Balances<'_>>,
        mut past: Past<'_>,
        mut people: People<'_>,
        steps: &mpsc::Sender<Step>,
    ) -> Result<(), Stop> {
        let mut rows = self.open()?;
        let mut filling = Filling::new(1);
        while let Some(raw) = rows.next_row()? {
            if raw.row <= self.done {
                continue;
            }
            if filling.is_full() && raw.row > past.in_flight_to() {
                let number = filling.batch.number + 1;
                let full = std::mem::replace(&mut filling, Filling::new(number));
                send(steps, Step::Batch(full.batch))?;
                let applied = self.applied.load(Ordering::Acquire);
                people.begin(number, applied).map_err(Stop::Problem)?;
            }
            let (row, line) = (raw.row, raw.line);
            let plan = match (past.standing(row)?, self.row(raw, balances)) {
                (Standing::Was(fate), _) => Plan::Nothing(fate),
                // What is wrong with it was told when the file was surveyed.
                (Standing::Open(_), Err(_)) => Plan::Nothing(Fate::Failed),
                (Standing::Doubtful, Err(_)) => Plan::Nothing(Fate::Unknown),
                (Standing::Open(part), Ok(row)) => self.plan(row, part, &mut people, &mut filling),
                (Standing::Doubtful, Ok(row)) => self.doubtful(row, &people),
            };
            filling.batch.rows.push(Changed { row, line, plan });
        }
        send(steps, Step::Batch(filling.batch))
    }

    /// What a row changes; its events are added to the batch.
    fn plan(
        &self,
        row: Row,
        part: Option<Fate>,
        people: &mut People<'_>,
        filling: &mut Filling,
    ) -> Plan {
        let place = (row.row, row.line);
        let Change { is_new, mut events } = people.change(row, &self.names, filling.batch.number);
        if self.is_dry {
            events.retain(|event| !is_recorded(self.tenant, event));
        }
        if events.is_empty() {
            return Plan::Nothing(part.unwrap_or(Fate::Unchanged));
        }
        let made: Result<Vec<Submission>, _> =
            events.iter().map(|event| self.made(event)).collect();
        let submissions = match made {
            Ok(submissions) => submissions,
            Err(problem) => {
                let refused = CellError::of_row(place, problem.detail);
                return Plan::Refused(Fate::Failed, refused);
            }
        };
        let sends = Sends {
            events: submissions.len(),
            ordinals: ordinals(&events),
            is_new,
            part,
        };
        if !self.is_dry {
            filling.bytes += submissions
                .iter()
                .map(|one| one.incoming.bytes)
                .sum::<usize>();
            filling.batch.submissions.extend(submissions);
        }
        Plan::Sends(sends)
    }

    /// What may have been decided before may say what is known, and nothing else.
    fn doubtful(&self, row: Row, people: &People<'_>) -> Plan {
        let place = (row.row, row.line);
        match people.says_nothing_new(row, &self.names) {
            true => Plan::Nothing(Fate::Unchanged),
            false => Plan::Refused(Fate::Unknown, CellError::of_row(place, DOUBTFUL)),
        }
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
