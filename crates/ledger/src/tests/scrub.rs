//! The copy that the store would read must be whole on the disk, and no other.

use super::support::{Dir, T, append};
use crate::block::Header;
use crate::layout::{Extent, layout};
use crate::log::{Body, Link, Log};
use crate::{Damage, Flaw, Ledger, Reader};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use touchbook_events::TenantNumber;

/// Enough blocks for the store to write leaves anew, which leaves older copies behind.
fn many_blocks(dir: &Dir) -> Ledger {
    let (mut ledger, _) = dir.open();
    for _ in 0..24 {
        append(&mut ledger, T, 700, 200).unwrap();
    }
    append(&mut ledger, T, 1, 50).unwrap();
    assert!(ledger.reader().stats().unwrap().blocks > 17);
    ledger
}

fn reopened(dir: &Dir) -> Ledger {
    many_blocks(dir).close().unwrap();
    dir.open().0
}

fn check(reader: &Reader) -> Vec<Damage> {
    reader
        .check_disk(&mut |_| ControlFlow::Continue(()))
        .unwrap()
}

fn not_on_disk(tenant: TenantNumber, position: u64) -> Damage {
    let what = Flaw::NotOnDisk;
    Damage {
        tenant,
        position,
        what,
    }
}

/// A block in the log: first position, the place of the copy that counts, and those of the others.
struct Copies {
    first: u64,
    live: u64,
    dead: Vec<u64>,
}

/// The blocks of which there are older copies.
fn copied_blocks(dir: &Dir) -> Vec<Copies> {
    let pieces = layout(dir.path()).unwrap();
    let heads = pieces.iter().filter(|piece| piece.what == "block header");
    let live: Vec<u64> = heads.map(|piece| piece.offset).collect();
    let mut all: BTreeMap<(TenantNumber, u64), Vec<u64>> = BTreeMap::new();
    let log = Log::read(&dir.volume(), 0).unwrap();
    for message in log.messages() {
        let content = log.content(message.offset).unwrap();
        let values = match &content.body {
            Body::Node(node) => node.values.values().collect(),
            Body::Link(Link::Set(_, value)) => vec![value],
            _ => Vec::new(),
        };
        for value in values {
            if let Some(header) = Header::of_value(content.value(value).unwrap()) {
                let copies = all.entry((header.tenant, header.first)).or_default();
                copies.push(value.offset);
            }
        }
    }
    let blocks = all.into_iter().map(|((_, first), copies)| {
        let (counts, dead): (Vec<_>, _) = copies.iter().partition(|at| live.contains(at));
        let live = counts[0];
        Copies { first, live, dead }
    });
    blocks.filter(|block| !block.dead.is_empty()).collect()
}

fn damaged_copies_are_told_apart(dir: &Dir, reader: &Reader) {
    assert_eq!(check(reader), []);
    let blocks = copied_blocks(dir);
    assert!(blocks.len() > 3, "{}", blocks.len());
    for block in [&blocks[0], &blocks[blocks.len() / 2]] {
        for within in [20, 9_000] {
            dir.flip("db", block.live + within);
            assert_eq!(check(reader), [not_on_disk(T, block.first)]);
            dir.flip("db", block.live + within);
        }
        for dead in &block.dead {
            dir.flip("db", dead + 9_000);
        }
        assert_eq!(check(reader), [], "what is damaged is not in use");
        dir.flip("db", block.live + 9_000);
        assert_eq!(check(reader), [not_on_disk(T, block.first)]);
        dir.flip("db", block.live + 9_000);
    }
    assert_eq!(check(reader), []);
}

#[test]
fn an_older_whole_copy_does_not_make_up_for_the_one_that_counts() {
    let dir = Dir::new();
    let ledger = many_blocks(&dir);
    damaged_copies_are_told_apart(&dir, &ledger.reader());
}

#[test]
fn the_copy_that_counts_is_known_from_the_snapshot_too() {
    let dir = Dir::new();
    let ledger = reopened(&dir);
    damaged_copies_are_told_apart(&dir, &ledger.reader());
}

