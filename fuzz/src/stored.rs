//! What the ledger stores.

use touchbook_events::{Header, Record};

pub use touchbook_ledger::fuzzing::{block, frame, log};

/// A record that is read is written, read and written alike. Numbers may be spelt at more length
/// than we spell them, so the first bytes may differ.
pub fn record(bytes: &[u8]) -> bool {
    let peeked = Header::peek(bytes);
    let Ok(record) = Record::decode(bytes) else {
        return false;
    };
    assert_eq!(peeked.expect("a record has a header"), record.header);
    let written = record.to_bytes().expect("what was read can be written");
    let again = Record::decode(&written).expect("what was written can be read");
    assert_eq!(again, record, "a record comes back");
    assert_eq!(again.to_bytes().expect("as before"), written);
    // Text that is no JSON may stand where JSON should; answers then fail, and nothing else does.
    let _ = serde_json::to_string(&record.data);
    true
}
