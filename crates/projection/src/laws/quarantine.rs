//! A fold that panics takes one customer out, and nobody else.

use super::model::Model;
use super::script::{Step, customer, play, send};
use super::toy::{FATAL_SECONDS, Toy};
use super::{assert_is, in_batches};
use crate::projection::{AnyProjection, Folding, Projection};
use std::sync::Arc;
use touchbook_events::EventType;

const BEFORE: [Step; 4] = [
    Step::Sms {
        subject: 0,
        customer: 0,
    },
    Step::Sms {
        subject: 1,
        customer: 1,
    },
    Step::CallEnded {
        subject: 0,
        seconds: FATAL_SECONDS,
    },
    Step::Sms {
        subject: 0,
        customer: 0,
    },
];

#[test]
fn a_customer_whose_fold_panics_stands_before_that_record_and_says_so() {
    let driver = play(&BEFORE);
    let projection = driver.project::<Toy>();
    let read = |number| {
        projection.read(customer(number), |state, stale| {
            (state.positions.clone(), stale)
        })
    };
    assert_eq!(read(0), Some((vec![1], Some(3))));
    assert_eq!(read(1), Some((vec![2], None)));
    let [(quarantined, why)] = &*projection.quarantined() else {
        panic!("not one customer")
    };
    assert_eq!((*quarantined, why.since), (customer(0), 3));
    assert_eq!(why.event_type, EventType::CallEnded);
    assert_eq!(&*why.panic, "", "a formatted message may quote the record");
}

#[test]
fn quarantine_lasts_until_a_refold_succeeds() {
    let mut driver = play(&BEFORE);
    let projection = driver.project::<Toy>();
    projection.refold(customer(0), &driver).unwrap();
    assert_is(&projection, &Model::of(driver.records()));
    assert_eq!(projection.quarantined().len(), 1);
    // 86/256 of what lies ahead of position 1 is position 3.
    let outcome = send(
        &mut driver,
        &Step::Retract {
            positions: vec![86],
        },
    );
    assert_eq!(outcome.position(), Some(5));
    in_batches(&projection, &driver.records()[4..], &[1], &driver);
    assert_eq!(projection.quarantined(), []);
    assert_is(&projection, &Model::of(driver.records()));
}

#[test]
fn quarantine_survives_a_snapshot() {
    let driver = play(&BEFORE);
    let before: Arc<dyn AnyProjection> = Arc::new(driver.project::<Toy>());
    let after = before.fresh();
    let (position, slices) = before.encode_slices();
    after.load_slices(position, &slices).unwrap();
    for shard in 0..crate::SHARDS {
        let (position, body) = before.encode_shard(shard).unwrap();
        after.load_shard(shard, position, &body).unwrap();
        assert_eq!(
            after.encode_shard(shard),
            None,
            "not while it folds in bulk"
        );
    }
    assert_eq!(after.finish_load(), 4);
    after.go_live(&driver).unwrap();
    assert_eq!(after.quarantined(), before.quarantined());
    assert_eq!(
        (after.name(), after.version(), after.applied()),
        ("toy", 1, 4)
    );
    assert_eq!((after.digest(), after.customers()), (before.digest(), 2));
    let typed = after.as_any().downcast::<Projection<Toy>>().unwrap();
    assert_is(&typed, &Model::of(driver.records()));
}

#[test]
fn records_that_are_folded_already_are_passed_over() {
    let driver = play(&BEFORE);
    let projection = Projection::<Toy>::new(Folding::Live);
    for _ in 0..2 {
        projection.apply_batch(driver.records(), &driver).unwrap();
        projection
            .apply_batch(&driver.records()[..2], &driver)
            .unwrap();
    }
    assert_is(&projection, &Model::of(driver.records()));
}
