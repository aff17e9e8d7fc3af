//! The rule, held against a small model of everything around it: a file, a ledger, a journal, and
//! a service that is killed, loses its power or is told to stop at any moment.

use super::*;
use crate::imports::frames::{Frames, Progress, Runs, Settled, encoded};
use proptest::prelude::*;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

const NAME: u8 = 1;
const STATUS: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// It can't be read.
    Wrong,
    /// The ledger refuses what it says of the status alone.
    Status,
    /// The ledger refuses all of it.
    All,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    customer: u64,
    name: u8,
    status: u8,
    flaw: Flaw,
}

impl Row {
    fn cell(self, ordinal: u8) -> u8 {
        if ordinal == NAME {
            self.name
        } else {
            self.status
        }
    }

    fn is_refused(self, ordinal: u8) -> bool {
        self.flaw == Flaw::All || self.flaw == Flaw::Status && ordinal == STATUS
    }
}

/// Customers with their fields.
type Customers = BTreeMap<u64, BTreeMap<u8, u8>>;

#[derive(Default)]
struct Ledger {
    head: u64,
    /// Where the change `ordinal` of a row stands, and whether it made its customer.
    events: BTreeMap<(u64, u8), (u64, bool)>,
    customers: Customers,
}

impl Ledger {
    /// Whether it took the change, now or since `began_after`.
    fn take(&mut self, row: u64, ordinal: u8, of: Row, began_after: u64) -> bool {
        if let Some((position, _)) = self.events.get(&(row, ordinal)) {
            return *position > began_after;
        }
        self.head += 1;
        let is_new = !self.customers.contains_key(&of.customer);
        self.events.insert((row, ordinal), (self.head, is_new));
        let fields = self.customers.entry(of.customer).or_default();
        fields.insert(ordinal, of.cell(ordinal));
        true
    }

    fn recorded(&self, row: u64, began_after: u64) -> Recorded {
        let mut recorded = Recorded::default();
        for ordinal in [NAME, STATUS] {
            let Some((position, is_new)) = self.events.get(&(row, ordinal)) else {
                continue;
            };
            recorded.ordinals.insert(ordinal);
            if *position > began_after {
                recorded.since.insert(ordinal);
                recorded.is_new |= is_new;
            }
        }
        recorded
    }
}

#[derive(Clone, Copy, Debug)]
enum Stop {
    Cancel,
    /// What was being written is there in part; what was sent and not decided is lost.
    Kill {
        torn_bytes: usize,
    },
    /// What was not synced is lost.
    PowerCut,
}

/// Stops after so many steps.
#[derive(Clone, Copy, Debug)]
struct Stopping {
    stop: Stop,
    steps: usize,
    rows_of_batch: usize,
}

#[derive(Default)]
struct World {
    rows: Vec<Row>,
    ledger: Ledger,
    journal: Vec<u8>,
    synced_bytes: usize,
    past: Vec<u8>,
    began_after: u64,
    /// A sending was killed, and is to go on.
    is_running: bool,
    /// Rows that must make no event any more.
    decided: BTreeSet<u64>,
    steps: Option<usize>,
}

enum Plan {
    Nothing(Fate),
    Sends(Vec<u8>, Option<Fate>),
}

struct Halted;

