//! A start from saved indexes, and from files that are not what they were.

use super::support::{Dir, T, all, append, verify};
use crate::error::Flaw;
use crate::{Error, Ledger, Reader};
use std::fs;
use std::path::PathBuf;
use touchbook_events::TenantNumber;

const OTHER: TenantNumber = TenantNumber(8);

fn file(dir: &Dir, tenant: TenantNumber) -> PathBuf {
    dir.volume().join(format!("index.{}", tenant.0))
}

/// Fills blocks of two tenants and saves what the indexes have of them, more than once.
fn filled(dir: &Dir) -> Ledger {
    let (mut ledger, _) = dir.open();
    for _ in 0..3 {
        append(&mut ledger, T, 1_000, 300).unwrap();
        append(&mut ledger, OTHER, 700, 250).unwrap();
        ledger.reader().save_indexes().unwrap();
    }
    ledger
}

fn assert_whole(reader: &Reader) {
    for (tenant, records) in [(T, 3_000), (OTHER, 2_100)] {
        assert_eq!(verify(reader, tenant), Ok(records));
        assert_eq!(all(reader, tenant).len() as u64, records);
    }
}

/// It is whole, goes on, and the next start takes what is saved of both tenants.
fn assert_is_saved_anew(dir: &Dir, mut ledger: Ledger) {
    assert_whole(&ledger.reader());
    append(&mut ledger, T, 1_000, 300).unwrap();
    ledger.reader().save_indexes().unwrap();
    drop(ledger);
    let (ledger, report) = dir.open();
    assert!(report.saved_records > 5_000, "{report:?}");
    assert_eq!(verify(&ledger.reader(), T), Ok(4_000));
}

#[test]
fn a_start_takes_saved_indexes_and_reads_only_what_follows() {
    let dir = Dir::new();
    let ledger = filled(&dir);
    let before = ledger.reader().stats().unwrap();
    drop(ledger);
    let (ledger, report) = dir.open();
    assert!(report.saved_records > 4_000, "{report:?}");
    assert!(report.saved_records < report.records);
    let after = ledger.reader().stats().unwrap();
    assert_eq!(after.logical_bytes, before.logical_bytes);
    assert_eq!(after.blocks, before.blocks);
    assert_whole(&ledger.reader());
}

#[test]
fn what_was_saved_grows_from_start_to_start() {
    let dir = Dir::new();
    drop(filled(&dir));
    let (mut ledger, first) = dir.open();
    append(&mut ledger, T, 1_000, 300).unwrap();
    append(&mut ledger, T, 1_000, 300).unwrap();
    ledger.reader().save_indexes().unwrap();
    drop(ledger);
    let (ledger, second) = dir.open();
    assert!(second.saved_records > first.saved_records + 1_000);
    assert_eq!(verify(&ledger.reader(), T), Ok(5_000));
}

#[test]
fn a_ledger_that_was_never_saved_is_saved_in_parts_after_its_start() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    for _ in 0..5 {
        append(&mut ledger, T, 1_000, 300).unwrap();
    }
    drop(ledger);
    let (ledger, report) = dir.open();
    assert_eq!(report.saved_records, 0);
    ledger.reader().save_indexes().unwrap();
    drop(ledger);
    let (ledger, report) = dir.open();
    assert!(report.saved_records > 4_000, "{report:?}");
    assert_eq!(verify(&ledger.reader(), T), Ok(5_000));
}

#[test]
fn a_file_that_is_cut_or_flipped_anywhere_costs_time_alone() {
    let dir = Dir::new();
    drop(filled(&dir));
    let whole = fs::read(file(&dir, T)).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 24) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        for bytes in [&whole[..at], &flipped] {
            let copy = dir.copy();
            fs::write(file(&copy, T), bytes).unwrap();
            let (ledger, _) = copy.open();
            assert_is_saved_anew(&copy, ledger);
        }
    }
}

#[test]
fn a_file_of_another_ledger_or_of_its_future_counts_for_nothing() {
    let dir = Dir::new();
    let mut ledger = filled(&dir);
    let past = dir.copy();
    append(&mut ledger, T, 1_000, 500).unwrap();
    append(&mut ledger, T, 1_000, 500).unwrap();
    ledger.reader().save_indexes().unwrap();
    drop(ledger);
    fs::copy(file(&dir, T), file(&past, T)).unwrap();
    let (ledger, report) = past.open();
    assert!(
        report.saved_records < 3_000,
        "of the other tenant alone: {report:?}"
    );
    assert_is_saved_anew(&past, ledger);
}

#[test]
fn a_damaged_block_that_was_saved_is_named_by_whoever_reads_it() {
    let dir = Dir::new();
    drop(filled(&dir));
    let mut first = 0;
    dir.tamper(|store| {
        let (key, value) = store.blocks.iter().nth(1).unwrap().unwrap();
        first = crate::block::place(&key).unwrap().1;
        let mut damaged = value.to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        store.blocks.insert(key, damaged).unwrap();
    });
    let (ledger, report) = dir.open();
    assert!(report.saved_records > first);
    let reader = ledger.reader();
    let damage = verify(&reader, T).unwrap_err();
    assert_eq!((damage.position, damage.what), (first, Flaw::Checksum));
    assert!(matches!(reader.record(T, first), Err(Error::Damaged(_))));
    assert!(reader.record(T, first - 1).unwrap().is_some());
    drop((reader, ledger));
    let (_, report) = dir.open_damaged();
    assert_eq!(report.damage.len(), 1, "everything is read then");
}

#[test]
fn a_file_that_can_not_be_written_is_told_once_and_stops_nothing() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    fs::create_dir(file(&dir, T)).unwrap();
    for _ in 0..2 {
        append(&mut ledger, T, 1_000, 300).unwrap();
    }
    let reader = ledger.reader();
    assert!(matches!(
        reader.save_indexes(),
        Err(Error::SaveIndex { .. })
    ));
    append(&mut ledger, T, 1_000, 300).unwrap();
    reader.save_indexes().unwrap();
    assert_eq!(verify(&reader, T), Ok(3_000));
    drop((reader, ledger));
    let (ledger, report) = dir.open();
    assert_eq!((report.records, report.saved_records), (3_000, 0));
    assert_eq!(verify(&ledger.reader(), T), Ok(3_000));
}
