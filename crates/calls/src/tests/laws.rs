//! Laws 3 and 4 with the deciders that are served, over random scripts; what holds for any list.

use super::steps::{CALLS, START, Step, event, everybody, play, steps, take};
use crate::{Call, Calls, Cursor, Filter, Index, Listed, State};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index as Place;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::{CustomerId, EventType, Record};
use touchbook_projection::snapshot::encode_state;
use touchbook_projection::{Driver, Folding, Projection, Projector, SHARDS};

const ROWS: usize = 3;

/// Each event with what it caused: of a call that is told whose it is, half would be nobody's.
fn commits(records: &[Record]) -> Vec<&[Record]> {
    let event = |record: &Record| record.header.cause.unwrap_or(record.header.position);
    records
        .chunk_by(|one, next| event(one) == event(next))
        .collect()
}

fn apply(projection: &Projection<Calls>, records: &[Record], batch: usize, history: &Driver) {
    for batch in records.chunks(batch) {
        projection.apply_batch(batch, history).unwrap();
        index_is_of_states(projection);
    }
}

fn live(driver: &Driver, to: usize, batch: usize) -> Projection<Calls> {
    let projection = Projection::new(Folding::Live);
    apply(&projection, &driver.records()[..to], batch, driver);
    projection
}

/// Starts from snapshots, each shard's at one of two positions, and folds the rest.
fn restarted(driver: &Driver, points: [Place; 2], picks: &[bool]) -> Projection<Calls> {
    let head = driver.records().len();
    let points = points.map(|point| live(driver, point.index(head + 1), 5));
    let loaded = Projection::new(Folding::Bulk);
    for (shard, pick) in picks.iter().enumerate() {
        let point = &points[usize::from(*pick)];
        if shard == SHARDS {
            let (position, body) = point.encode_slices();
            loaded.load_slices(position, &body).unwrap();
        } else {
            let (position, body) = point.encode_shard(shard).unwrap();
            loaded.load_shard(shard, position, &body).unwrap();
        }
    }
    let from = loaded.finish_load() as usize;
    loaded
        .apply_batch(&driver.records()[from..], driver)
        .unwrap();
    loaded.go_live(driver).unwrap();
    index_is_of_states(&loaded);
    loaded
}

/// The lists are those of all states together, in order, and by every filter; each call is found.
fn index_is_of_states(projection: &Projection<Calls>) {
    let mut states: BTreeMap<CustomerId, State> = BTreeMap::new();
    projection.for_each(|customer, state| {
        states.insert(customer, state.clone());
    });
    let mut all: Vec<Listed<'_>> = Vec::new();
    for (customer_id, state) in &states {
        let customer_id = *customer_id;
        all.extend(state.calls().map(|call| Listed { customer_id, call }));
    }
    all.sort_by_key(|listed| Reverse((listed.call.occurred_at(), listed.call.position())));
    projection.index(|index| {
        assert_eq!(index.count(), all.len());
        for filter in filters() {
            let admits = |listed: &&Listed<'_>| admits(&filter, &listed.call);
            let want: Vec<_> = all.iter().filter(admits).cloned().collect();
            assert_eq!(pages(index, &filter), want, "{filter:?}");
        }
        for call in 0..CALLS {
            let is_called = |listed: &&Listed<'_>| {
                let sid = format!("CA{call}");
                let shown = serde_json::to_value(&listed.call).unwrap();
                shown["call_sid"] == sid
            };
            let want = all.iter().rev().find(is_called);
            let found = index.named(&format!("call/CA{call}"));
            assert!(want.is_none() || found.is_some(), "CA{call}");
        }
    });
}

fn filters() -> [Filter<'static>; 5] {
    let all = Filter::default();
    let agent_id = Some("agent-1");
    [
        all,
        Filter { agent_id, ..all },
        Filter {
            direction: Some(Direction::Inbound),
            outcome: Some("resolved"),
            ..all
        },
        Filter {
            from: Some(START.plus_seconds(-3_600)),
            to: Some(START.plus_seconds(20)),
            ..all
        },
        Filter {
            agent_id,
            to: Some(START),
            ..all
        },
    ]
}

/// As the filter is defined, without looking anything up.
fn admits(filter: &Filter<'_>, call: &Call<'_>) -> bool {
    filter
        .agent_id
        .is_none_or(|agent| call.agent_id() == Some(agent))
        && filter
            .direction
            .is_none_or(|direction| call.direction() == Some(direction))
        && filter
            .outcome
            .is_none_or(|outcome| call.outcome() == Some(outcome))
        && filter.from.is_none_or(|from| from <= call.occurred_at())
        && filter.to.is_none_or(|to| call.occurred_at() <= to)
}

/// One page after another to the end.
fn pages<'i>(index: &'i Index, filter: &Filter<'_>) -> Vec<Listed<'i>> {
    let (mut shown, mut cursor) = (Vec::new(), None::<Cursor>);
    loop {
        let page = index.page(filter, ROWS, cursor);
        assert!(page.items.len() <= ROWS);
        shown.extend(page.items);
        cursor = page
            .next_cursor
            .map(|cursor| cursor.to_string().parse().unwrap());
        if cursor.is_none() {
            return shown;
        }
    }
}