impl World {
    fn step(&mut self) -> Result<(), Halted> {
        match &mut self.steps {
            Some(0) => Err(Halted),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn settle(&mut self) {
        let journal = Settled::new(Frames::new(&*self.journal));
        let mut runs = Runs::new(Vec::new());
        together(journal, Frames::new(&*self.past), |run| runs.write(run)).unwrap();
        self.past = runs.finish().unwrap();
        self.journal.clear();
        self.synced_bytes = 0;
    }

    /// Sends the file, or goes on with a sending; answers the counts if it came to its end.
    fn send(&mut self, stopping: Option<Stopping>, rows_of_batch: usize) -> Option<Counts> {
        let was_running = std::mem::replace(&mut self.is_running, true);
        if !was_running {
            self.settle();
            self.began_after = self.ledger.head;
        }
        let mut frames = Frames::new(&*self.journal);
        let progress = Progress::of(&mut frames).unwrap();
        let whole = frames.bytes() as usize;
        self.journal.truncate(whole);
        self.synced_bytes = whole;
        self.steps = stopping.map(|stopping| stopping.steps);
        match self.work(progress, rows_of_batch) {
            Ok(counts) => {
                self.settle();
                self.is_running = false;
                Some(counts)
            }
            Err(Halted) => {
                self.stop(stopping.unwrap().stop);
                None
            }
        }
    }

    fn stop(&mut self, stop: Stop) {
        match stop {
            Stop::Cancel => {
                self.settle();
                self.is_running = false;
            }
            Stop::Kill { torn_bytes } => self.journal.extend(vec![7; torn_bytes]),
            Stop::PowerCut => self.journal.truncate(self.synced_bytes),
        }
    }

    fn append(&mut self, frame: Frame) -> Result<(), Halted> {
        self.step()?;
        self.journal.extend(encoded(frame).unwrap());
        Ok(())
    }

    fn work(&mut self, progress: Progress, rows_of_batch: usize) -> Result<Counts, Halted> {
        let (mut done, mut counts) = (progress.done, progress.counts);
        let past = self.past.clone();
        let mut past = Fates::new(Frames::new(&*past));
        let in_flight_to = progress
            .in_flight
            .as_ref()
            .map_or(0, |frame| frame.next_row() - 1);
        let mut in_flight = Fates::new(progress.in_flight.into_iter().map(Ok));
        let since = self.ledger.events.iter();
        let since = since.filter(|(_, (position, _))| *position > self.began_after);
        let last = since.map(|((row, _), _)| *row).max().unwrap_or(0);
        while (done as usize) < self.rows.len() {
            let to = (done as usize + rows_of_batch).max(in_flight_to as usize);
            let to = to.min(self.rows.len()) as u64;
            let mut shown = self.ledger.customers.clone();
            let mut plans = Vec::new();
            for row in done + 1..=to {
                let known = Known {
                    now: in_flight.of(row).unwrap(),
                    earlier: past.of(row).unwrap(),
                    from_last: row.cmp(&last),
                };
                let standing = known.standing(|| self.ledger.recorded(row, self.began_after));
                plans.push(self.plan(row, standing, &mut shown));
            }
            let fates = self.send_batch(done + 1, &plans)?;
            let mut frame = Frame::new(true, done + 1);
            for (fate, row) in fates.into_iter().zip(done + 1..) {
                frame.push(fate);
                if fate.is_decided() {
                    self.decided.insert(row);
                }
            }
            counts.add(frame.counts());
            self.append(frame)?;
            done = to;
        }
        Ok(counts)
    }

    fn plan(&self, number: u64, standing: Standing, shown: &mut Customers) -> Plan {
        let row = self.rows[number as usize - 1];
        let part = match standing {
            Standing::Was(fate) => return Plan::Nothing(fate),
            Standing::Open(_) if row.flaw == Flaw::Wrong => return Plan::Nothing(Fate::Failed),
            Standing::Open(part) => part,
            Standing::Doubtful => panic!("nothing is lost here"),
        };
        let fields = shown.entry(row.customer).or_default();
        let mut ordinals = Vec::new();
        for ordinal in [NAME, STATUS] {
            if fields.insert(ordinal, row.cell(ordinal)) != Some(row.cell(ordinal)) {
                ordinals.push(ordinal);
            }
        }
        match ordinals.is_empty() {
            true => Plan::Nothing(part.unwrap_or(Fate::Unchanged)),
            false => Plan::Sends(ordinals, part),
        }
    }

    fn send_batch(&mut self, first: u64, plans: &[Plan]) -> Result<Vec<Fate>, Halted> {
        if plans.iter().any(|plan| matches!(plan, Plan::Sends(..))) {
            let mut frame = Frame::new(false, first);
            for plan in plans {
                frame.push(match plan {
                    Plan::Nothing(fate) => *fate,
                    Plan::Sends(ordinals, _) => Fate::Sent(ordinals.iter().copied().collect()),
                });
            }
            self.append(frame)?;
            self.synced_bytes = self.journal.len();
            for (plan, row) in plans.iter().zip(first..) {
                if matches!(plan, Plan::Nothing(fate) if fate.is_decided()) {
                    self.decided.insert(row);
                }
            }
        }
        let mut fates = Vec::new();
        for (plan, row) in plans.iter().zip(first..) {
            fates.push(match plan {
                Plan::Nothing(fate) => *fate,
                Plan::Sends(ordinals, part) => self.send_row(row, ordinals, *part)?,
            });
        }
        Ok(fates)
    }

    fn send_row(
        &mut self,
        number: u64,
        ordinals: &[u8],
        part: Option<Fate>,
    ) -> Result<Fate, Halted> {
        let row = self.rows[number as usize - 1];
        let is_new = !self.ledger.customers.contains_key(&row.customer);
        let (mut is_refused, mut changes) = (false, false);
        for ordinal in ordinals {
            self.step()?;
            if row.is_refused(*ordinal) {
                is_refused = true;
                continue;
            }
            let is_known = self.ledger.events.contains_key(&(number, *ordinal));
            assert!(
                is_known || !self.decided.contains(&number),
                "row {number} again"
            );
            changes |= self.ledger.take(number, *ordinal, row, self.began_after);
        }
        Ok(match (is_refused, changes, is_new) {
            (true, ..) => Fate::Failed,
            (_, true, true) => Fate::Created,
            (_, true, false) => part.unwrap_or(Fate::Updated),
            (_, false, _) => part.unwrap_or(Fate::Unchanged),
        })
    }
}

fn row() -> impl Strategy<Value = Row> {
    let flaw = prop_oneof![
        8 => Just(Flaw::None),
        1 => Just(Flaw::Wrong),
        1 => Just(Flaw::Status),
        1 => Just(Flaw::All),
    ];
    (0_u64..3, 0_u8..3, 0_u8..2, flaw).prop_map(|(customer, name, status, flaw)| Row {
        customer,
        name,
        status,
        flaw,
    })
}

fn stopping() -> impl Strategy<Value = Stopping> {
    let stop = prop_oneof![
        1 => Just(Stop::Cancel),
        3 => (0_usize..20).prop_map(|torn_bytes| Stop::Kill { torn_bytes }),
        2 => Just(Stop::PowerCut),
    ];
    (stop, 0_usize..25, 1_usize..5).prop_map(|(stop, steps, rows_of_batch)| Stopping {
        stop,
        steps,
        rows_of_batch,
    })
}

/// Rows that fail are of customers whom no other row names: what becomes of others does not depend
/// on when they are tried again.
fn file(mut rows: Vec<Row>) -> Vec<Row> {
    for (number, row) in rows.iter_mut().enumerate() {
        if row.flaw != Flaw::None {
            row.customer = 100 + number as u64;
        }
    }
    rows
}

fn of_rows(rows: &[Row]) -> World {
    World {
        rows: rows.to_vec(),
        ..World::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// S0-029: whatever comes in between, a file leaves everybody as one clean sending does, each
    /// of its rows is counted once, and none is decided twice.
    #[test]
    fn what_was_decided_stays_and_what_failed_is_tried_again(
        rows in prop::collection::vec(row(), 1..16),
        stops in prop::collection::vec(stopping(), 0..8),
    ) {
        let rows = file(rows);
        let mut clean = of_rows(&rows);
        let counts = clean.send(None, 4).unwrap();
        let mut world = of_rows(&rows);
        for stopping in stops {
            if let Some(counts) = world.send(Some(stopping), stopping.rows_of_batch) {
                prop_assert_eq!(counts.rows(), rows.len() as u64);
            }
        }
        let last = world.send(None, 3).unwrap();
        prop_assert_eq!(last.rows(), rows.len() as u64);
        prop_assert_eq!(last.failed, counts.failed);
        prop_assert_eq!(&world.ledger.customers, &clean.ledger.customers);

        for world in [&mut world, &mut clean] {
            world.rows.iter_mut().for_each(|row| row.flaw = Flaw::None);
            let healed = world.send(None, 2).unwrap();
            prop_assert_eq!(healed.failed, 0);
            let again = world.send(None, 5).unwrap();
            prop_assert_eq!(again.unchanged, rows.len() as u64);
        }
        prop_assert_eq!(&world.ledger.customers, &clean.ledger.customers);
    }

    /// A sending that is killed and goes on counts as one that was left alone.
    #[test]
    fn kills_change_no_count(
        rows in prop::collection::vec(row(), 1..16),
        stops in prop::collection::vec(stopping(), 1..6),
    ) {
        let rows = file(rows);
        let counts = of_rows(&rows).send(None, 4);
        let mut world = of_rows(&rows);
        let mut ended = None;
        for stopping in stops {
            let is_kill = !matches!(stopping.stop, Stop::Cancel);
            if is_kill && ended.is_none() {
                ended = world.send(Some(stopping), stopping.rows_of_batch);
            }
        }
        let ended = ended.or_else(|| world.send(None, 3));
        prop_assert_eq!(ended, counts);
    }
}

/// Rows of one customer, whose last name stands.
#[test]
fn a_row_that_failed_brings_no_old_value_back() {
    let row = |name, flaw| Row {
        customer: 1,
        name,
        status: 0,
        flaw,
    };
    let mut world = of_rows(&[row(0, Flaw::None), row(1, Flaw::None), row(2, Flaw::Wrong)]);
    world
        .ledger
        .customers
        .insert(1, [(NAME, 0), (STATUS, 0)].into());
    for _ in 0..2 {
        world.send(None, 2).unwrap();
        assert_eq!(world.ledger.customers[&1][&NAME], 1);
    }
}

#[test]
fn where_nothing_is_known_only_what_is_recorded_counts_as_decided() {
    let lost = |from_last| Known {
        now: None,
        earlier: Some(Fate::Unknown),
        from_last,
    };
    let recorded = || Recorded {
        ordinals: [NAME].into_iter().collect(),
        ..Recorded::default()
    };
    let after = lost(Ordering::Greater);
    assert_eq!(after.standing(Recorded::default), Standing::Doubtful);
    assert_eq!(after.standing(recorded), Standing::Was(Fate::Unchanged));
    let before = lost(Ordering::Less).standing(Recorded::default);
    assert_eq!(before, Standing::Doubtful);
}
