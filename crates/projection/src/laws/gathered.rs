//! A rebuild customer by customer comes to what one in order comes to.

use super::assert_is;
use super::model::Model;
use super::script::{play, steps};
use super::toy::Toy;
use crate::driver::Driver;
use crate::gathering::{Batch, Gathering, Records, Sizes};
use crate::history::{History, HistoryError};
use crate::projection::{Folding, Projection};
use crate::slices::Slices;
use proptest::prelude::*;
use std::cell::Cell;
use std::ops::ControlFlow;
use touchbook_events::Record;

fn sizes() -> impl Strategy<Value = Sizes> {
    let sizes = (1_usize..20, 200_usize..4_000, 1_usize..6);
    sizes.prop_map(|(stretch_records, stretch_bytes, batch_records)| Sizes {
        stretch_records,
        stretch_bytes,
        batch_records,
    })
}

/// Everything in batches; it is finished after each part, too.
fn gathered(driver: &Driver, sizes: Sizes, part: usize) -> Vec<Batch> {
    let mut gathering = Gathering::new(sizes);
    let mut batches = Vec::new();
    for records in driver.records().chunks(part) {
        let mut hand_over = |batch| {
            batches.push(batch);
            ControlFlow::Continue(())
        };
        for record in records {
            let (position, stored) = (record.header.position, record.to_bytes().unwrap());
            let pushed = gathering.push(position, &stored, driver, &mut hand_over);
            assert!(pushed.unwrap().is_continue());
        }
        assert!(gathering.finish(&mut hand_over).unwrap().is_continue());
    }
    batches
}

fn fold(batches: &[Batch], history: &impl History) -> Result<Projection<Toy>, HistoryError> {
    let projection = Projection::new(Folding::Bulk);
    for batch in batches {
        projection.apply_gathered(batch, history)?;
    }
    projection.go_live(history)?;
    Ok(projection)
}

proptest! {
    #[test]
    fn gathered_by_customer_it_comes_to_the_same(
        steps in steps(),
        sizes in sizes(),
        part in 1_usize..60,
    ) {
        let driver = play(&steps);
        let batches = gathered(&driver, sizes, part);
        let rebuilt = fold(&batches, &driver).unwrap();
        assert_is(&rebuilt, &Model::of(driver.records()));
        prop_assert_eq!(rebuilt.digest(), driver.rebuild::<Toy>().digest());
        prop_assert_eq!(rebuilt.applied(), driver.head());
    }

    /// What was reached says how far a rebuild is, and neighbours are of one customer.
    #[test]
    fn batches_say_what_they_reach_and_are_in_the_order_they_say(
        steps in steps(),
        sizes in sizes(),
    ) {
        let driver = play(&steps);
        let (mut slices, mut reached, mut open) = (Slices::default(), 0, Vec::new());
        for batch in gathered(&driver, sizes, usize::MAX) {
            let (Records::ByPosition(records) | Records::ByCustomer(records, _)) = &batch.records;
            let all: Vec<u64> = records.iter().map(|record| record.header.position).collect();
            match &batch.records {
                Records::ByPosition(records) => {
                    prop_assert!(open.is_empty() && all.is_sorted());
                    for record in records {
                        slices.apply(record, &driver).unwrap();
                    }
                }
                Records::ByCustomer(records, _) => {
                    prop_assert!(records.len() <= sizes.batch_records);
                    let owner = |record: &Record| slices.newest_belongs(&record.header);
                    for (customer, run) in batch.records.runs() {
                        prop_assert!(run.iter().all(|record| owner(record) == Some(customer)));
                        open.extend(run.iter().map(|record| (customer, record.header.position)));
                    }
                    prop_assert!(open.is_sorted());
                    prop_assert!(open.ends_with(&[(open[open.len() - 1].0, all[all.len() - 1])]));
                }
            }
            prop_assert!(all.iter().all(|position| *position > reached));
            if let Some(to) = batch.reaches {
                prop_assert!(to >= reached && all.iter().all(|position| *position <= to));
                (reached, open) = (to, Vec::new());
            }
        }
        prop_assert_eq!(reached, driver.head());
    }
}

#[test]
fn a_ledger_that_cannot_be_read_or_decoded_is_an_error() {
    let driver = play(&[]);
    let nothing = Gathering::new(SMALL).push(7, &[], &driver, &mut |_| ControlFlow::Continue(()));
    assert!(nothing.unwrap_err().to_string().contains("position 7"));
}

/// Whoever takes no more gets no more.
#[test]
fn it_breaks_off_when_told_to() {
    let steps: Vec<_> = (0..40)
        .map(|at| super::script::Step::Sms {
            subject: at % 8,
            customer: at % 6,
        })
        .collect();
    let driver = play(&steps);
    let (mut gathering, taken) = (Gathering::new(SMALL), Cell::new(0));
    let mut hand_over = |_| {
        taken.set(taken.get() + 1);
        ControlFlow::Break(())
    };
    let broken = driver.records().iter().position(|record| {
        let stored = record.to_bytes().unwrap();
        let pushed = gathering.push(record.header.position, &stored, &driver, &mut hand_over);
        pushed.unwrap().is_break()
    });
    assert!(broken.is_some_and(|at| at < 20), "{broken:?}");
    assert_eq!(taken.get(), 1);
}

const SMALL: Sizes = Sizes {
    stretch_records: 8,
    stretch_bytes: 1 << 20,
    batch_records: 2,
};