fn lists(projection: &Projection<Calls>) -> String {
    projection.index(|index| {
        filters()
            .map(|filter| serde_json::to_string(&pages(index, &filter)).unwrap())
            .concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Law 3: live in any batches, rebuilt, from snapshots and the rest: all the same.
    #[test]
    fn every_way_comes_to_the_same(
        steps in steps(),
        batch in 1_usize..12,
        points in any::<[Place; 2]>(),
        picks in vec(any::<bool>(), SHARDS + 1),
    ) {
        let driver = play(&steps);
        let live = live(&driver, driver.records().len(), batch);
        let rebuilt = driver.rebuild::<Calls>();
        index_is_of_states(&rebuilt);
        for other in [&rebuilt, &restarted(&driver, points, &picks)] {
            prop_assert_eq!(other.digest(), live.digest());
            prop_assert_eq!(lists(other), lists(&live));
            prop_assert_eq!(other.quarantined(), []);
        }
    }

    /// Law 3: folded afresh to any position, everybody's calls are those of then.
    #[test]
    fn a_prefix_is_what_was_known_then(steps in steps(), place in any::<Place>()) {
        let driver = play(&steps);
        let to = place.index(driver.records().len() + 1);
        let (then, now) = (live(&driver, to, 7), driver.project::<Calls>());
        for member in everybody(&driver.records()[..to]) {
            let known = now.fold_slice(member, &driver, to as u64).unwrap();
            let expected = then.read(member, |state, _| encode_state(state));
            let nothing = || encode_state(&State::default());
            prop_assert_eq!(encode_state(&known), expected.unwrap_or_else(nothing));
        }
    }

    /// Law 4: after every merge is undone it is as if none had been.
    #[test]
    fn undone_is_as_never_merged(steps in steps(), any in any::<Place>()) {
        let mut driver = play(&steps);
        let is_merged = |driver: &Driver| {
            let projection = driver.project::<Calls>();
            let everybody = everybody(driver.records());
            everybody.into_iter().any(|member| projection.canonical(member) != member)
        };
        while is_merged(&driver) {
            take(&mut driver, &Step::Unmerge(any));
        }
        let is_merge = |record: &&Record| {
            let kind = record.header.event_type;
            !matches!(kind, EventType::CustomerMerged | EventType::CustomerUnmerged)
        };
        let never: Vec<Record> = driver.records().iter().filter(is_merge).cloned().collect();
        let never_merged = Projection::<Calls>::new(Folding::Live);
        never_merged.apply_batch(&never, &never).unwrap();
        let undone = driver.project::<Calls>();
        prop_assert_eq!(undone.digest(), never_merged.digest());
        prop_assert_eq!(lists(&undone), lists(&never_merged));
    }

    /// S2-090: what arrives while somebody pages, commit by commit, is neither a reason to skip nor
    /// to repeat.
    #[test]
    fn a_cursor_holds_while_events_arrive(steps in vec(event(), 1..60), known in any::<Place>()) {
        let driver = play(&steps);
        let mut commits = commits(driver.records()).into_iter();
        let projection = Projection::<Calls>::new(Folding::Live);
        for commit in commits.by_ref().take(known.index(steps.len())) {
            projection.apply_batch(commit, &driver).unwrap();
        }
        let positions = |listed: &[Listed<'_>]| -> Vec<u64> {
            listed.iter().map(|listed| listed.call.position()).collect()
        };
        let there = projection.index(|index| positions(&pages(index, &Filter::default())));
        let (mut shown, mut cursor) = (Vec::new(), None);
        loop {
            cursor = projection.index(|index| {
                let page = index.page(&Filter::default(), 1, cursor);
                shown.extend(positions(&page.items));
                page.next_cursor
            });
            if cursor.is_none() { break }
            if let Some(commit) = commits.next() {
                projection.apply_batch(commit, &driver).unwrap();
            }
        }
        let repeated = (1..shown.len()).find(|at| shown[..*at].contains(&shown[*at]));
        prop_assert_eq!(repeated, None);
        prop_assert!(there.iter().all(|position| shown.contains(position)));
    }

    /// Hostile bytes are refused when read, never later.
    #[test]
    fn a_state_of_any_bytes_is_refused_or_can_be_read(
        bytes in vec(any::<u8>(), 0..200),
        flips in vec((any::<Place>(), any::<u8>()), 1..4),
        steps in vec(event(), 1..20),
    ) {
        let mut state = State::default();
        let driver = play(&steps);
        driver.records().iter().for_each(|record| Calls::apply(&mut state, record));
        let mut mutated = encode_state(&state);
        for (at, byte) in flips {
            let at = at.index(mutated.len());
            mutated[at] = byte;
        }
        for bytes in [bytes, mutated] {
            if let Ok(state) = postcard::from_bytes::<State>(&bytes) {
                let page = state.page(&Filter::default(), 10, None);
                prop_assert!(serde_json::to_string(&page).is_ok());
                let again = encode_state(&state);
                prop_assert_eq!(postcard::from_bytes::<State>(&again).unwrap(), state);
            }
        }
    }
}

/// The scripts do what they are for: otherwise the laws above would hold for nothing.
#[test]
fn scripts_merge_unmerge_retract_and_assign() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut effective: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..100 {
        let script = steps().new_tree(&mut runner).unwrap().current();
        for record in play(&script).records() {
            if record.header.is_effective() {
                *effective
                    .entry(record.header.event_type.as_str())
                    .or_default() += 1;
            }
        }
    }
    let changes = [
        "customer.merged",
        "customer.unmerged",
        "event.retracted",
        "event.reinstated",
        "subject.assigned",
        "call.recording_updated",
    ];
    for kind in changes {
        assert!(
            effective.get(kind).is_some_and(|count| *count >= 10),
            "{kind}: {effective:?}"
        );
    }
}
