//! What readers and senders see.

use super::live;
use super::script::{Step, customer, play, send, subject};
use super::toy::{Toy, ToyDecider};
use crate::driver::{Driver, Outcome};
use crate::projection::{Folding, Projection};
use std::sync::atomic::{AtomicBool, Ordering};
use touchbook_events::{Decision, Timestamp};

const MERGES: usize = 200;

/// Two customers of one record each, merged and unmerged again and again: whoever reads either sees
/// its own record or both records, never none and never one twice.
#[test]
fn a_merge_appears_to_readers_at_once_or_not_at_all() {
    let mut steps = vec![
        Step::Sms {
            subject: 0,
            customer: 0,
        },
        Step::Sms {
            subject: 1,
            customer: 1,
        },
    ];
    for _ in 0..MERGES {
        steps.push(Step::Merge {
            into: 0,
            members: vec![1],
        });
        steps.push(Step::Unmerge { members: vec![1] });
    }
    let driver = play(&steps);
    let projection = live(&driver.records()[..2], &[2], &driver);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                for (number, own) in [(0, 1), (1, 2)] {
                    let seen =
                        projection.read(customer(number), |state, _| state.positions.clone());
                    let seen = seen.expect("nobody disappears");
                    assert!(seen == [own] || seen == [1, 2], "{seen:?}");
                    let own = subject(number);
                    let found = projection.find(own, |_, state| state.subjects.get(&own).copied());
                    assert_eq!(found, Some(own), "nothing disappears while it moves");
                }
            }
        });
        for record in &driver.records()[2..] {
            projection.apply_batch([record], &driver).unwrap();
        }
        done.store(true, Ordering::Release);
        reader.join().unwrap();
    });
    assert_eq!(projection.digest(), driver.rebuild::<Toy>().digest());
}

#[test]
fn members_are_found_by_any_of_them() {
    let driver = play(&[
        Step::Sms {
            subject: 0,
            customer: 2,
        },
        Step::Merge {
            into: 1,
            members: vec![2],
        },
        Step::Merge {
            into: 0,
            members: vec![1],
        },
    ]);
    let projection = driver.project::<Toy>();
    let group = [0, 1, 2].map(customer);
    for member in group {
        assert_eq!(projection.canonical(member), customer(0));
        assert_eq!(projection.members(member), group);
        assert_eq!(
            projection.read(member, |state, _| state.positions.clone()),
            Some(vec![1])
        );
    }
    assert_eq!(projection.read(customer(3), |_, _| ()), None);
    assert_eq!(projection.customers(), 1);
}

#[test]
fn slices_are_known_as_of_every_position() {
    let driver = play(&[
        Step::Sms {
            subject: 0,
            customer: 1,
        },
        Step::Merge {
            into: 0,
            members: vec![1],
        },
        Step::Unmerge { members: vec![1] },
    ]);
    let projection = driver.project::<Toy>();
    let canonical = [1, 2, 3, 9].map(|at| projection.slices(at).canonical(customer(1)));
    assert_eq!(canonical, [1, 0, 1, 1].map(customer));
}

#[test]
fn a_rebuild_contributes_nothing_before_it_goes_live() {
    let driver = play(&[
        Step::Sms {
            subject: 0,
            customer: 0,
        },
        Step::Policy,
    ]);
    let projection = Projection::<Toy>::new(Folding::Bulk);
    projection.apply_batch(driver.records(), &driver).unwrap();
    assert_eq!(projection.index(Clone::clone), Default::default());
    projection.go_live(&driver).unwrap();
    let live = driver.project::<Toy>();
    assert_eq!(projection.index(Clone::clone), live.index(Clone::clone));
    assert_eq!(projection.index(|index| index.tenant.clone()), [2]);
}

#[test]
fn the_same_id_is_a_duplicate_or_a_conflict() {
    let mut driver = Driver::new(vec![Box::<ToyDecider>::default()]);
    let first = send(
        &mut driver,
        &Step::Sms {
            subject: 0,
            customer: 0,
        },
    );
    let (position, owner) = (1, Some(customer(0)));
    let decision = Decision::Effective;
    assert_eq!(
        first,
        Outcome::Appended {
            position,
            customer: owner,
            decision
        }
    );
    let again = |driver: &mut Driver, call: &str| {
        let json = format!(
            r#"{{"specversion":"1.0","id":"1","source":"script","type":"sms.received",
                "subject":"call/0","data":{{"customer":{{"id":"{}"}}{call}}}}}"#,
            customer(0)
        );
        driver.send(&json, Timestamp::from_micros(1_800_000_000_000_000))
    };
    let duplicate = Outcome::Duplicate {
        position,
        customer: owner,
    };
    assert_eq!(again(&mut driver, ""), duplicate);
    assert_eq!(
        again(&mut driver, r#","body":"hello""#),
        Outcome::Conflict { position }
    );
    assert!(matches!(
        again(&mut driver, r#","body":7"#),
        Outcome::Refused(_)
    ));
    assert_eq!(driver.head(), 1);
}
