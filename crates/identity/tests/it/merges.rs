//! Groups, as `projection::Groups` defines them.

use crate::script::{Tenant, decision, problem};
use touchbook_events::record::Ineffective;
use touchbook_events::{CustomerId, Decision, IdentifierKind};
use touchbook_identity::Identifiers;
use touchbook_projection::driver::Outcome;

fn people<const N: usize>(tenant: &mut Tenant) -> [CustomerId; N] {
    std::array::from_fn(|number| tenant.customer(&format!(r#"{{"user":"u{number}"}}"#)))
}

fn ids(members: &[CustomerId]) -> String {
    let members: Vec<String> = members.iter().map(|id| format!(r#""{id}""#)).collect();
    members.join(",")
}

fn merge(tenant: &mut Tenant, into: CustomerId, members: &[CustomerId]) -> Outcome {
    let data = format!(r#"{{"into":"{into}","members":[{}]}}"#, ids(members));
    tenant.send("customer.merged", "", &data)
}

fn unmerge(tenant: &mut Tenant, from: CustomerId, members: &[CustomerId]) -> Outcome {
    let data = format!(r#"{{"from":"{from}","members":[{}]}}"#, ids(members));
    tenant.send("customer.unmerged", "", &data)
}

fn lost(reason: Ineffective, winner: Option<u64>) -> Decision {
    Decision::Ineffective { reason, winner }
}

#[test]
fn merging_what_is_merged_names_the_merge_that_did_it() {
    let mut tenant = Tenant::new();
    let [a, b, c] = people(&mut tenant);
    let first = merge(&mut tenant, a, &[b]);
    assert_eq!(first.customer(), Some(a));
    let again = decision(merge(&mut tenant, a, &[b]));
    assert_eq!(again, lost(Ineffective::AlreadyMerged, first.position()));
    let turned = decision(merge(&mut tenant, b, &[a]));
    assert_eq!(turned, lost(Ineffective::AlreadyMerged, first.position()));
    assert_eq!(
        decision(merge(&mut tenant, a, &[b, c])),
        Decision::Effective
    );
}

#[test]
fn a_member_of_another_group_is_not_torn_out_of_it() {
    let mut tenant = Tenant::new();
    let [a, b, c] = people(&mut tenant);
    let first = merge(&mut tenant, a, &[b]);
    let torn = decision(merge(&mut tenant, c, &[b]));
    assert_eq!(torn, lost(Ineffective::NotAllowedInState, first.position()));
    assert_eq!(decision(merge(&mut tenant, c, &[a])), Decision::Effective);
    // It took b along, and takes it away again.
    assert_eq!(decision(unmerge(&mut tenant, c, &[a])), Decision::Effective);
    assert_eq!(decision(unmerge(&mut tenant, a, &[b])), Decision::Effective);
}

#[test]
fn unmerging_who_is_not_in_the_group_changes_nothing() {
    let mut tenant = Tenant::new();
    let [a, b, c] = people(&mut tenant);
    merge(&mut tenant, a, &[b]);
    for (from, members) in [(a, vec![c]), (a, vec![b, c]), (c, vec![b]), (a, vec![a])] {
        let outcome = decision(unmerge(&mut tenant, from, &members));
        assert_eq!(outcome, lost(Ineffective::NotMerged, None));
    }
    assert_eq!(decision(unmerge(&mut tenant, a, &[b])), Decision::Effective);
    let again = decision(unmerge(&mut tenant, a, &[b]));
    assert_eq!(again, lost(Ineffective::NotMerged, None));
}

#[test]
fn unknown_customers_are_refused_with_their_place() {
    let mut tenant = Tenant::new();
    let [a, b] = people(&mut tenant);
    let nobody = "0190f3a0-0000-7000-8000-000000000001".parse().unwrap();
    for (outcome, pointer) in [
        (merge(&mut tenant, a, &[b, nobody]), "/data/members/1"),
        (merge(&mut tenant, nobody, &[b]), "/data/into"),
        (unmerge(&mut tenant, a, &[nobody]), "/data/members/0"),
        (unmerge(&mut tenant, nobody, &[b]), "/data/from"),
        (unmerge(&mut tenant, a, &[]), "/data/members"),
    ] {
        assert_eq!(problem(outcome).pointer, pointer);
    }
    let dismissed = format!(r#"{{"customer":"{a}","other":"{nobody}"}}"#);
    assert_eq!(
        problem(tenant.send("merge.dismissed", "", &dismissed)).pointer,
        "/data/other"
    );
}

#[test]
fn a_group_has_at_most_fifty_members() {
    let mut tenant = Tenant::new();
    let people: [CustomerId; 51] = people(&mut tenant);
    let refused = problem(merge(&mut tenant, people[0], &people[1..]));
    assert_eq!(
        (refused.code, &*refused.pointer),
        ("group_too_large", "/data/members")
    );
    assert_eq!(
        decision(merge(&mut tenant, people[0], &people[1..50])),
        Decision::Effective
    );
    let refused = problem(merge(&mut tenant, people[50], &people[..1]));
    assert_eq!(refused.code, "group_too_large");
}

#[test]
fn decisions_agree_with_the_slices_of_projections() {
    let mut tenant = Tenant::new();
    let [a, b, c, d] = people(&mut tenant);
    merge(&mut tenant, a, &[b]);
    merge(&mut tenant, c, &[d]);
    merge(&mut tenant, b, &[c]);
    unmerge(&mut tenant, a, &[c]);
    let identifiers = tenant.identifiers();
    let find = |user: &str| {
        identifiers.index(|index| Identifiers::find(index, IdentifierKind::User, user))
    };
    assert_eq!(
        [find("u0"), find("u1"), find("u2"), find("u3")],
        [a, a, c, c].map(Some)
    );
}
