//! Records that stop counting, and count again.

use super::{lose, undoes_an_import, written_at};
use crate::state::State;
use std::collections::BTreeSet;
use touchbook_events::record::Ineffective;
use touchbook_events::{CustomerId, Data, EventType, Problem};
use touchbook_projection::{Draft, Earlier, Slices};

pub(super) fn retracted(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    let Data::EventRetracted(data) = &draft.incoming.data else {
        return Ok(());
    };
    let positions = &data.facts.positions;
    check(positions, draft)?;
    retractable(state, draft)?;
    if takes_whom_others_wrote_of(state, draft) {
        return Ok(());
    }
    let Data::EventRetracted(data) = &draft.incoming.data else {
        return Ok(());
    };
    let positions = &data.facts.positions;
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
    } else {
        reinstatable(state, positions)?;
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

/// Records that others stand on count for ever; of an import that is undone, who is who doesn't.
fn retractable(state: &State, draft: &Draft<'_>) -> Result<(), Problem> {
    let Data::EventRetracted(data) = &draft.incoming.data else {
        return Ok(());
    };
    let undoes = undoes_an_import(draft);
    let may_go = |position: u64| {
        let mut earlier = draft.context.earlier.iter();
        let named = earlier.find(|earlier| earlier.position == position);
        undoes && named.is_some_and(|named| goes_with_its_import(named.event_type))
    };
    let positions = &data.facts.positions;
    refuse_first(positions, |at| state.is_structural(at) && !may_go(at))
}

/// Whether the undoing of an import expects customers whom it takes back as they no longer are:
/// then it loses, since what others wrote meanwhile would be nobody's.
fn takes_whom_others_wrote_of(state: &State, draft: &mut Draft<'_>) -> bool {
    if draft.incoming.expected_position.is_none() || !undoes_an_import(draft) {
        return false;
    }
    let earlier = draft.context.earlier.iter();
    let begun = earlier.filter(|named| named.event_type == EventType::CustomerCreated);
    let rows = begun.filter_map(|named| state.customer(named.customer?));
    let changed_at = rows.map(|row| written_at(state, row)).max();
    draft.loses_to(changed_at.unwrap_or(0))
}

/// What an import made that was undone is free for others, and does not come back.
fn reinstatable(state: &State, positions: &[u64]) -> Result<(), Problem> {
    refuse_first(positions, |at| {
        state.is_structural(at) && state.retracted_by(at).is_some()
    })
}

/// Its undoing gives back the identifiers first.
fn goes_with_its_import(event_type: EventType) -> bool {
    matches!(
        event_type,
        EventType::CustomerCreated
            | EventType::IdentifierAttached
            | EventType::IdentifierDetached
            | EventType::MergeSuggested
    )
}

fn refuse_first(positions: &[u64], is_bad: impl Fn(u64) -> bool) -> Result<(), Problem> {
    match positions.iter().position(|at| is_bad(*at)) {
        None => Ok(()),
        Some(at) => {
            let detail = format!(
                "the record at position {} can't be retracted, nor come back; send the event that \
                 undoes it",
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
