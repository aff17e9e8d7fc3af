use super::Index;
use crate::record::Peek;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn key(seed: u64) -> [u8; 16] {
    *blake3::hash(&seed.to_le_bytes())
        .as_bytes()
        .first_chunk()
        .unwrap()
}

proptest! {
    #[test]
    fn every_key_and_every_customer_is_found(
        customers in prop::collection::vec(prop::option::of(0..9_u64), 1..2_000),
        from in 1..2_000_u64,
        to in 1..2_000_u64
    ) {
        let mut index = Index::default();
        let mut expected: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (customer, position) in customers.iter().zip(1..) {
            let peek = Peek { position, event_key: key(position), customer: customer.map(key) };
            index.insert(&peek);
            if let Some(customer) = customer {
                expected.entry(*customer).or_default().push(position);
            }
        }
        for position in 1..=customers.len() as u64 {
            prop_assert_eq!(index.candidates(&key(position)).collect::<Vec<_>>(), [position]);
        }
        prop_assert_eq!(index.candidates(&key(0)).count(), 0);
        for customer in 0..9 {
            let mut positions = expected.remove(&customer).unwrap_or_default();
            positions.retain(|position| (from..=to).contains(position));
            prop_assert_eq!(index.positions_of(&key(customer), from, to), positions);
        }
    }
}

#[test]
fn a_record_takes_little_memory_at_every_size() {
    let mut duplicates = super::Duplicates::default();
    let mut customers = super::Customers::default();
    for position in 1..=300_000 {
        duplicates.insert(&key(position), position);
        customers.insert(Some(&key(position % 20_000)), position);
        if position >= 100_000 && position % 1_000 == 0 {
            let records = position as usize;
            assert!(duplicates.bytes() <= 24 * records, "at {records}");
            assert!(customers.bytes() <= 16 * records, "at {records}");
        }
    }
    assert!(customers.bytes() <= 8 * 300_000, "{}", customers.bytes());
}

#[test]
fn a_record_without_a_key_is_found_under_none() {
    let mut index = Index::default();
    for position in 1..=10_000 {
        index.insert(&Peek {
            position,
            event_key: [0; 16],
            customer: None,
        });
    }
    assert_eq!(index.candidates(&[0; 16]).count(), 0);
}

#[test]
fn a_small_tenant_takes_little_memory() {
    let mut index = Index::default();
    for position in 1..=10 {
        index.insert(&Peek {
            position,
            event_key: key(position),
            customer: Some(key(1)),
        });
    }
    assert!(index.bytes() < 8 * 1_024, "{}", index.bytes());
}
