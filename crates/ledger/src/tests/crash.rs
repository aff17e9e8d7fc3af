//! What a crash in the middle of a commit leaves, and what becomes of it.

use super::support::{Dir, T, all, append, news, record, records, verify};
use crate::limits::SEGMENT_BYTES;
use crate::log::Log;
use crate::oversize;
use crate::{Commit, Dropped, Error};
use crate::{block, frame};
use touchbook_events::TenantNumber;

/// One commit in the tail, then one that fills a block and leaves a rest in its frame.
fn two_commits(dir: &Dir) {
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 100, 200).unwrap();
    append(&mut ledger, T, 1_000, 200).unwrap();
    assert_eq!(ledger.reader().stats().unwrap().blocks, 1);
}

#[test]
fn a_gap_in_the_tail_drops_the_commit_that_follows_it() {
    let dir = Dir::new();
    two_commits(&dir);
    dir.tamper(|store| drop(store.blocks.remove(block::key(T, 1)).unwrap()));
    let (mut ledger, report) = dir.open();
    assert_eq!(report.dropped_commit, Some(2));
    assert_eq!(
        report.dropped,
        [Dropped {
            tenant: T,
            from: 656,
            to: 1_100
        }]
    );
    assert_eq!(all(&ledger.reader(), T), records(0, 100, 200));
    append(&mut ledger, T, 5, 200).unwrap();
    drop(ledger);
    let (ledger, report) = dir.open();
    assert_eq!((report.dropped_commit, report.records), (None, 105));
    assert_eq!(verify(&ledger.reader(), T), Ok(105));
}

#[test]
fn a_block_without_the_frame_of_its_commit_is_dropped() {
    let dir = Dir::new();
    two_commits(&dir);
    dir.tamper(|store| drop(store.tail.remove(frame::key(2, 0)).unwrap()));
    let (ledger, report) = dir.open();
    assert_eq!(report.dropped_commit, Some(2));
    assert_eq!(
        report.dropped,
        [Dropped {
            tenant: T,
            from: 1,
            to: 655
        }]
    );
    assert_eq!(all(&ledger.reader(), T), records(0, 100, 200));
}

#[test]
fn a_frame_that_lacks_a_part_is_dropped() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 1, 200).unwrap();
    let many: Vec<_> = (1..=10)
        .map(|tenant| (TenantNumber(tenant), 120_000_usize))
        .collect();
    let bytes: Vec<_> = many
        .iter()
        .map(|(tenant, len)| {
            (
                *tenant,
                vec![record(u64::from(*tenant == T) + 1, [1; 16], None, *len)],
            )
        })
        .collect();
    let tenants = bytes
        .iter()
        .map(|(tenant, records)| (*tenant, news(records)))
        .collect();
    ledger
        .append(&Commit {
            tenants,
            checkpoint: None,
        })
        .unwrap_err();
    let tenants = bytes[..8]
        .iter()
        .map(|(tenant, records)| (*tenant, news(records)))
        .collect();
    ledger
        .append(&Commit {
            tenants,
            checkpoint: None,
        })
        .unwrap();
    drop(ledger);
    dir.tamper(|store| {
        assert!(store.tail.len() > 5);
        store.tail.remove(frame::key(2, 1)).unwrap();
    });
    let (ledger, report) = dir.open();
    assert_eq!(report.dropped_commit, Some(2));
    assert_eq!(ledger.reader().tenants(), [T]);
    assert_eq!(all(&ledger.reader(), T), records(0, 1, 200));
}

#[test]
fn an_acknowledged_frame_that_is_missing_is_never_passed_over() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    for _ in 0..4 {
        append(&mut ledger, T, 10, 200).unwrap();
    }
    drop(ledger);
    dir.tamper(|store| drop(store.tail.remove(frame::key(2, 0)).unwrap()));
    let refusal = dir.refusal();
    assert!(
        matches!(
            refusal,
            Error::Missing {
                tenant: T,
                from: 11,
                to: 20
            }
        ),
        "{refusal}"
    );
}

#[test]
fn a_lost_tail_is_noticed() {
    let dir = Dir::new();
    two_commits(&dir);
    dir.tamper(|store| store.tail.clear().unwrap());
    let refusal = dir.refusal();
    assert!(
        matches!(refusal, Error::MissingFrames { commit: 1 }),
        "{refusal}"
    );
}

#[test]
fn a_frame_that_came_back_is_passed_over() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 10, 200).unwrap();
    let old = ledger
        .shared
        .store
        .tail
        .get(frame::key(1, 0))
        .unwrap()
        .unwrap();
    for _ in 0..6 {
        append(&mut ledger, T, 655, 200).unwrap();
    }
    assert!(
        ledger
            .shared
            .store
            .tail
            .get(frame::key(1, 0))
            .unwrap()
            .is_none()
    );
    drop(ledger);
    dir.tamper(|store| drop(store.tail.insert(frame::key(1, 0), old).unwrap()));
    let (ledger, report) = dir.open();
    assert_eq!((report.records, report.dropped_commit), (3_940, None));
    assert_eq!(verify(&ledger.reader(), T), Ok(3_940));
}

