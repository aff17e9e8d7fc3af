//! The ledger against a plain list of records.

use super::support::{Dir, all, key_of, news, record, verify};
use crate::limits::MAX_VALUE_BYTES;
use crate::record::link;
use crate::{Checkpoint, Commit, Ledger, Partial, ROOT};
use proptest::prelude::*;
use std::collections::BTreeMap;
use touchbook_events::TenantNumber;

#[derive(Clone, Debug)]
enum Step {
    /// Per tenant: number of records, length of each.
    Commit(BTreeMap<u32, (u64, usize)>, bool),
    Save,
    Reopen,
    CloseAndOpen,
    /// Go on with what a killed process would have left.
    Kill,
}

fn records() -> impl Strategy<Value = (u64, usize)> {
    prop_oneof![
        6 => (1..4_u64, 41..400_usize),
        2 => (1..400_u64, 41..500_usize),
        1 => (900..1_100_u64, 41..120_usize),
        1 => (1..3_u64, 60_000..132_000_usize),
        1 => (1..2_u64, 131_000..400_000_usize),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let commit = prop::collection::btree_map(0..5_u32, records(), 0..4);
    prop_oneof![
        16 => (commit, any::<bool>()).prop_map(|(commit, moves)| Step::Commit(commit, moves)),
        2 => Just(Step::Save),
        1 => Just(Step::Reopen),
        1 => Just(Step::CloseAndOpen),
        1 => Just(Step::Kill),
    ]
}

#[derive(Default)]
struct Model {
    tenants: BTreeMap<u32, Vec<Vec<u8>>>,
    checkpoint: Option<Checkpoint>,
    commits: u64,
}

impl Model {
    fn commit(&mut self, ledger: &mut Ledger, sizes: &BTreeMap<u32, (u64, usize)>, moves: bool) {
        let mut new = Vec::new();
        for (tenant, (count, len)) in sizes {
            let head = self.tenants.get(tenant).map_or(0, Vec::len) as u64;
            let records = (head + 1..=head + count).map(|position| {
                let key = key_of(position ^ (u64::from(*tenant) << 32));
                let customer = (position % 5 != 0).then_some((position % 7) as u8);
                record(position, key, customer, *len)
            });
            new.push((TenantNumber(*tenant), records.collect::<Vec<_>>()));
        }
        let checkpoint = moves.then_some(Checkpoint {
            stream_created_at_micros: -5,
            sequence: self.commits,
            digest: [self.commits as u8; 32],
            partial: self.commits.is_multiple_of(3).then_some(Partial {
                items_done: self.commits as u32,
                digest: [7; 32],
            }),
        });
        let tenants = new
            .iter()
            .map(|(tenant, records)| (*tenant, news(records)))
            .collect();
        let appended = ledger
            .append(&Commit {
                tenants,
                checkpoint,
            })
            .unwrap();
        self.commits += 1;
        self.checkpoint = checkpoint.or(self.checkpoint);
        assert_eq!(appended.commit, self.commits);
        for (tenant, records) in new {
            self.tenants.entry(tenant.0).or_default().extend(records);
        }
    }

    fn compare(&self, ledger: &Ledger) {
        let reader = ledger.reader();
        let numbers: Vec<_> = self.tenants.keys().copied().map(TenantNumber).collect();
        assert_eq!(reader.tenants(), numbers);
        assert_eq!(reader.checkpoint(), self.checkpoint);
        for (tenant, records) in &self.tenants {
            let tenant = TenantNumber(*tenant);
            let head = reader.head(tenant);
            assert_eq!(head.position, records.len() as u64);
            assert!(all(&reader, tenant) == *records);
            assert_eq!(verify(&reader, tenant), Ok(head.position));
            Self::compare_lookups(&reader, tenant, records);
        }
        let store = &ledger.shared.store;
        for tree in [&store.tail, &store.blocks, &store.chunks, &store.marks] {
            assert!(
                tree.iter()
                    .values()
                    .all(|value| value.unwrap().len() <= MAX_VALUE_BYTES)
            );
        }
        let stats = reader.stats().unwrap();
        let bytes: usize = self.tenants.values().flatten().map(Vec::len).sum();
        assert_eq!(stats.logical_bytes, bytes as u64);
    }

    fn compare_lookups(reader: &crate::Reader, tenant: TenantNumber, records: &[Vec<u8>]) {
        let mut chain = ROOT;
        let mut customers: BTreeMap<[u8; 16], Vec<u64>> = BTreeMap::new();
        for (bytes, position) in records.iter().zip(1..) {
            chain = link(&chain, bytes);
            let peek = super::support::peek(bytes).unwrap();
            if let Some(customer) = peek.customer {
                customers.entry(customer).or_default().push(position);
            }
            if position % 97 == 0 || position == records.len() as u64 {
                assert_eq!(reader.chain_at(tenant, position).unwrap(), chain);
                assert_eq!(
                    reader.find(tenant, &peek.event_key).unwrap(),
                    Some(position)
                );
                let found = reader.record(tenant, position).unwrap().unwrap();
                assert!(*found == **bytes);
            }
        }
        assert_eq!(reader.head(tenant).chain, chain);
        for (customer, positions) in customers {
            assert_eq!(
                reader.positions_of(tenant, &customer, 1, u64::MAX),
                positions
            );
            assert_eq!(reader.previous_of(tenant, positions[0]), None);
            for pair in positions.windows(2) {
                assert_eq!(reader.previous_of(tenant, pair[1]), Some(pair[0]));
            }
            let mut seen = Vec::new();
            reader
                .gather(tenant, &positions, |position, bytes| {
                    assert!(bytes == records[position as usize - 1]);
                    seen.push(position);
                })
                .unwrap();
            assert_eq!(seen, positions);
        }
        assert_eq!(reader.find(tenant, &[9; 16]).unwrap(), None);
        assert!(
            reader
                .record(tenant, records.len() as u64 + 1)
                .unwrap()
                .is_none()
        );
    }
}

fn run(steps: Vec<Step>) {
    let mut dir = Dir::new();
    let mut model = Model::default();
    let (mut ledger, _) = dir.open();
    for step in steps {
        match step {
            Step::Commit(sizes, moves) => {
                model.commit(&mut ledger, &sizes, moves);
                continue;
            }
            Step::Save => {
                ledger.reader().save_indexes().unwrap();
                continue;
            }
            Step::Reopen => drop(ledger),
            Step::CloseAndOpen => ledger.close().unwrap(),
            Step::Kill => {
                let copy = dir.copy();
                drop(ledger);
                dir = copy;
            }
        }
        let (opened, report) = dir.open();
        assert_eq!((report.dropped_commit, report.dropped.len()), (None, 0));
        ledger = opened;
        model.compare(&ledger);
    }
    model.compare(&ledger);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_is_a_list_of_records_per_tenant(
        steps in prop::collection::vec(step(), 1..40)
    ) {
        run(steps);
    }
}

#[test]
fn a_trickle_of_many_tenants_keeps_the_tail_short() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    let mut model = Model::default();
    for turn in 0..400_u32 {
        let tenant = if turn % 2 == 0 { 0 } else { turn % 40 };
        model.commit(&mut ledger, &BTreeMap::from([(tenant, (1, 200))]), true);
    }
    let stats = ledger.reader().stats().unwrap();
    assert!(
        stats.frames <= crate::limits::TAIL_FRAMES as u64 + 3,
        "{stats:?}"
    );
    model.compare(&ledger);
    drop(ledger);
    model.compare(&dir.open().0);
}
