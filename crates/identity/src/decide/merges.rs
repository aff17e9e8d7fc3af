//! Customers who are one, and are not.

use super::{is_outdated, lose, pair};
use crate::resolve::known;
use crate::state::State;
use std::collections::BTreeSet;
use touchbook_events::limits::MEMBERS_PER_GROUP_MAX;
use touchbook_events::record::Ineffective;
use touchbook_events::{CustomerId, Data, Problem};
use touchbook_projection::Draft;

pub(super) fn merged(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    let Data::CustomerMerged(data) = &draft.incoming.data else {
        return Ok(());
    };
    let (into, members) = (data.facts.into, &data.facts.members);
    let customer = known(state, into, "/data/into")?;
    all_known(state, members)?;
    let merges = state.merges();
    let group = merges.canonical(into);
    let joining: BTreeSet<CustomerId> = members.iter().map(|id| merges.canonical(*id)).collect();
    // Who hangs on another already can't be taken out of that group by joining this one.
    let elsewhere = members.iter().find(|id| {
        let canonical = merges.canonical(**id);
        canonical != **id && canonical != group && !members.contains(&canonical)
    });
    let size: usize = joining
        .iter()
        .chain([&group])
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|canonical| merges.size(*canonical))
        .sum();
    let lost = match elsewhere {
        _ if joining.iter().all(|canonical| *canonical == group) => {
            let last = members
                .iter()
                .chain([&into])
                .filter_map(|id| merges.merged_at(*id))
                .max();
            Some((Ineffective::AlreadyMerged, last))
        }
        Some(member) => Some((Ineffective::NotAllowedInState, merges.merged_at(*member))),
        None if size > MEMBERS_PER_GROUP_MAX => {
            let detail = format!("a group has at most {MEMBERS_PER_GROUP_MAX} members, not {size}");
            return Err(Problem::new("group_too_large", "/data/members", detail));
        }
        None => None,
    };
    if is_outdated(state, draft, Some(customer)) {
        return Ok(());
    }
    draft.customer = Some(into);
    if let Some((reason, winner)) = lost {
        lose(draft, reason, winner);
    }
    Ok(())
}

pub(super) fn unmerged(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    let Data::CustomerUnmerged(data) = &draft.incoming.data else {
        return Ok(());
    };
    let (from, members) = (data.facts.from, &data.facts.members);
    let customer = known(state, from, "/data/from")?;
    all_known(state, members)?;
    if members.is_empty() {
        return Err(Problem::invalid(
            "/data/members",
            "must name at least one customer",
        ));
    }
    let merges = state.merges();
    let group = merges.canonical(from);
    let is_in = |id: &CustomerId| merges.canonical(*id) == group && *id != group;
    let lost = !members.iter().all(is_in);
    if is_outdated(state, draft, Some(customer)) {
        return Ok(());
    }
    draft.customer = Some(from);
    if lost {
        lose(draft, Ineffective::NotMerged, None);
    }
    Ok(())
}

pub(super) fn dismissed(state: &State, draft: &mut Draft<'_>) -> Result<(), Problem> {
    let Data::MergeDismissed(data) = &mut draft.incoming.data else {
        return Ok(());
    };
    let facts = &mut data.facts;
    let one = known(state, facts.customer, "/data/customer")?;
    let other = known(state, facts.other, "/data/other")?;
    // The older stands first, as it does where they are suggested.
    let (older, younger) = pair(one, other);
    [facts.customer, facts.other] = [older, younger].map(|number| state.id_of(number));
    draft.customer = Some(facts.customer);
    Ok(())
}

fn all_known(state: &State, members: &[CustomerId]) -> Result<(), Problem> {
    members.iter().enumerate().try_for_each(|(at, member)| {
        known(state, *member, format!("/data/members/{at}")).map(|_| ())
    })
}
