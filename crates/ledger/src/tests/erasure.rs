//! What a power cut leaves of a segment that the store was erasing, and what a disk does that loses
//! one in use.

use super::support::{Dir, T, append, verify};
use crate::layout::layout;
use crate::limits::SEGMENT_BYTES;
use crate::log::{Log, Pages};
use crate::volume::wait_until_closed;
use crate::witness::{Note, Witness};
use crate::{Error, Ledger};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Where the newest segment begins: the one whose header has the highest number.
fn newest_segment(dir: &Dir) -> u64 {
    let log = File::open(dir.volume().join("db")).unwrap();
    let offsets = (0..log.metadata().unwrap().len()).step_by(SEGMENT_BYTES);
    let number = |at: &u64| {
        let mut bytes = [0; 8];
        log.read_exact_at(&mut bytes, at + 4).unwrap();
        // They are stored with their bits turned over, so that zeros are none.
        (u64::from_le_bytes(bytes) != 0).then(|| !u64::from_le_bytes(bytes) << 1)
    };
    offsets.max_by_key(number).unwrap()
}

/// Fills the store's log with what nothing needs any more, until the next segment begins.
fn waste(dir: &Dir, ledger: &Ledger) {
    let before = newest_segment(dir);
    let store = &ledger.shared.store;
    while newest_segment(dir) == before {
        for byte in 1..=10 {
            store.chunks.insert(b"waste", vec![byte; 100_000]).unwrap();
        }
        store.db.flush().unwrap();
    }
}

/// A ledger that was not closed, and a segment in the middle of its log that no page is in: the
/// store will erase it.
fn with_a_segment_to_be_erased() -> (Dir, u64) {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    for _ in 0..12 {
        append(&mut ledger, T, 8, 120_000).unwrap();
    }
    for _ in 0..5 {
        waste(&dir, &ledger);
    }
    append(&mut ledger, T, 8, 120_000).unwrap();
    drop(ledger);
    wait_until_closed(&dir.volume());
    let (pages, middle) = middle(&dir);
    let is_free = |at: &u64| !pages.any_within(&(*at..at + SEGMENT_BYTES as u64));
    let free = middle.into_iter().find(is_free);
    (dir, free.expect("what is wasted is in no page"))
}

/// Where every page is, and where the segments begin in the middle of the log: all but the last
/// two, in which the store looks for the end.
fn middle(dir: &Dir) -> (Pages, Vec<u64>) {
    let log = Log::read(&dir.volume(), 0).unwrap();
    let mut pages = Pages::default();
    log.messages().for_each(|message| pages.apply(message));
    let segments = log.segments.values().rev().skip(2);
    (pages, segments.map(|segment| segment.offset).collect())
}

/// Which sectors of a segment are erased; the first keeps its header.
type IsErased = fn(u64) -> bool;

const ERASED: [(&str, IsErased); 3] = [
    ("all but the header", |sector| sector > 0),
    ("the middle", |sector| (8_000..9_000).contains(&sector)),
    ("one sector", |sector| sector == 10_000),
];

fn erase(dir: &Dir, segment: u64, is_erased: IsErased) {
    let log = File::options().write(true).open(dir.volume().join("db"));
    let log = log.unwrap();
    for sector in (0..SEGMENT_BYTES as u64 / 512).filter(|at| is_erased(*at)) {
        log.write_all_at(&[0; 512], segment + sector * 512).unwrap();
    }
}

/// The store erases what it has free whenever it is opened, and a power cut may bring back the
/// snapshot from before.
#[test]
fn a_segment_that_the_store_was_erasing_may_be_erased_in_part() {
    let (killed, free) = with_a_segment_to_be_erased();
    let erased = killed.copy();
    let (_, report) = erased.open();
    let mut bytes = vec![0; SEGMENT_BYTES];
    let log = File::open(erased.volume().join("db")).unwrap();
    log.read_exact_at(&mut bytes, free).unwrap();
    assert!(bytes.iter().all(|byte| *byte == 0), "it is not erased");
    for (what, is_erased) in ERASED {
        let torn = killed.copy();
        erase(&torn, free, is_erased);
        let read = Log::read(&torn.volume(), 0).unwrap();
        let mut segments = read.segments.values();
        let segment = segments.find(|segment| segment.offset == free).unwrap();
        assert!(segment.unread().count() > 0, "{what}");
        let (ledger, again) = torn.open();
        assert_eq!(again, report, "{what}");
        assert_eq!(verify(&ledger.reader(), T), Ok(report.records), "{what}");
    }
}

/// Refused, and not a byte of its log changed.
fn is_refused(dir: &Dir, what: &str) {
    let log = || std::fs::read(dir.volume().join("db")).unwrap();
    let before = log();
    let refusal = dir.refusal();
    let is_named = matches!(refusal, Error::DamagedStore { .. });
    assert!(is_named, "{what}: {refusal}");
    assert!(log() == before, "{what}: the store was let near it");
}

#[test]
fn a_segment_in_use_that_is_erased_keeps_the_ledger_from_opening() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    for _ in 0..40 {
        append(&mut ledger, T, 8, 120_000).unwrap();
    }
    drop(ledger);
    wait_until_closed(&dir.volume());
    let pieces = layout(dir.path()).unwrap();
    let blocks_in = |at: &u64| {
        let blocks = pieces.iter().filter(|piece| piece.what == "block body");
        let within = *at..at + SEGMENT_BYTES as u64;
        blocks
            .filter(|piece| within.contains(&piece.offset))
            .count()
    };
    let (_, middle) = middle(&dir);
    let used = middle.into_iter().max_by_key(blocks_in).unwrap();
    for (what, is_erased) in ERASED {
        let damaged = dir.copy();
        erase(&damaged, used, is_erased);
        is_refused(&damaged, what);
    }
}

#[test]
fn a_flipped_bit_in_a_segment_that_is_free_is_no_erasure() {
    let (killed, free) = with_a_segment_to_be_erased();
    killed.flip("db", free + 10_000);
    is_refused(&killed, "a flipped bit");
}

/// What was in it can't be asked any more; what was acknowledged can.
#[test]
fn a_segment_that_is_erased_in_part_is_missed_where_more_was_acknowledged() {
    let (killed, free) = with_a_segment_to_be_erased();
    erase(&killed, free, |sector| sector > 0);
    let (_, report) = killed.copy().open();
    let note = |records| {
        let mut witness = Witness::open(&killed.volume()).unwrap();
        witness.note(Note { commit: 1, records }).unwrap();
    };
    note(report.records);
    assert_eq!(killed.copy().open().1, report);
    note(report.records + 1);
    is_refused(&killed, "a lost record");
}
