//! The laws of folding (design laws 3 and 4), over random scripts against a plain model.

mod model;
mod quarantine;
mod reading;
mod script;
mod toy;

use crate::driver::Driver;
use crate::history::{History, HistoryError};
use crate::projection::{Folding, Projection, SHARDS};
use model::Model;
use proptest::collection::vec;
use proptest::prelude::*;
use script::{CUSTOMERS, SUBJECTS, customer, play, steps, subject};
use std::cell::Cell;
use touchbook_events::{CustomerId, Data, EventType, Header, Record};
use toy::{Toy, ToyDecider, ToyState};

fn live(records: &[Record], batches: &[usize], history: &impl History) -> Projection<Toy> {
    let projection = Projection::new(Folding::Live);
    in_batches(&projection, records, batches, history);
    projection
}

fn in_batches(
    projection: &Projection<Toy>,
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

/// Everything that may be asked of a projection is as it should be.
fn assert_is(projection: &Projection<Toy>, model: &Model) {
    let mut states = Vec::new();
    projection.for_each(|customer, state| states.push((customer, state.clone())));
    states.sort_unstable_by_key(|(customer, _)| *customer);
    assert_eq!(states, model.states.clone().into_iter().collect::<Vec<_>>());
    assert_eq!(projection.index(Clone::clone), model.index());
    let stale: Vec<_> = projection
        .quarantined()
        .into_iter()
        .map(|(customer, why)| (customer, why.since))
        .collect();
    assert_eq!(stale, model.stale.clone().into_iter().collect::<Vec<_>>());
    assert_eq!(projection.customers(), model.states.len());
    for subject in (0..SUBJECTS).map(subject) {
        let owns = |state: &ToyState| state.subjects.contains(&subject);
        let found = projection.find(subject, |customer, state| owns(state).then_some(customer));
        let mut owners = model.states.iter().filter(|(_, state)| owns(state));
        assert_eq!(found, owners.next().map(|(customer, _)| *customer));
    }
    for member in (0..CUSTOMERS).map(customer) {
        let canonical = model.canonical(member);
        assert_eq!(projection.canonical(member), canonical);
        assert!(projection.members(member).contains(&member));
        let read = projection.read(member, |state, stale| (state.clone(), stale));
        let state = model.states.get(&canonical).cloned();
        assert_eq!(
            read,
            state.map(|state| (state, model.stale.get(&canonical).copied()))
        );
    }
}

/// Shards and slices as they were at positions of their own.
fn snapshots(driver: &Driver, positions: &[u64], pick: &[usize]) -> Projection<Toy> {
    let loaded = Projection::new(Folding::Bulk);
    let points: Vec<_> = positions
        .iter()
        .map(|position| live(&driver.records()[..*position as usize], &[7], driver))
        .collect();
    for (shard, point) in pick.iter().enumerate() {
        let Some(point) = points.get(*point) else {
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
    loaded
}

/// Leaves out every merge that a single later unmerge took back, and that unmerge.
fn never_merged(records: &[Record]) -> Vec<Record> {
    let members = |record: &Record| match &record.data {
        Data::CustomerMerged(data) => data.facts.members.clone(),
        Data::CustomerUnmerged(data) => data.facts.members.clone(),
        _ => Vec::new(),
    };
    let is = |record: &&Record, event_type| {
        record.header.is_effective() && record.header.event_type == event_type
    };
    let mut left_out = Vec::new();
    for (at, merge) in records.iter().enumerate() {
        if !is(&merge, EventType::CustomerMerged) {
            continue;
        }
        let joined = members(merge);
        let next = records[at..]
            .iter()
            .filter(|record| is(record, EventType::CustomerUnmerged))
            .find(|record| members(record).iter().any(|member| joined.contains(member)));
        if let Some(unmerge) = next.filter(|unmerge| members(unmerge) == joined) {
            left_out.extend([merge.header.position, unmerge.header.position]);
        }
    }
    without(records, |position| left_out.contains(&position))
}

fn without(records: &[Record], left_out: impl Fn(u64) -> bool) -> Vec<Record> {
    records
        .iter()
        .filter(|record| !left_out(record.header.position))
        .cloned()
        .collect()
}

/// A ledger that can't be read the first times it is asked.
struct Flaky<'a> {
    driver: &'a Driver,
    failures: Cell<u32>,
}

impl Flaky<'_> {
    fn fail(&self) -> Result<(), HistoryError> {
        match self.failures.get() {
            0 => Ok(()),
            left => {
                self.failures.set(left - 1);
                Err(HistoryError::new(std::io::Error::other("the disk is away")))
            }
        }
    }
}

impl History for Flaky<'_> {
    fn records_of(
        &self,
        customer: Option<CustomerId>,
        to: u64,
        each: &mut dyn FnMut(Record),
    ) -> Result<(), HistoryError> {
        self.driver.records_of(customer, to, each)?;
        self.fail()
    }

    fn header_at(&self, position: u64) -> Result<Option<Header>, HistoryError> {
        self.fail()?;
        self.driver.header_at(position)
    }
}

