//! Times in a payload that place and date what it is about, held to what `time` is held to.

use touchbook_events::catalogue::customer::OpeningBalanceImportedFacts;
use touchbook_events::incoming::in_bounds;
use touchbook_events::{Data, Problem, Timestamp};

/// Times that are planned, such as when a step is due, lie as far ahead as anybody likes.
pub(crate) fn check(data: &Data, recorded_at: Timestamp) -> Result<(), Problem> {
    for (member, time) in data.own_times() {
        in_bounds(time, recorded_at, "").map_err(|problem| at_member(problem, member))?;
    }
    match data {
        Data::OpeningBalanceImported(data) => opening_balance(&data.facts, recorded_at),
        _ => Ok(()),
    }
}

fn opening_balance(
    facts: &OpeningBalanceImportedFacts,
    recorded_at: Timestamp,
) -> Result<(), Problem> {
    let last = facts.last_agent_interaction.as_ref();
    let times = [
        (facts.last_agent_call_at, "last_agent_call_at"),
        (last.and_then(|last| last.at), "last_agent_interaction/at"),
    ];
    for (time, member) in times {
        if let Some(time) = time {
            in_bounds(time.at(), recorded_at, "").map_err(|problem| at_member(problem, member))?;
        }
    }
    Ok(())
}

fn at_member(problem: Problem, member: &str) -> Problem {
    problem.under(&format!("/data/{member}"))
}
