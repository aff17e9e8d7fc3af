//! What the guard hands to the store of what it has read.

use super::support::{Dir, T, append, news, records, verify};
use crate::log::SEGMENT;
use crate::volume::{self, Store};
use crate::{Commit, guard};
use std::fs;
use touchbook_events::TenantNumber;

/// A log of several segments of a process that is killed; in small ones pages are written again
/// and again.
fn long_log(commits: u64) -> Dir {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    for commit in 0..commits {
        append(&mut ledger, T, 16, 60_000).unwrap();
        let other = TenantNumber((commit % 50) as u32 + 100);
        let few = records(ledger.reader().head(other).position, 2, 300);
        let tenants = vec![(other, news(&few))];
        let checkpoint = None;
        ledger
            .append(&Commit {
                tenants,
                checkpoint,
            })
            .unwrap();
    }
    let copy = dir.copy();
    drop(ledger);
    copy
}

/// Name and content of the store's snapshot once it has opened.
fn snapshot_of_the_store(dir: &Dir) -> (String, Vec<u8>) {
    drop(Store::open(&dir.volume(), 1 << 20).unwrap());
    volume::wait_until_closed(&dir.volume());
    let entries = fs::read_dir(dir.volume())
        .unwrap()
        .map(|entry| entry.unwrap());
    let mut snapshots =
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("snap."));
    let snapshot = snapshots.next().unwrap();
    assert!(
        snapshots.next().is_none(),
        "the store removes what is older"
    );
    let name = snapshot.file_name().into_string().unwrap();
    (name, fs::read(snapshot.path()).unwrap())
}

#[test]
fn the_store_comes_to_the_same_with_it_and_without() {
    for commits in [70, 75, 96] {
        let dir = long_log(commits);
        let alone = dir.copy();
        let shortcut = guard::check(&dir.volume()).unwrap().unwrap();
        assert!(shortcut.stable >= SEGMENT && shortcut.stable.is_multiple_of(SEGMENT));
        shortcut.write(&dir.volume()).unwrap();
        assert!(snapshot_of_the_store(&dir) == snapshot_of_the_store(&alone));
        let (ledger, _) = dir.open();
        assert_eq!(verify(&ledger.reader(), T), Ok(commits * 16));
    }
}

#[test]
fn a_short_log_or_one_whose_snapshot_is_new_needs_none() {
    let dir = long_log(5);
    assert!(guard::check(&dir.volume()).unwrap().is_none());
    let dir = long_log(70);
    snapshot_of_the_store(&dir);
    assert!(guard::check(&dir.volume()).unwrap().is_none());
    assert!(guard::check(Dir::new().path()).unwrap().is_none());
}
