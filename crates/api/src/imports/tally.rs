//! What became of rows, counted.

use super::catching_up::{Before, before};
use super::manifest::Counts;
use super::rows::{Batch, Changed};
use crate::limits::{IMPORT_ERRORS_MAX, IMPORT_REFUSED_MAX};
use touchbook_engine::{Outcome, OutcomeKind, Tenant};
use touchbook_events::Timestamp;
use touchbook_ingest::csv::CellError;

pub(super) struct Tally<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) prefix: &'a str,
    pub(super) is_dry: bool,
    /// When the import began, where a start goes on with it and rows up to this one were recorded
    /// that nobody counted.
    pub(super) catching_up: Option<(u64, Timestamp)>,
    pub(super) counts: Counts,
    pub(super) errors: Vec<CellError>,
    pub(super) refused: Vec<CellError>,
}

#[derive(Clone, Copy)]
enum Became {
    Created,
    Updated,
    Unchanged,
}

impl Tally<'_> {
    /// Counts a batch's rows; a dry run has no outcomes.
    pub(super) fn take(&mut self, batch: &Batch, outcomes: &[Outcome]) {
        let mut rest = outcomes;
        for row in &batch.rows {
            let (own, after) = rest.split_at(row.events.min(rest.len()));
            rest = after;
            match refusal(row, own) {
                Some(refused) => self.refuse(refused),
                None => self.count(self.became(row, own)),
            }
        }
    }

    fn became(&self, row: &Changed, outcomes: &[Outcome]) -> Became {
        if let Some((to, since)) = self.catching_up
            && row.row <= to
        {
            return match before(self.tenant, self.prefix, row.row, since) {
                Before::Nothing => Became::Unchanged,
                Before::Updated => Became::Updated,
                Before::Created => Became::Created,
            };
        }
        let changes = match self.is_dry {
            true => row.events > 0,
            false => outcomes.iter().any(is_accepted),
        };
        match (changes, row.is_new) {
            (false, _) => Became::Unchanged,
            (true, false) => Became::Updated,
            (true, true) => Became::Created,
        }
    }

    fn count(&mut self, became: Became) {
        match became {
            Became::Created => self.counts.created += 1,
            Became::Updated => self.counts.updated += 1,
            Became::Unchanged => self.counts.unchanged += 1,
        }
    }

    fn refuse(&mut self, refused: CellError) {
        self.counts.failed += 1;
        if self.errors.len() < IMPORT_ERRORS_MAX {
            self.errors.push(refused.clone());
        }
        if self.refused.len() < IMPORT_REFUSED_MAX {
            self.refused.push(refused);
        }
    }
}

fn is_accepted(outcome: &Outcome) -> bool {
    outcome.kind == OutcomeKind::Accepted
}

/// Why a row failed that is not wrong in itself.
fn refusal(row: &Changed, outcomes: &[Outcome]) -> Option<CellError> {
    let refused = outcomes.iter().find_map(|outcome| match &outcome.kind {
        OutcomeKind::Refused(problem) => Some(problem),
        _ => None,
    });
    let told = |detail: &str| CellError::of_row((row.row, row.line), detail.to_owned());
    row.refused
        .clone()
        .or_else(|| refused.map(|problem| told(&problem.detail)))
}
