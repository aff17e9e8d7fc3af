//! Readers beside the writer.

use super::support::{Dir, T, append, peek, verify};
use crate::Reader;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

fn read_all_the_time(reader: &Reader, done: &AtomicBool) -> u64 {
    let mut next = 1;
    loop {
        let finished = done.load(Ordering::Acquire);
        let head = reader.head(T).position;
        for run in reader.scan(T, next, head) {
            for (position, bytes) in run.unwrap().iter() {
                let peek = peek(bytes).unwrap();
                assert_eq!((peek.position, position), (next, next));
                next += 1;
            }
        }
        assert_eq!(next, head + 1);
        if head > 0 {
            let record = reader.record(T, head / 2 + 1).unwrap().unwrap();
            let key = peek(&record).unwrap().event_key;
            assert_eq!(reader.find(T, &key).unwrap(), Some(head / 2 + 1));
        }
        if finished {
            return next - 1;
        }
        thread::yield_now();
    }
}

#[test]
fn readers_see_every_record_once_while_it_is_written_and_sealed() {
    let dir = Dir::new();
    let (mut ledger, _) = dir.open();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (reader, done_too) = (ledger.reader(), &done);
        let reading = scope.spawn(move || read_all_the_time(&reader, done_too));
        for turn in 0..150 {
            append(&mut ledger, T, turn % 90 + 1, 300).unwrap();
        }
        done.store(true, Ordering::Release);
        assert_eq!(reading.join().unwrap(), ledger.reader().head(T).position);
    });
    assert!(verify(&ledger.reader(), T).is_ok());
}
