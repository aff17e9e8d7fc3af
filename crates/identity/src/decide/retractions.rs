//! Records that stop counting, and count again.

use super::lose;
use crate::state::State;
use std::collections::BTreeSet;
use touchbook_events::record::Ineffective;
use touchbook_events::{CustomerId, Data, Problem};
use touchbook_projection::{Draft, Earlier, Slices};

pub(super) fn retracted(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    let Data::EventRetracted(data) = &draft.incoming.data else {
        return Ok(());
    };
    let positions = &data.facts.positions;
    check(positions, draft)?;
    retractable(state, positions)?;
    if positions.iter().all(|at| state.retracted_by(*at).is_some()) {
        let winner = positions.last().and_then(|at| state.retracted_by(*at));
        lose(draft, Ineffective::AlreadyRetracted, winner);
    }
    let customers = whose(state, draft, |at| state.retracted_by(at).is_none());
    if let Data::EventRetracted(data) = &mut draft.incoming.data {
        data.facts.customers = customers;
    }
    Ok(())
}

pub(super) fn reinstated(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    let Data::EventReinstated(data) = &draft.incoming.data else {
        return Ok(());
    };
    let positions = &data.facts.positions;
    check(positions, draft)?;
    if positions.iter().all(|at| state.retracted_by(*at).is_none()) {
        lose(draft, Ineffective::NotRetracted, None);
    }
    let customers = whose(state, draft, |at| state.retracted_by(at).is_some());
    if let Data::EventReinstated(data) = &mut draft.incoming.data {
        data.facts.customers = customers;
    }
    Ok(())
}

/// Whose the records are that the event names, those of them that it changes anything about.
fn whose(state: &State, draft: &Draft<'_>, changes: impl Fn(u64) -> bool) -> Vec<CustomerId> {
    let of = |earlier: &Earlier| {
        let named = earlier.customer?;
        if !earlier.event_type.goes_with_its_subject() {
            return Some(named);
        }
        let subject = state.subjects.get(state.subject(earlier.subject)?);
        subject.customer().map(|owner| state.id_of(owner))
    };
    let counts = |earlier: &&Earlier| {
        let in_a_slice = earlier.is_effective && !Slices::is_changed_by(earlier.event_type);
        in_a_slice && changes(earlier.position)
    };
    let earlier = draft.context.earlier.iter().filter(counts);
    let customers: BTreeSet<CustomerId> = earlier.filter_map(of).collect();
    customers.into_iter().collect()
}

/// Records that others stand on count for ever.
fn retractable(state: &State, positions: &[u64]) -> Result<(), Problem> {
    match positions.iter().position(|at| state.is_structural(*at)) {
        None => Ok(()),
        Some(at) => {
            let detail = format!(
                "the record at position {} can't be retracted; send the event that undoes it",
                positions[at]
            );
            let pointer = format!("/data/positions/{at}");
            Err(Problem::new("not_retractable", pointer, detail))
        }
    }
}

fn check(positions: &[u64], draft: &Draft<'_>) -> Result<(), Problem> {
    if positions.is_empty() {
        return Err(Problem::invalid(
            "/data/positions",
            "must name at least one record",
        ));
    }
    positions
        .iter()
        .enumerate()
        .try_for_each(|(at, position)| known(*position, format!("/data/positions/{at}"), draft))
}

/// A position that an event names must be a record's.
fn known(position: u64, pointer: String, draft: &Draft<'_>) -> Result<(), Problem> {
    if (1..draft.context.next_position).contains(&position) {
        return Ok(());
    }
    let detail = format!("there is no record at position {position}");
    Err(Problem::new("unknown_position", pointer, detail))
}
