//! The fourth decider: which dead letters are open.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use touchbook_events::catalogue::import::DeadLetterResolved;
use touchbook_events::record::Ineffective;
use touchbook_events::{Data, Decision, Problem, Record};
use touchbook_projection::{Context, Decider, Draft, Verdict, snapshot};

/// Keeps every letter's position, and that of the record that dealt with it.
#[derive(Default)]
pub struct DeadLettersDecider {
    /// By position.
    letters: BTreeMap<u64, Letter>,
    begun: Option<Begun>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Letter {
    resolved_by: Option<u64>,
    /// What becomes of it stands in another ledger, whose positions are not known here.
    of_node: bool,
}

/// What a rollback takes back.
#[derive(Default)]
struct Begun {
    came: Vec<u64>,
    resolved: Vec<u64>,
}

impl DeadLettersDecider {
    pub fn new() -> Self {
        Self::default()
    }

    /// What dealt with the letter before, if anything did.
    fn judge(
        &self,
        data: &DeadLetterResolved,
        context: Context<'_>,
    ) -> Result<Option<u64>, Problem> {
        let facts = &data.facts;
        let Some(letter) = self.letters.get(&facts.position) else {
            let detail = format!("there is no dead letter at position {}", facts.position);
            let pointer = "/data/position";
            return Err(Problem::new("unknown_dead_letter", pointer, detail));
        };
        match facts.resubmitted_position {
            Some(position) if !letter.of_node => check(position, facts.position, context)?,
            Some(_) | None => {}
        }
        Ok(letter.resolved_by)
    }

    fn take(&mut self, position: u64, letter: Letter) {
        self.letters.insert(position, letter);
        if let Some(begun) = &mut self.begun {
            begun.came.push(position);
        }
    }

    fn resolve(&mut self, position: u64, by: u64) {
        let letter = self.letters.get_mut(&position);
        let Some(letter) = letter.filter(|letter| letter.resolved_by.is_none()) else {
            return;
        };
        letter.resolved_by = Some(by);
        if let Some(begun) = &mut self.begun {
            begun.resolved.push(position);
        }
    }
}

/// What became of a letter was appended after it.
fn check(resubmitted: u64, letter: u64, context: Context<'_>) -> Result<(), Problem> {
    const POINTER: &str = "/data/resubmitted_position";
    if resubmitted >= context.next_position {
        let detail = format!("there is no record at position {resubmitted}");
        return Err(Problem::new("unknown_position", POINTER, detail));
    }
    if resubmitted <= letter {
        let detail = format!("must be after the dead letter's, {letter}");
        return Err(Problem::invalid(POINTER, detail));
    }
    Ok(())
}

impl Decider for DeadLettersDecider {
    fn name(&self) -> &'static str {
        "dead_letters"
    }

    fn version(&self) -> u32 {
        1
    }

    fn decide(&self, draft: &mut Draft<'_>) {
        let Data::DeadLetterResolved(data) = &draft.incoming.data else {
            return;
        };
        match self.judge(data, draft.context) {
            Ok(None) => {}
            Ok(winner) => {
                let reason = Ineffective::AlreadyResolved;
                draft.verdict = Verdict::Append(Decision::Ineffective { reason, winner });
            }
            Err(problem) => draft.refuse(problem),
        }
    }

    fn apply(&mut self, record: &Record) {
        let position = record.header.position;
        match &record.data {
            Data::DeadLetter(data) => {
                let of_node = data.facts.is_of_node();
                let resolved_by = None;
                self.take(
                    position,
                    Letter {
                        resolved_by,
                        of_node,
                    },
                );
            }
            Data::DeadLetterResolved(data) if record.header.is_effective() => {
                self.resolve(data.facts.position, position);
            }
            _ => {}
        }
    }

    fn encode(&self) -> Vec<u8> {
        snapshot::encode_state(&self.letters)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), snapshot::Error> {
        self.letters = snapshot::decode_state(bytes)?;
        self.begun = None;
        Ok(())
    }

    fn begin(&mut self) {
        self.begun = Some(Begun::default());
    }

    fn rollback(&mut self) {
        let begun = self.begun.take().unwrap_or_default();
        for position in begun.resolved {
            if let Some(letter) = self.letters.get_mut(&position) {
                letter.resolved_by = None;
            }
        }
        begun.came.iter().for_each(|position| {
            self.letters.remove(position);
        });
    }

    fn keep(&mut self) {
        self.begun = None;
    }
}
