//! Laws 3 and 4 with the deciders and projectors that are served, over random scripts.

mod answers;
mod calls;
mod counted;
mod model;
mod play;
mod script;

use answers::{Answers, report};
use model::Model;
use play::{SALT, everybody, play, unmerge_everybody};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index as Place;
use script::{Step, steps};
use std::collections::BTreeMap;
use touchbook_calls::Calls;
use touchbook_customers::Customers;
use touchbook_engagement::Engagement;
use touchbook_events::{CustomerId, Data, Digest, Policies, Record, TenantKey};
use touchbook_identity::{Identifiers, IdentityDecider, Suggestions};
use touchbook_projection::snapshot::encode_state;
use touchbook_projection::{Decider, Driver, Folding, History, Projection, SHARDS};
use touchbook_timeline::Timeline;

/// Scripts a law; one has about a hundred records.
const CASES: u32 = 200;

/// How the same records reach the projections.
#[derive(Clone, Debug)]
struct Ways {
    batches: Vec<usize>,
    /// Where snapshots are taken.
    points: [Place; 3],
    /// The point at which each shard's snapshot is taken, and that of the slices; 3 for none.
    picks: Vec<usize>,
    live_at: Place,
}

fn ways() -> impl Strategy<Value = Ways> {
    (
        vec(1_usize..12, 1..6),
        any::<[Place; 3]>(),
        vec(0_usize..4, SHARDS + 1),
        any::<Place>(),
    )
        .prop_map(|(batches, points, picks, live_at)| Ways {
            batches,
            points,
            picks,
            live_at,
        })
}

fn apply<P: Answers>(
    projection: &Projection<P>,
    mut records: &[Record],
    batches: &[usize],
    history: &impl History,
) {
    for size in batches.iter().cycle() {
        if records.is_empty() {
            break;
        }
        let (batch, rest) = records.split_at(records.len().min(*size));
        projection.apply_batch(batch, history).unwrap();
        records = rest;
    }
}

fn live<P: Answers>(
    records: &[Record],
    batches: &[usize],
    history: &impl History,
) -> Projection<P> {
    let projection = Projection::new(Folding::Live);
    apply(&projection, records, batches, history);
    projection
}

/// Starts from snapshots of shards at positions of their own, and folds the rest.
fn restarted<P: Answers>(driver: &Driver, ways: &Ways) -> Projection<P> {
    let (records, head) = (driver.records(), driver.records().len());
    let point = |place: &Place| live::<P>(&records[..place.index(head + 1)], &ways.batches, driver);
    let points = ways.points.each_ref().map(point);
    let loaded = Projection::new(Folding::Bulk);
    for (shard, pick) in ways.picks.iter().enumerate() {
        let Some(point) = points.get(*pick) else {
            continue;
        };
        if shard == SHARDS {
            let (position, body) = point.encode_slices();
            loaded.load_slices(position, &body).unwrap();
        } else {
            let (position, body) = point.encode_shard(shard).unwrap();
            loaded.load_shard(shard, position, &body).unwrap();
        }
    }
    let from = loaded.finish_load() as usize;
    let live_at = from + ways.live_at.index(head - from + 1);
    apply(&loaded, &records[from..live_at], &ways.batches, driver);
    loaded.go_live(driver).unwrap();
    apply(&loaded, &records[live_at..], &ways.batches, driver);
    loaded
}

/// Law 3: whichever way the records came, state and answers are those of the plain model.
fn every_way_gives_what_the_definition_says<P: Answers>(driver: &Driver, ways: &Ways) {
    let model = Model::of(driver.records());
    let states = model.states::<P>();
    let projections = [
        ("live", live::<P>(driver.records(), &ways.batches, driver)),
        ("rebuilt", driver.rebuild::<P>()),
        ("snapshot and rest", restarted::<P>(driver, ways)),
    ];
    let lists = P::lists(&model.index::<P>(&states), &model.policies);
    let summed = report::<P>(&model.policies, |each| states.values().for_each(each));
    for (way, projection) in projections {
        let way = format!("{} {way}", P::NAME);
        assert_eq!(projection.quarantined(), [], "{way}");
        for member in everybody(driver.records()) {
            let canonical = model.canonical(member);
            assert_eq!(projection.canonical(member), canonical, "{way}");
            let about = |state: &P::State| P::about(canonical, state, &model.policies);
            let answer = projection.read(member, |state, _| about(state));
            assert_eq!(answer, states.get(&canonical).map(about), "{way}: {member}");
        }
        assert_finds_what_is_there(&projection, &states, driver.records(), &way);
        assert_eq!(
            projection.index(|index| P::lists(index, &model.policies)),
            lists,
            "{way}"
        );
        let report = report::<P>(&model.policies, |each| {
            projection.for_each(|_, state| each(state));
        });
        assert_eq!(report, summed, "{way}");
        assert_eq!(projection.digest(), model::digest::<P>(&states), "{way}");
        assert_eq!(projection.applied(), driver.head(), "{way}");
    }
}

