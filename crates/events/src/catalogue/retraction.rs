//! Records that stop counting, and count again.

use crate::problem::Problem;
use crate::text::Reason;

event_data! {
    /// Records stop counting, as if they had never been.
    Retracted: RetractedFacts, RetractedPersonal {
        facts {
            positions: Vec<u64>,
            /// Position of the record that stands instead.
            replaced_by: Option<u64>,
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
    match positions.iter().position(|position| *position == 0) {
        Some(at) => Err(Problem::invalid(
            format!("/positions/{at}"),
            "positions begin at 1",
        )),
        None => Ok(()),
    }
}
