//! Records of the reference mix, as the engine stores them.

use std::ops::Range;
use touchbook_events::incoming::Entrance;
use touchbook_events::record::NOT_SEALED;
use touchbook_events::{CustomerId, Decision, Digest, Header, Incoming, Principal, Record};
use touchbook_events::{TenantKey, Timestamp};
use touchbook_ledger::{NewRecord, Peek};
use touchbook_testkit::Mix;

/// Events are read once and come again in turn, under other ids: reading is not what is measured,
/// and the store compresses pieces that are far shorter than a turn.
const CUSTOMERS_READ: u64 = 200;
const EVENTS_A_CUSTOMER: u64 = 20;

const CUSTOMERS: u64 = 50_000;
const FIRST_RECORDED_MICROS: i64 = 1_700_000_000_000_000;

/// One record after the other.
pub(crate) struct Records {
    key: TenantKey,
    read: Vec<Record>,
}

/// Consecutive records, encoded.
pub(crate) struct Encoded {
    records: Vec<(Peek, Range<usize>)>,
    bytes: Vec<u8>,
}

impl Encoded {
    pub(crate) fn news(&self) -> Vec<NewRecord<'_>> {
        let records = self.records.iter();
        let news = records.map(|(peek, range)| NewRecord {
            bytes: &self.bytes[range.clone()],
            peek: *peek,
        });
        news.collect()
    }

    pub(crate) fn event_keys(&self) -> impl Iterator<Item = &[u8; 16]> {
        self.records.iter().map(|(peek, _)| &peek.event_key)
    }
}

impl Records {
    pub(crate) fn new() -> Self {
        let key = TenantKey::from_salt(b"disk");
        let mix = Mix::new(1, 0..CUSTOMERS_READ, EVENTS_A_CUSTOMER);
        let mut json = Vec::new();
        let mut read = |index| {
            json.clear();
            mix.write(index, &mut json);
            let json = std::str::from_utf8(&json).unwrap();
            let (entrance, principal) = (Entrance::Producer, Principal::producer());
            record(Incoming::read(json, entrance, &principal, &key).unwrap())
        };
        Self {
            read: (0..mix.events()).map(&mut read).collect(),
            key,
        }
    }

    /// The records at `positions`.
    pub(crate) fn encoded(&mut self, positions: Range<u64>) -> Encoded {
        let mut encoded = Encoded {
            records: Vec::new(),
            bytes: Vec::new(),
        };
        for position in positions {
            let record = self.at(position);
            let start = encoded.bytes.len();
            record.encode(&mut encoded.bytes).unwrap();
            let range = start..encoded.bytes.len();
            encoded.records.push((peek_of(&record.header), range));
        }
        encoded
    }

    fn at(&mut self, position: u64) -> &Record {
        let digest = |domain, number: u64| self.key.digest(domain, &number.to_le_bytes());
        let (event_key, subject) = (digest("event", position), digest("subject", position));
        let content = digest("content", position);
        let Digest(customer) = digest("customer", position % CUSTOMERS);
        let index = position % self.read.len() as u64;
        let record = &mut self.read[index as usize];
        let header = &mut record.header;
        header.position = position;
        header.event_key = event_key;
        header.subject = subject;
        header.content = content;
        header.customer = Some(CustomerId::from_bytes(customer));
        header.recorded_at = Timestamp::from_micros(FIRST_RECORDED_MICROS + position as i64 * 997);
        header.stream_sequence = position;
        record
    }
}

fn record(incoming: Incoming) -> Record {
    let event_type = incoming.data.event_type();
    let header = Header {
        position: 0,
        event_key: incoming.event_key,
        customer: None,
        event_type,
        version: event_type.version(),
        time: incoming.time.unwrap().at(),
        recorded_at: Timestamp::MIN,
        principal: incoming.principal,
        stream_sequence: 0,
        decision: Decision::Effective,
        cause: None,
        correlation: None,
        subject: incoming.subject,
        content: incoming.content,
        key: NOT_SEALED,
    };
    Record {
        header,
        data: incoming.data,
        sent: Some(incoming.sent),
    }
}

/// As the engine's: what is nobody's counts as one customer's.
pub(crate) fn peek(bytes: &[u8]) -> Option<Peek> {
    Header::peek(bytes).ok().as_ref().map(peek_of)
}

fn peek_of(header: &Header) -> Peek {
    Peek {
        position: header.position,
        event_key: header.event_key.0,
        customer: Some(*header.customer.unwrap_or(CustomerId::NIL).as_bytes()),
    }
}
