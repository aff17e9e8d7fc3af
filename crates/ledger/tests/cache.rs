//! What the store keeps in memory of what was read.

// The attribute tells clippy that helpers in here, too, are test code.
#[cfg(test)]
mod cache {
    use std::fs::OpenOptions;
    use std::os::unix::fs::FileExt;
    use std::path::Path;
    use tempfile::tempdir;
    use touchbook_events::TenantNumber;
    use touchbook_ledger::layout::layout;
    use touchbook_ledger::{Commit, Ledger, NewRecord, Options, Peek};

    const TENANT: TenantNumber = TenantNumber(7);
    /// One to a block, and more pages of them than sled's cache has parts.
    const RECORDS: u64 = 4_500;
    const RECORD_BYTES: usize = 17_000;
    const COMMIT_RECORDS: u64 = 50;
    /// One that is read before most others, so that it is the last of no part of the cache.
    const EARLY: u64 = 4_000;

    /// A position, and bytes that don't compress.
    fn record(position: u64) -> Vec<u8> {
        let mut bytes = position.to_le_bytes().to_vec();
        bytes.resize(RECORD_BYTES, 0);
        blake3::Hasher::new()
            .update(&position.to_le_bytes())
            .finalize_xof()
            .fill(&mut bytes[8..]);
        bytes
    }

    fn peek(bytes: &[u8]) -> Option<Peek> {
        Some(Peek {
            position: u64::from_le_bytes(*bytes.first_chunk()?),
            event_key: [0; 16],
            customer: None,
        })
    }

    fn fill(data_dir: &Path) {
        let (mut ledger, _) = Ledger::open(data_dir, &Options::default(), peek).unwrap();
        for first in (1..=RECORDS).step_by(COMMIT_RECORDS as usize) {
            let records: Vec<_> = (first..first + COMMIT_RECORDS).map(record).collect();
            let new = |bytes| NewRecord {
                bytes,
                peek: peek(bytes).unwrap(),
            };
            let records = records.iter().map(|bytes| new(bytes)).collect();
            ledger
                .append(&Commit {
                    tenants: vec![(TENANT, records)],
                    checkpoint: None,
                })
                .unwrap();
        }
        ledger.close().unwrap();
    }

    /// Changes a byte in every copy of the block that holds the record at `position`, whose end is
    /// the record's.
    fn damage(data_dir: &Path, position: u64) {
        let log = data_dir.join("ledger/0001/db");
        let log = OpenOptions::new().read(true).write(true).open(log).unwrap();
        let record = record(position);
        let end_of_record: &[u8; 32] = record.last_chunk().unwrap();
        let mut copies = 0;
        let pieces = layout(data_dir).unwrap().into_iter();
        for block in pieces.filter(|piece| piece.what == "block body") {
            let mut end = [0; 32];
            let at = block.offset + block.len - end.len() as u64;
            log.read_exact_at(&mut end, at).unwrap();
            if end == *end_of_record {
                log.write_all_at(&[!end[0]], at).unwrap();
                copies += 1;
            }
        }
        assert!(copies > 0);
    }

    /// That a page was forgotten shows where the disk has another one by now.
    #[test]
    fn what_a_start_has_read_does_not_stay_in_memory() {
        let dir = tempdir().unwrap();
        fill(dir.path());
        let (ledger, _) = Ledger::open(dir.path(), &Options::default(), peek).unwrap();
        let reader = ledger.reader();
        damage(dir.path(), EARLY);
        let read = || reader.record(TENANT, EARLY);
        assert!(read().is_ok(), "the start has just read it");

        assert!(!reader.tend_cache(), "much was read since the last look");
        assert!(reader.tend_cache());
        assert!(read().is_err(), "it comes from the disk");
        assert!(!reader.tend_cache(), "little was read since");
    }
}