/// Whatever has a key is found by it, with its customer, and nobody by the key of what is gone.
fn assert_finds_what_is_there<P: Answers>(
    projection: &Projection<P>,
    states: &BTreeMap<CustomerId, P::State>,
    records: &[Record],
    way: &str,
) {
    let mut owners: BTreeMap<Digest, CustomerId> = BTreeMap::new();
    for (customer, state) in states {
        P::keys(state, &mut |key| {
            owners.insert(key, *customer);
        });
    }
    for key in records.iter().filter_map(P::key) {
        let owner = projection.find(key, |customer, state| {
            let mut has = false;
            P::keys(state, &mut |of_state| has |= of_state == key);
            has.then_some(customer)
        });
        assert_eq!(owner.as_ref(), owners.get(&key), "{way}");
    }
}

/// Law 3: folded afresh to any position, everybody is who they were then.
fn a_prefix_is_what_was_known_then<P: Answers>(driver: &Driver, to: usize) {
    let then = Model::of(&driver.records()[..to]);
    let states = then.states::<P>();
    let now = driver.project::<P>();
    for member in everybody(driver.records()) {
        let known = now.fold_slice(member, driver, to as u64).unwrap();
        let expected = match states.get(&then.canonical(member)) {
            Some(state) => encode_state(state),
            None => encode_state(&P::State::default()),
        };
        assert_eq!(
            encode_state(&known),
            expected,
            "{} at {to}: {member}",
            P::NAME
        );
    }
}

/// Law 4: with merges and unmerges left out, the same ledger folds to the same.
fn undone_is_as_never_merged<P: Answers>(driver: &Driver, ways: &Ways) {
    let merges = |record: &&Record| {
        !matches!(
            record.data,
            Data::CustomerMerged(_) | Data::CustomerUnmerged(_)
        )
    };
    let never: Vec<Record> = driver.records().iter().filter(merges).cloned().collect();
    let never_merged = live::<P>(&never, &ways.batches, &never);
    let undone = live::<P>(driver.records(), &ways.batches, driver);
    assert_eq!(undone.digest(), never_merged.digest(), "{}", P::NAME);
    let policies = Model::of(driver.records()).policies;
    let lists = |projection: &Projection<P>| projection.index(|index| P::lists(index, &policies));
    assert_eq!(lists(&undone), lists(&never_merged), "{}", P::NAME);
}

/// Between a record and all that it causes nothing is decided or told: they come in one commit. An
/// order that names another customer than the one it was assigned to belongs to neither there.
fn is_within_a_commit(record: &Record, next: Option<&Record>) -> bool {
    let header = &record.header;
    let cause = next.and_then(|next| next.header.cause);
    cause.is_some_and(|cause| cause == header.position || Some(cause) == header.cause)
}

/// Whoever writes under the tag of an answer is compared with what the answer was of.
fn tags_say_what_conditions_are_compared_with(
    decider: &IdentityDecider,
    customers: &Projection<Customers>,
    records: &[Record],
    way: &str,
) {
    for member in everybody(records) {
        let tag = customers.read_changed(member, |state, _, at| state.changed_at(at));
        let compared = decider.changed_at(member);
        assert_eq!(tag, Some(compared), "{way} at {}: {member}", records.len());
    }
}

