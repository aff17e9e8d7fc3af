//! How far the stream was read, as the stream says it and as the ledger keeps it.

use touchbook_ledger as ledger;
use touchbook_stream as stream;

pub(crate) fn stored(read: stream::Checkpoint) -> ledger::Checkpoint {
    ledger::Checkpoint {
        stream_created_at_micros: read.stream_created_at_micros,
        sequence: read.sequence,
        digest: read.digest,
        partial: read.partial.map(|partial| ledger::Partial {
            items_done: partial.items_done,
            digest: partial.digest,
        }),
    }
}

pub(crate) fn read(stored: ledger::Checkpoint) -> stream::Checkpoint {
    stream::Checkpoint {
        stream_created_at_micros: stored.stream_created_at_micros,
        sequence: stored.sequence,
        digest: stored.digest,
        partial: stored.partial.map(|partial| stream::Partial {
            items_done: partial.items_done,
            digest: partial.digest,
        }),
    }
}