proptest! {
    #[test]
    fn live_and_rebuilt_are_the_plain_fold_of_filtered_records(
        steps in steps(),
        batches in vec(1_usize..12, 1..6),
    ) {
        let driver = play(&steps);
        let model = Model::of(driver.records());
        let live = live(driver.records(), &batches, &driver);
        assert_is(&live, &model);
        let rebuilt = driver.rebuild::<Toy>();
        assert_is(&rebuilt, &model);
        prop_assert_eq!(live.digest(), rebuilt.digest());
        prop_assert_eq!(live.applied(), driver.head());
    }

    #[test]
    fn every_shard_and_the_slices_may_be_snapshotted_at_positions_of_their_own(
        steps in steps(),
        points in vec(any::<prop::sample::Index>(), 4),
        pick in vec(0_usize..5, SHARDS + 1),
        live_at in any::<prop::sample::Index>(),
    ) {
        let driver = play(&steps);
        let head = driver.head();
        let positions: Vec<_> =
            points.iter().map(|point| point.index(head as usize + 1) as u64).collect();
        let loaded = snapshots(&driver, &positions, &pick);
        let from = loaded.finish_load();
        let live_at = from + live_at.index((head - from) as usize + 1) as u64;
        in_batches(&loaded, &driver.records()[from as usize..live_at as usize], &[5], &driver);
        loaded.go_live(&driver).unwrap();
        in_batches(&loaded, &driver.records()[live_at as usize..], &[3], &driver);
        assert_is(&loaded, &Model::of(driver.records()));
        prop_assert_eq!(loaded.digest(), driver.project::<Toy>().digest());
    }

    #[test]
    fn snapshots_of_all_shards_at_several_points_load(
        steps in steps(),
        points in vec(any::<prop::sample::Index>(), 3),
        pick in vec(0_usize..3, SHARDS + 1),
    ) {
        let driver = play(&steps);
        let positions: Vec<_> =
            points.iter().map(|point| point.index(driver.records().len() + 1) as u64).collect();
        let loaded = snapshots(&driver, &positions, &pick);
        let from = loaded.finish_load();
        let furthest = pick.iter().map(|point| positions[*point]).min();
        prop_assert_eq!(Some(from), furthest);
        in_batches(&loaded, &driver.records()[from as usize..], &[4], &driver);
        loaded.go_live(&driver).unwrap();
        assert_is(&loaded, &Model::of(driver.records()));
    }

    #[test]
    fn any_prefix_folded_afresh_is_what_was_live_then(
        steps in steps(),
        point in any::<prop::sample::Index>(),
    ) {
        let steps: Vec<_> = steps.into_iter().filter(|step| !is_fatal(step)).collect();
        let driver = play(&steps);
        let to = point.index(driver.records().len() + 1) as u64;
        let then = Model::of(&driver.records()[..to as usize]);
        let now = driver.project::<Toy>();
        for member in (0..CUSTOMERS).map(customer) {
            let state = now.fold_slice(member, &driver, to).unwrap();
            let expected = then.states.get(&then.canonical(member));
            prop_assert_eq!(state, expected.cloned().unwrap_or_default());
        }
    }

    #[test]
    fn merged_then_unmerged_is_as_never_merged(steps in steps()) {
        let driver = play(&steps);
        let records = never_merged(driver.records());
        let never = live(&records, &[1], &records);
        prop_assert_eq!(never.digest(), driver.project::<Toy>().digest());
        prop_assert_eq!(never.index(Clone::clone), driver.project::<Toy>().index(Clone::clone));
    }

    #[test]
    fn retracted_is_as_never_recorded(steps in steps()) {
        let driver = play(&steps);
        let slices = driver.project::<Toy>().slices(driver.head());
        let changes_retractions = |record: &Record| {
            matches!(record.data, Data::EventRetracted(_) | Data::EventReinstated(_))
        };
        let records: Vec<_> = driver
            .records()
            .iter()
            .filter(|record| !changes_retractions(record))
            .filter(|record| {
                record.header.customer.is_none() || !slices.is_retracted(record.header.position)
            })
            .cloned()
            .collect();
        let never = live(&records, &[4], &records);
        prop_assert_eq!(never.digest(), driver.project::<Toy>().digest());
    }

    #[test]
    fn a_batch_may_be_tried_again_after_history_could_not_be_read(
        steps in steps(),
        failures in 0_u32..6,
        bulk in any::<bool>(),
    ) {
        let steps: Vec<_> = steps.into_iter().filter(|step| !is_fatal(step)).collect();
        let driver = play(&steps);
        let flaky = Flaky { driver: &driver, failures: Cell::new(failures) };
        let folding = if bulk { Folding::Bulk } else { Folding::Live };
        let projection = Projection::<Toy>::new(folding);
        while projection.apply_batch(driver.records(), &flaky).is_err() {
            prop_assert!(bulk || projection.applied() < driver.head());
            if !bulk {
                let folded = &driver.records()[..projection.applied() as usize];
                assert_is(&projection, &Model::of(folded));
            }
        }
        while projection.go_live(&flaky).is_err() {}
        assert_is(&projection, &Model::of(driver.records()));
    }

    #[test]
    fn a_decider_restored_and_rolled_back_is_as_it_was(steps in steps()) {
        use crate::decider::Decider;
        let driver = play(&steps);
        let encoded = driver.deciders().iter().next().unwrap().encode();
        let mut restored = ToyDecider::default();
        restored.restore(&encoded).unwrap();
        restored.begin();
        driver.records().iter().for_each(|record| restored.apply(record));
        restored.rollback();
        prop_assert_eq!(restored.encode(), encoded);
        let mut folded = ToyDecider::default();
        driver.records().iter().for_each(|record| folded.apply(record));
        prop_assert_eq!(folded.encode(), restored.encode());
    }

    #[test]
    fn hostile_snapshots_are_refused_without_a_panic(
        shard in 0..SHARDS + 2,
        position in any::<u64>(),
        body in vec(any::<u8>(), 0..100),
    ) {
        let projection = Projection::<Toy>::new(Folding::Bulk);
        let _ = projection.load_shard(shard, position, &body);
        let _ = projection.load_slices(position, &body);
        projection.finish_load();
    }
}

fn is_fatal(step: &script::Step) -> bool {
    matches!(
        step,
        script::Step::CallEnded {
            seconds: toy::FATAL_SECONDS,
            ..
        }
    )
}

#[test]
fn a_digest_is_the_sum_over_customers_and_nothing_for_nobody() {
    assert_eq!(Projection::<Toy>::default().digest(), [0; 32]);
    let driver = play(&[script::Step::Sms {
        subject: 0,
        customer: 3,
    }]);
    let state = ToyState {
        positions: vec![1],
        subjects: [driver.records()[0].header.subject].into(),
        seconds: 0,
    };
    let bytes = [
        customer(3).as_bytes(),
        &*crate::snapshot::encode_state(&state),
    ]
    .concat();
    assert_eq!(
        driver.project::<Toy>().digest(),
        *blake3::hash(&bytes).as_bytes()
    );
}
