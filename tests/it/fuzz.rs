//! What fuzzers found worth keeping, read again without one.

use crate::root;
use std::fs;
use std::path::PathBuf;

#[expect(
    unreachable_pub,
    reason = "the fuzz targets use it as a library of its own"
)]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// All targets' corpora together.
const CORPUS_BYTES_MAX: u64 = 200 * 1024;

/// The inputs of one target, by name.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = root().join("fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let read = |path: PathBuf| (path.clone(), fs::read(path).unwrap());
    files.into_iter().map(read).collect()
}

/// A corpus without an input that is read to its end proves nothing about what is written again.
#[test]
fn what_fuzzers_kept_is_read_and_written_alike() {
    for (target, call) in targets::TARGETS {
        let inputs = corpus(target);
        let read = inputs.iter().filter(|(path, bytes)| {
            std::panic::catch_unwind(|| call(bytes)).unwrap_or_else(|_| panic!("{path:?}"))
        });
        assert!(read.count() > 0, "no input of {target} is one");
    }
}

/// Reading a prefix or a damaged byte is as safe.
#[test]
fn what_fuzzers_kept_may_be_torn_and_damaged() {
    for (target, call) in targets::TARGETS {
        for (path, mut bytes) in corpus(target) {
            for part in 1..8 {
                let at = bytes.len() * part / 8;
                let torn = std::panic::catch_unwind(|| call(&bytes[..at]));
                assert!(torn.is_ok(), "{path:?} up to {at}");
            }
            for part in 0..8 {
                let at = bytes.len() * part / 8;
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << part;
                }
                let damaged = std::panic::catch_unwind(|| call(&bytes));
                assert!(damaged.is_ok(), "{path:?} damaged up to {at}");
            }
        }
    }
}

#[test]
fn the_corpus_stays_small() {
    let folders = targets::TARGETS.map(|(target, _)| corpus(target));
    let bytes: usize = folders.iter().flatten().map(|(_, bytes)| bytes.len()).sum();
    assert!(bytes as u64 <= CORPUS_BYTES_MAX, "{bytes} bytes");
}