#[test]
fn chunks_of_a_record_that_never_became_durable_are_removed() {
    let dir = Dir::new();
    two_commits(&dir);
    let long = record(1_101, [1; 16], None, 300_000);
    dir.tamper(|store| oversize::write(&store.chunks, T, 1_101, &long).unwrap());
    let (ledger, _) = dir.open();
    assert_eq!(ledger.shared.store.chunks.len(), 0);
}

#[test]
fn an_unfinished_snapshot_does_not_keep_the_ledger_from_opening() {
    let dir = Dir::new();
    two_commits(&dir);
    let left = dir.volume().join("snap.0000000000000000.generating");
    std::fs::write(&left, b"half").unwrap();
    let (ledger, _) = dir.open();
    assert!(!left.try_exists().unwrap());
    ledger.close().unwrap();
}

/// The store's log is as a power cut may leave it: what the last commit wrote last is there, and
/// what it wrote first is not.
#[test]
fn a_commit_that_crosses_into_a_new_segment_may_lack_its_beginning() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    let log = |dir: &Dir| std::fs::read(dir.volume().join("db")).unwrap();
    let (mut before, mut count) = (dir.copy(), 0);
    while log(&dir).len() <= SEGMENT_BYTES {
        before = dir.copy();
        count = ledger.reader().head(T).position;
        append(&mut ledger, T, 8, 120_000).unwrap();
    }
    let (old, new) = (log(&before), log(&dir));
    let torn = dir.copy();
    drop(ledger);
    let changed = (0..old.len()).find(|at| old[*at] != new[*at]);
    let changed = changed.unwrap_or(old.len());
    let mut bytes = new;
    bytes[changed..changed + 4096].fill(0);
    std::fs::write(torn.volume().join("db"), bytes).unwrap();
    let (ledger, report) = torn.open();
    assert_eq!(
        (report.records, ledger.reader().head(T).position),
        (count, count)
    );
    assert_eq!(verify(&ledger.reader(), T), Ok(count));
}

/// Of the first write into a segment that was used before, only what stands within its first
/// message reached the disk.
#[test]
fn a_segment_that_was_about_to_be_used_again_may_keep_its_old_beginning() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    let log = |dir: &Dir| std::fs::read(dir.volume().join("db")).unwrap();
    let mut old = log(&dir);
    for _ in 0..200 {
        let count = ledger.reader().head(T).position;
        append(&mut ledger, T, 8, 120_000).unwrap();
        let torn = dir.copy();
        let mut bytes = log(&torn);
        let mut segments = (0..old.len()).step_by(SEGMENT_BYTES);
        let begun = segments
            .find(|at| old.len() >= at + SEGMENT_BYTES && old[*at..at + 20] != bytes[*at..at + 20]);
        let Some(begun) = begun else {
            old = bytes;
            continue;
        };
        let kept = bytes[begun + 4_096..begun + 8_192].to_vec();
        let end = begun + SEGMENT_BYTES;
        bytes[begun..end].copy_from_slice(&old[begun..end]);
        bytes[begun + 4_096..begun + 8_192].copy_from_slice(&kept);
        std::fs::write(torn.volume().join("db"), bytes).unwrap();
        let read = Log::read(&torn.volume(), 0).unwrap();
        let mut segments = read.segments.values();
        let segment = segments.find(|one| one.offset == begun as u64).unwrap();
        assert!(!segment.is_being_reused && segment.readable_to() < SEGMENT_BYTES / 2);
        let (ledger, report) = torn.open();
        assert_eq!(report.records, count);
        assert_eq!(verify(&ledger.reader(), T), Ok(count));
        return;
    }
    panic!("the store uses no segment again");
}

#[test]
fn after_a_failed_sync_nothing_is_appended_and_nothing_shown() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 3, 200).unwrap();
    ledger.disk.fail_next_sync = true;
    assert!(matches!(
        append(&mut ledger, T, 3, 200),
        Err(Error::Sync { .. })
    ));
    assert_eq!(ledger.reader().head(T).position, 3);
    assert!(matches!(
        append(&mut ledger, T, 3, 200),
        Err(Error::Poisoned)
    ));
    assert!(matches!(ledger.close(), Err(Error::Poisoned)));
    let doubt = dir.volume().join("unsynced");
    assert!(
        doubt.try_exists().unwrap(),
        "the next start must not believe the system's memory"
    );
    let (ledger, report) = dir.open();
    assert!(report.records >= 3 && !doubt.try_exists().unwrap());
    assert_eq!(verify(&ledger.reader(), T), Ok(report.records));
}

#[test]
fn settings_that_were_never_finished_do_not_keep_a_new_ledger_from_opening() {
    let dir = Dir::new();
    std::fs::create_dir_all(dir.volume()).unwrap();
    std::fs::write(dir.volume().join("conf"), b"segment_size: 16777216\nuse_c").unwrap();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 3, 200).unwrap();
    drop(ledger);
    assert_eq!(dir.open().1.records, 3);
}
