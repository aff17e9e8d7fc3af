//! What is refused, and what just fits.

use super::support::{Dir, T, all, append, news, record, records, verify};
use crate::limits::{MAX_COMMIT_BYTES, MAX_RECORD_BYTES};
use crate::{Commit, Error, Head};
use touchbook_events::TenantNumber;

#[test]
fn the_longest_record_comes_back_from_tail_and_block() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 1, MAX_RECORD_BYTES).unwrap();
    append(&mut ledger, T, 2, 131_072).unwrap();
    append(&mut ledger, T, 1, 131_073).unwrap();
    append(&mut ledger, T, 1, 50).unwrap();
    let before = all(&ledger.reader(), T);
    assert_eq!(before[0].len(), MAX_RECORD_BYTES);
    drop(ledger);
    let (ledger, _) = dir.open();
    assert!(all(&ledger.reader(), T) == before);
    assert_eq!(verify(&ledger.reader(), T), Ok(5));
}

#[test]
fn a_commit_over_the_limit_is_refused_and_leaves_no_trace() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    let refused = append(&mut ledger, T, 1, MAX_RECORD_BYTES + 1);
    assert!(matches!(
        refused,
        Err(Error::RecordTooLarge {
            tenant: T,
            position: 1,
            ..
        })
    ));
    let refused = append(&mut ledger, T, 2, MAX_COMMIT_BYTES / 2 + 1);
    assert!(matches!(refused, Err(Error::CommitTooLarge { .. })));
    assert_eq!(ledger.reader().head(T), Head::EMPTY);
    append(&mut ledger, T, 2, MAX_COMMIT_BYTES / 2).unwrap();
    assert_eq!(verify(&ledger.reader(), T), Ok(2));
}

#[test]
fn positions_follow_the_head() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    let gap = records(1, 2, 60);
    let tenants = vec![(T, news(&gap))];
    let refused = ledger.append(&Commit {
        tenants,
        checkpoint: None,
    });
    assert!(matches!(
        refused,
        Err(Error::NotNext {
            tenant: T,
            position: 2,
            expected: 1
        })
    ));
    let repeated = [record(1, [1; 16], None, 60), record(1, [2; 16], None, 60)];
    let tenants = vec![(T, news(&repeated))];
    let refused = ledger.append(&Commit {
        tenants,
        checkpoint: None,
    });
    assert!(matches!(
        refused,
        Err(Error::NotNext {
            tenant: T,
            position: 1,
            expected: 2
        })
    ));
    assert!(ledger.reader().tenants().is_empty());
}

#[test]
fn a_tenant_occurs_once_in_a_commit() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    let one = records(0, 1, 60);
    let tenants = vec![(T, news(&one)), (T, news(&one))];
    let refused = ledger.append(&Commit {
        tenants,
        checkpoint: None,
    });
    assert!(matches!(refused, Err(Error::TenantTwice { tenant: T })));
}

#[test]
fn a_second_handle_is_told_that_the_ledger_is_in_use() {
    let dir = Dir::new();
    let (ledger, _) = dir.open();
    let refusal = dir.refusal();
    assert!(matches!(refusal, Error::InUse { .. }), "{refusal}");
    assert!(refusal.to_string().contains("in use by another process"));
    drop(ledger);
    dir.open();
}

#[test]
fn a_ledger_with_readers_is_not_closed() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 2, 60).unwrap();
    let reader = ledger.reader();
    assert!(matches!(
        ledger.close(),
        Err(Error::StillRead { readers: 1 })
    ));
    assert_eq!(verify(&reader, T), Ok(2));
}

#[test]
fn a_thousand_tenants_in_one_commit_are_one_commit() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    let bytes = [record(1, [5; 16], Some(1), 900)];
    let tenants = (1..=1_000)
        .map(|tenant| (TenantNumber(tenant), news(&bytes)))
        .collect();
    ledger
        .append(&Commit {
            tenants,
            checkpoint: None,
        })
        .unwrap();
    let tenants = (1..=1_000).map(TenantNumber);
    assert!(ledger.reader().tenants().into_iter().eq(tenants));
    for tenant in 1..=3_u32 {
        append(&mut ledger, TenantNumber(tenant), 900, 800).unwrap();
    }
    drop(ledger);
    let (ledger, report) = dir.open();
    assert_eq!((report.tenants, report.records), (1_000, 3_700));
    assert_eq!(verify(&ledger.reader(), TenantNumber(2)), Ok(901));
}

#[test]
fn the_blobs_directory_stays_empty_under_bulk_and_trickle() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    for _ in 0..60 {
        append(&mut ledger, T, 8, 131_072).unwrap();
        append(&mut ledger, TenantNumber(8), 1, 300).unwrap();
    }
    for _ in 0..40 {
        append(&mut ledger, T, 1, MAX_RECORD_BYTES).unwrap();
    }
    assert_eq!(verify(&ledger.reader(), T), Ok(520));
    ledger.close().unwrap();
    assert_eq!(
        std::fs::read_dir(dir.volume().join("blobs"))
            .unwrap()
            .count(),
        0
    );
}