fn a_damaged_checksum_is_missed(dir: &Dir, reader: &Reader, what: &str) {
    let block = &copied_blocks(dir)[0];
    let pieces = layout(dir.path()).unwrap();
    let is_header = |piece: &&Extent| piece.what == what && piece.offset < block.live;
    let header = pieces.iter().rfind(is_header).unwrap();
    dir.flip("db", header.offset);
    let found = check(reader);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].position <= block.first);
    dir.flip("db", header.offset);
    assert_eq!(check(reader), []);
}

#[test]
fn whole_blocks_are_missed_in_a_message_that_the_store_would_not_read() {
    let dir = Dir::new();
    let ledger = many_blocks(&dir);
    a_damaged_checksum_is_missed(&dir, &ledger.reader(), "message header");
    let dir = Dir::new();
    let ledger = reopened(&dir);
    a_damaged_checksum_is_missed(&dir, &ledger.reader(), "snapshotted message header");
}

#[test]
fn the_first_of_several_is_named_for_each_tenant() {
    let dir = Dir::new();
    let mut ledger = many_blocks(&dir);
    let other = TenantNumber(8);
    for _ in 0..2 {
        append(&mut ledger, other, 700, 200).unwrap();
    }
    let pieces = layout(dir.path()).unwrap();
    for piece in pieces.iter().filter(|piece| piece.what == "block body") {
        dir.flip("db", piece.offset + piece.len - 1);
    }
    let expected = [not_on_disk(T, 1), not_on_disk(other, 1)];
    assert_eq!(check(&ledger.reader()), expected);
}

#[test]
fn a_damaged_chunk_is_named_by_its_record() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 2, 100).unwrap();
    append(&mut ledger, T, 1, 400_000).unwrap();
    append(&mut ledger, T, 1, 100).unwrap();
    let reader = ledger.reader();
    assert_eq!(check(&reader), []);
    let pieces = layout(dir.path()).unwrap();
    for chunk in pieces.iter().filter(|piece| piece.what == "chunk") {
        dir.flip("db", chunk.offset + 99);
        assert_eq!(check(&reader), [not_on_disk(T, 3)]);
        dir.flip("db", chunk.offset + 99);
    }
}

#[test]
fn who_ends_it_early_is_told_nothing() {
    let dir = Dir::new();
    let ledger = many_blocks(&dir);
    let block = &copied_blocks(&dir)[0];
    dir.flip("db", block.live + 9_000);
    let mut read = 0;
    let found = ledger.reader().check_disk(&mut |bytes| {
        read += bytes;
        ControlFlow::Break(())
    });
    assert_eq!(found.unwrap(), []);
    assert!(read > 0);
}

/// Slowly, so that the store is ahead: at least three rounds, and until it is done.
fn scrub_until(done: &AtomicBool, reader: &Reader, pause: Duration) {
    let mut rounds = 0;
    while rounds < 3 || !done.load(Ordering::Acquire) {
        let found = reader.check_disk(&mut |_| {
            thread::park_timeout(pause);
            ControlFlow::Continue(())
        });
        assert_eq!(found.unwrap(), [], "round {rounds}");
        rounds += 1;
    }
}

#[test]
fn nothing_is_missed_while_the_store_moves_its_pages() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    append(&mut ledger, T, 700, 200).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for millis in [0, 50] {
            let (reader, done) = (ledger.reader(), &done);
            scope.spawn(move || scrub_until(done, &reader, Duration::from_millis(millis)));
        }
        for turn in 0..200 {
            append(&mut ledger, TenantNumber(turn % 5 + 1), 700, 300).unwrap();
        }
        done.store(true, Ordering::Release);
    });
    let reader = ledger.reader();
    assert_eq!(check(&reader), []);
    let block = &copied_blocks(&dir)[0];
    dir.flip("db", block.live + 9_000);
    assert_eq!(check(&reader).len(), 1);
}
