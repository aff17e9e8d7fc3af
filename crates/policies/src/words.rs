//! Outcomes and types of interactions: those that every tenant has, and those of its policies.

use touchbook_events::catalogue::interaction::{TYPE_ALIASES, TYPES, canonical_type};
use touchbook_events::catalogue::outcome::{KnownOutcome, Outcome};
use touchbook_events::{Data, Policies, Problem};

pub(crate) fn check(policies: &Policies, data: &Data) -> Result<(), Problem> {
    match data {
        Data::CallOutcomeRecorded(data) => outcome(policies, &data.facts.outcome),
        Data::InteractionCompleted(data) => outcome(policies, &data.facts.outcome),
        Data::InteractionLogged(data) => {
            interaction_type(policies, &data.facts.kind)?;
            match data.facts.outcome.value() {
                Some(sent) => outcome(policies, sent),
                None => Ok(()),
            }
        }
        Data::InteractionCreated(data) => interaction_type(policies, &data.facts.kind),
        Data::InteractionUpdated(data) => match &data.facts.kind {
            Some(kind) => interaction_type(policies, kind),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// C2.
fn outcome(policies: &Policies, outcome: &Outcome) -> Result<(), Problem> {
    let Outcome::Named(name) = outcome else {
        return Ok(());
    };
    if policies.outcomes.contains(name) {
        return Ok(());
    }
    let known = KnownOutcome::ALL.iter().map(|known| known.as_str());
    let registered = policies.outcomes.iter().map(|name| name.as_str());
    let detail = format!("`{name}` is no outcome; the policy `outcomes` registers others");
    Err(Problem::invalid("/data/outcome", detail).allowing(known.chain(registered)))
}

/// C4.
fn interaction_type(policies: &Policies, kind: &str) -> Result<(), Problem> {
    let registered = || policies.interaction_types.iter().map(|kind| kind.as_str());
    if TYPES.contains(&canonical_type(kind)) || registered().any(|known| known == kind) {
        return Ok(());
    }
    let aliases = TYPE_ALIASES.iter().map(|(alias, _)| *alias);
    let known = TYPES.iter().copied().chain(aliases).chain(registered());
    let detail = format!(
        "`{kind}` is no type of interaction; the policy `interaction_types` registers others"
    );
    Err(Problem::invalid("/data/type", detail).allowing(known))
}
