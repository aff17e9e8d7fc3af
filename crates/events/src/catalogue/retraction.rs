//! Records that stop counting, and count again.

use crate::id::CustomerId;
use crate::limits::POSITIONS_MAX;
use crate::problem::Problem;
use crate::text::Reason;

event_data! {
    /// Records stop counting, as if they had never been.
    Retracted: RetractedFacts, RetractedPersonal {
        facts {
            positions: Vec<u64>,
            /// Position of the record that stands instead.
            replaced_by: Option<u64>,
            /// Whose records they are; filled in when it is decided.
            customers: Vec<CustomerId>,
        }
        personal {
            reason: Option<Reason>,
        }
    }
}

impl Retracted {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        some_positions(&self.facts.positions)
    }
}

event_data! {
    /// Retracted records count again.
    Reinstated: ReinstatedFacts, ReinstatedPersonal {
        facts {
            positions: Vec<u64>,
            /// Whose records they are; filled in when it is decided.
            customers: Vec<CustomerId>,
        }
        personal {
            reason: Option<Reason>,
        }
    }
}

impl Reinstated {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        some_positions(&self.facts.positions)
    }
}

fn some_positions(positions: &[u64]) -> Result<(), Problem> {
    if positions.is_empty() {
        return Err(Problem::invalid(
            "/positions",
            "must name at least one record",
        ));
    }
    if positions.len() > POSITIONS_MAX {
        let detail = format!(
            "{} positions, at most {POSITIONS_MAX} are allowed",
            positions.len()
        );
        return Err(Problem::invalid("/positions", detail));
    }
    match positions.iter().position(|position| *position == 0) {
        Some(at) => Err(Problem::invalid(
            format!("/positions/{at}"),
            "positions begin at 1",
        )),
        None => Ok(()),
    }
}
