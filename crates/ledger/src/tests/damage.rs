//! Damage is named, never served.

use super::support::{Dir, T, append, record, verify};
use crate::block;
use crate::layout::layout;
use crate::{Commit, Damage, Error, Flaw, Head, Ledger, NewRecord};
use std::ops::ControlFlow;
use touchbook_events::TenantNumber;

/// Four full blocks; the third begins at 1311.
fn four_blocks(dir: &Dir) -> Ledger {
    let (mut ledger, _) = dir.open();
    for _ in 0..4 {
        append(&mut ledger, T, 700, 200).unwrap();
    }
    assert_eq!(ledger.reader().stats().unwrap().blocks, 4);
    ledger
}

fn flip(tree: &sled::Tree, first: u64, at: usize) {
    let key = block::key(T, first);
    let mut value = tree.get(key).unwrap().unwrap().to_vec();
    let at = at % value.len();
    value[at] ^= 1;
    tree.insert(key, value).unwrap();
}

#[test]
fn a_damaged_byte_is_found_by_verify_with_its_position() {
    let dir = Dir::new();
    let ledger = four_blocks(&dir);
    let reader = ledger.reader();
    assert_eq!(verify(&reader, T), Ok(2_800));
    for at in [0, 5, 30, 60, 200, 90_000] {
        flip(&ledger.shared.store.blocks, 1_311, at);
        let damage = verify(&reader, T).unwrap_err();
        assert_eq!((damage.tenant, damage.position), (T, 1_311), "{damage}");
        assert!(reader.record(T, 1_400).is_err());
        assert!(reader.chain_at(T, 1_400).is_err());
        flip(&ledger.shared.store.blocks, 1_311, at);
    }
    assert_eq!(verify(&reader, T), Ok(2_800));
}

#[test]
fn a_damaged_block_keeps_the_ledger_from_opening_unless_it_is_asked_to() {
    let dir = Dir::new();
    drop(four_blocks(&dir));
    dir.tamper(|store| flip(&store.blocks, 656, 9_000));
    let expected = Damage {
        tenant: T,
        position: 656,
        what: Flaw::Checksum,
    };
    assert!(matches!(dir.refusal(), Error::Damaged(damage) if damage == expected));
    let (mut ledger, report) = dir.open_damaged();
    assert_eq!(report.damage, std::slice::from_ref(&expected));
    assert_eq!(verify(&ledger.reader(), T), Err(expected));
    assert!(ledger.reader().record(T, 2_000).unwrap().is_some());
    assert!(matches!(
        append(&mut ledger, T, 1, 50),
        Err(Error::ReadOnly)
    ));
}

#[test]
fn a_damaged_header_keeps_the_ledger_from_opening_unless_it_is_asked_to() {
    let dir = Dir::new();
    drop(four_blocks(&dir));
    dir.tamper(|store| flip(&store.blocks, 656, 40));
    let expected = Damage {
        tenant: T,
        position: 656,
        what: Flaw::Checksum,
    };
    assert!(matches!(dir.refusal(), Error::Damaged(damage) if damage == expected));
    let (ledger, report) = dir.open_damaged();
    assert_eq!(report.damage, std::slice::from_ref(&expected));
    assert_eq!(
        ledger.reader().record(T, 2_000).unwrap().unwrap().len(),
        200
    );
    assert!(verify(&ledger.reader(), T).is_err_and(|damage| damage.position == 656));
}

#[test]
fn a_missing_middle_block_keeps_the_ledger_from_opening() {
    let dir = Dir::new();
    drop(four_blocks(&dir));
    dir.tamper(|store| drop(store.blocks.remove(block::key(T, 656)).unwrap()));
    let refusal = dir.refusal();
    assert!(
        matches!(
            refusal,
            Error::Missing {
                tenant: T,
                from: 656,
                to: 1_310
            }
        ),
        "{refusal}"
    );
}

