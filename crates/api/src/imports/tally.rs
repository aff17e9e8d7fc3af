//! What became of rows, counted.

use super::fates::{Fate, Frame};
use super::manifest::Counts;
use super::rows::{Batch, Changed, Plan, Sends};
use crate::limits::IMPORT_ERRORS_MAX;
use touchbook_engine::{Outcome, OutcomeKind};
use touchbook_ingest::csv::CellError;

pub(super) struct Tally {
    pub(super) is_dry: bool,
    /// The ledger's head when the sending began. Events are sent again until it is known what
    /// became of them, so one that stands after it is new, whatever the last answer says.
    pub(super) began_after: u64,
    pub(super) counts: Counts,
    pub(super) errors: Vec<CellError>,
}

impl Tally {
    /// Counts a batch's rows, and answers what became of each; a dry run has no outcomes.
    pub(super) fn take(&mut self, batch: &Batch, outcomes: &[Outcome]) -> Frame {
        let mut frame = batch.frame(true);
        let mut rest = outcomes;
        for row in &batch.rows {
            match &row.plan {
                Plan::Nothing(fate) => frame.push(*fate),
                Plan::Refused(fate, refused) => self.refuse(&mut frame, *fate, refused.clone()),
                Plan::Sends(sends) => {
                    let (own, after) = rest.split_at(sends.events.min(rest.len()));
                    rest = after;
                    match refusal(row, own) {
                        Some(refused) => self.refuse(&mut frame, Fate::Failed, refused),
                        None => frame.push(self.became(sends, own)),
                    }
                }
            }
        }
        self.counts.add(frame.counts());
        frame
    }

    fn became(&self, sends: &Sends, outcomes: &[Outcome]) -> Fate {
        let changes = self.is_dry || outcomes.iter().any(|outcome| self.is_news(outcome));
        match (changes, sends.is_new, sends.part) {
            (true, true, _) => Fate::Created,
            (_, _, Some(part)) => part,
            (true, false, None) => Fate::Updated,
            (false, _, None) => Fate::Unchanged,
        }
    }

    fn is_news(&self, outcome: &Outcome) -> bool {
        match outcome.kind {
            OutcomeKind::Accepted => true,
            OutcomeKind::Duplicate => outcome
                .position
                .is_some_and(|position| position > self.began_after),
            _ => false,
        }
    }

    fn refuse(&mut self, frame: &mut Frame, fate: Fate, refused: CellError) {
        if self.errors.len() < IMPORT_ERRORS_MAX {
            self.errors.push(refused.clone());
        }
        frame.refused.push(refused);
        frame.push(fate);
    }
}

/// Why the ledger refused a row.
fn refusal(row: &Changed, outcomes: &[Outcome]) -> Option<CellError> {
    let refused = outcomes.iter().find_map(|outcome| match &outcome.kind {
        OutcomeKind::Refused(problem) => Some(problem),
        _ => None,
    });
    refused.map(|problem| CellError::of_row((row.row, row.line), problem.detail.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sends(row: u64, part: Option<Fate>) -> Changed {
        let sends = Sends {
            events: 1,
            ordinals: [1].into_iter().collect(),
            is_new: part.is_none(),
            part,
        };
        Changed {
            row,
            line: row + 1,
            plan: Plan::Sends(sends),
        }
    }

    /// An answer that got lost is asked for again, and is a duplicate then.
    #[test]
    fn what_was_recorded_since_the_sending_began_is_news_however_often_it_was_sent() {
        let mut tally = Tally {
            is_dry: false,
            began_after: 10,
            counts: Counts::default(),
            errors: Vec::new(),
        };
        let batch = Batch {
            number: 1,
            submissions: Vec::new(),
            rows: vec![
                sends(1, None),
                sends(2, None),
                sends(3, Some(Fate::Created)),
            ],
        };
        let duplicate = |position| Outcome {
            kind: OutcomeKind::Duplicate,
            position: Some(position),
            customer: None,
        };
        let frame = tally.take(&batch, &[duplicate(11), duplicate(10), duplicate(9)]);
        let counts = Counts {
            created: 2,
            unchanged: 1,
            ..Counts::default()
        };
        assert_eq!((tally.counts, frame.counts()), (counts, counts));
    }
}