/// Nobody's answer changes under a tag that its reader holds already; `told` is what each was told
/// before the last of `records`.
fn what_changes_has_a_new_tag(
    told: &mut BTreeMap<CustomerId, serde_json::Value>,
    customers: &Projection<Customers>,
    records: &[Record],
) {
    let policies = Policies::default();
    let last = records.len() as u64;
    for member in everybody(records) {
        let canonical = customers.canonical(member);
        let (answer, tag) = customers
            .read_changed(member, |state, _, at| {
                let answer = Customers::about(canonical, state, &policies);
                (answer, state.changed_at(at))
            })
            .unwrap();
        let is_new = told.get(&member) != Some(&answer);
        assert!(!is_new || tag == last, "at {last}: {member} is still {tag}");
        told.insert(member, answer);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn live_rebuilt_and_restarted_projections_are_the_plain_fold_of_slices(
        steps in steps(),
        ways in ways(),
    ) {
        let driver = play(&steps);
        every_way_gives_what_the_definition_says::<Identifiers>(&driver, &ways);
        every_way_gives_what_the_definition_says::<Customers>(&driver, &ways);
        every_way_gives_what_the_definition_says::<Timeline>(&driver, &ways);
        every_way_gives_what_the_definition_says::<Calls>(&driver, &ways);
        every_way_gives_what_the_definition_says::<Engagement>(&driver, &ways);
        every_way_gives_what_the_definition_says::<Suggestions>(&driver, &ways);
    }

    #[test]
    fn any_prefix_folded_afresh_is_what_was_known_then(steps in steps(), place in any::<Place>()) {
        let driver = play(&steps);
        let to = place.index(driver.records().len() + 1);
        a_prefix_is_what_was_known_then::<Identifiers>(&driver, to);
        a_prefix_is_what_was_known_then::<Customers>(&driver, to);
        a_prefix_is_what_was_known_then::<Timeline>(&driver, to);
        a_prefix_is_what_was_known_then::<Calls>(&driver, to);
        a_prefix_is_what_was_known_then::<Engagement>(&driver, to);
        a_prefix_is_what_was_known_then::<Suggestions>(&driver, to);
    }

    #[test]
    fn a_customers_tag_is_what_a_condition_is_compared_with_at_every_position(
        steps in steps(),
        ways in ways(),
        place in any::<Place>(),
    ) {
        let driver = play(&steps);
        let (records, head) = (driver.records(), driver.records().len());
        let mut decider = IdentityDecider::new(TenantKey::from_salt(SALT));
        let live = Projection::<Customers>::default();
        let mut told = BTreeMap::new();
        for (at, record) in records.iter().enumerate() {
            decider.apply(record);
            live.apply_batch([record], &driver).unwrap();
            let so_far = &records[..=at];
            what_changes_has_a_new_tag(&mut told, &live, so_far);
            if is_within_a_commit(record, records.get(at + 1)) {
                continue;
            }
            tags_say_what_conditions_are_compared_with(&decider, &live, so_far, "live");
            if at == place.index(head) {
                let rebuilt = Projection::<Customers>::new(Folding::Bulk);
                rebuilt.apply_batch(so_far, &driver).unwrap();
                rebuilt.go_live(&driver).unwrap();
                tags_say_what_conditions_are_compared_with(&decider, &rebuilt, so_far, "rebuilt");
            }
        }
        let restarted = restarted::<Customers>(&driver, &ways);
        tags_say_what_conditions_are_compared_with(&decider, &restarted, records, "restarted");
        let mut restored = IdentityDecider::new(TenantKey::from_salt(SALT));
        restored.restore(&decider.encode()).unwrap();
        tags_say_what_conditions_are_compared_with(&restored, &live, records, "restored");
    }

    #[test]
    fn after_every_merge_is_undone_nobody_can_tell_that_it_was(steps in steps(), ways in ways()) {
        let mut driver = play(&steps);
        unmerge_everybody(&mut driver);
        undone_is_as_never_merged::<Identifiers>(&driver, &ways);
        undone_is_as_never_merged::<Customers>(&driver, &ways);
        undone_is_as_never_merged::<Timeline>(&driver, &ways);
        undone_is_as_never_merged::<Calls>(&driver, &ways);
        undone_is_as_never_merged::<Engagement>(&driver, &ways);
        undone_is_as_never_merged::<Suggestions>(&driver, &ways);
    }
}

/// The scripts do what they are for: otherwise the laws above would hold for nothing.
#[test]
fn scripts_merge_unmerge_retract_reinstate_assign_and_stay_anonymous() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut effective: BTreeMap<String, usize> = BTreeMap::new();
    let mut anonymous = 0;
    for _ in 0..CASES {
        let script: Vec<Step> = steps().new_tree(&mut runner).unwrap().current();
        for record in play(&script).records() {
            if record.header.is_effective() {
                *effective
                    .entry(record.data.type_name().to_owned())
                    .or_default() += 1;
            }
            if let Data::CustomerCreated(created) = &record.data {
                anonymous += usize::from(created.facts.anonymous);
            }
        }
    }
    let changes = [
        "customer.merged",
        "customer.unmerged",
        "event.retracted",
        "event.reinstated",
    ];
    for kind in
        changes
            .into_iter()
            .chain(["subject.assigned", "call.recording_updated", "shop.visit"])
    {
        assert!(
            effective.get(kind).is_some_and(|count| *count >= 10),
            "{kind}: {effective:?}"
        );
    }
    assert!(anonymous >= 10, "{anonymous}");
}