#[test]
fn the_missing_last_block_of_a_quiet_tenant_keeps_the_ledger_from_opening() {
    let dir = Dir::new();
    let mut ledger = four_blocks(&dir);
    let busy = TenantNumber(8);
    for _ in 0..100 {
        append(&mut ledger, busy, 400, 300).unwrap();
    }
    drop(ledger);
    dir.tamper(|store| drop(store.blocks.remove(block::key(T, 1_966)).unwrap()));
    let refusal = dir.refusal();
    assert!(
        matches!(
            refusal,
            Error::Missing {
                tenant: T,
                from: 1_966,
                ..
            }
        ),
        "{refusal}"
    );
}

#[test]
fn a_block_under_anothers_key_is_refused() {
    let dir = Dir::new();
    drop(four_blocks(&dir));
    dir.tamper(|store| {
        let other = store.blocks.get(block::key(T, 656)).unwrap().unwrap();
        store.blocks.insert(block::key(T, 1_311), other).unwrap();
    });
    let expected = Damage {
        tenant: T,
        position: 1_311,
        what: Flaw::Misplaced,
    };
    assert!(matches!(dir.refusal(), Error::Damaged(damage) if damage == expected));
}

#[test]
fn an_altered_chunk_is_never_served() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 1, 400_000).unwrap();
    append(&mut ledger, T, 1_200, 200).unwrap();
    assert_eq!(
        ledger.reader().record(T, 1).unwrap().unwrap().len(),
        400_000
    );
    let chunks = &ledger.shared.store.chunks;
    let (key, value) = chunks.last().unwrap().unwrap();
    let mut altered = value.to_vec();
    altered[77] ^= 1;
    chunks.insert(key, altered).unwrap();
    let expected = Damage {
        tenant: T,
        position: 1,
        what: Flaw::Chunk,
    };
    assert_eq!(verify(&ledger.reader(), T), Err(expected.clone()));
    assert!(
        matches!(ledger.reader().record(T, 1), Err(Error::Damaged(damage)) if damage == expected)
    );
}

#[test]
fn a_record_that_contradicts_what_was_said_of_it_is_found() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 2, 100).unwrap();
    let bytes = record(4, [3; 16], None, 100);
    let mut peek = super::support::peek(&bytes).unwrap();
    peek.position = 3;
    let tenants = vec![(
        T,
        vec![NewRecord {
            bytes: &bytes,
            peek,
        }],
    )];
    ledger
        .append(&Commit {
            tenants,
            checkpoint: None,
        })
        .unwrap();
    let expected = Damage {
        tenant: T,
        position: 3,
        what: Flaw::Position(4),
    };
    assert_eq!(verify(&ledger.reader(), T), Err(expected));
}

#[test]
fn damage_on_the_disk_is_found_behind_what_the_store_has_in_memory() {
    let dir = Dir::new();
    let ledger = four_blocks(&dir);
    let reader = ledger.reader();
    let check = || {
        reader
            .check_disk(&mut |_| ControlFlow::Continue(()))
            .unwrap()
    };
    assert_eq!(check(), []);
    let blocks = layout(dir.path()).unwrap();
    let mut blocks = blocks.iter().filter(|piece| piece.what == "block body");
    let third = blocks.nth(2).unwrap();
    dir.flip("db", third.offset + third.len / 2);
    let expected = Damage {
        tenant: T,
        position: 1_311,
        what: Flaw::NotOnDisk,
    };
    assert_eq!(check(), [expected]);
    assert_eq!(verify(&reader, T), Ok(2_800), "the store has it in memory");
}

#[test]
fn the_chain_is_walked_a_block_at_a_time() {
    let dir = Dir::new();
    let ledger = four_blocks(&dir);
    let reader = ledger.reader();
    let mut at = Head::EMPTY;
    let mut bytes = 0;
    while let Some(checked) = reader.check_after(T, at).unwrap() {
        assert!(checked.head.position > at.position);
        (at, bytes) = (checked.head, bytes + checked.bytes);
    }
    assert_eq!(at, reader.head(T));
    assert!(bytes >= 2_800 * 200, "{bytes}");
    flip(&ledger.shared.store.blocks, 656, 9_000);
    let first = reader.check_after(T, Head::EMPTY).unwrap().unwrap();
    let damage = reader.check_after(T, first.head).unwrap_err();
    assert_eq!(damage.position, 656);
}
