//! An entry as it is kept: packed into bytes, and read without copying.

use crate::details::Details;
use crate::title::Title;
use serde::{Deserialize, Serialize};
use touchbook_events::catalogue::sentiment::SentimentLabel;
use touchbook_events::{EntrySource, EventType, Record, Score, Timestamp};
use touchbook_projection::{Latest, Stamp};

/// Where an entry stands, for ever: when its first record happened, ties by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) occurred_at: Timestamp,
    /// Of the entry's first record.
    pub(crate) position: u64,
}

/// What is felt in an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentiment {
    /// −1 to 1.
    pub score: Score,
    pub label: SentimentLabel,
}

/// Everything of an entry but its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stored<'a> {
    /// First, so that the first byte tells the source.
    #[serde(borrow)]
    pub(crate) details: Details<'a>,
    pub(crate) event_type: EventType,
    /// `None` once erased, as is `event_id`.
    pub(crate) entry_id: Option<&'a str>,
    pub(crate) event_id: Option<&'a str>,
    pub(crate) recorded_at: Timestamp,
    pub(crate) last_position: u64,
    pub(crate) revision_count: u32,
    pub(crate) sentiment: Latest<Sentiment>,
    pub(crate) preview: Latest<&'a str>,
}

impl<'a> Stored<'a> {
    /// An entry that `record` makes, before it takes what the record says.
    pub(crate) fn new(record: &'a Record) -> Option<Self> {
        let sent = record.sent.as_ref();
        Some(Self {
            details: Details::of(record.header.event_type)?,
            event_type: record.header.event_type,
            entry_id: sent.map(|sent| &*sent.subject),
            event_id: sent.map(|sent| &*sent.id),
            recorded_at: record.header.recorded_at,
            last_position: 0,
            revision_count: 0,
            sentiment: Latest::default(),
            preview: Latest::default(),
        })
    }

    /// Takes what one more record of the entry's subject says.
    pub(crate) fn take(&mut self, record: &'a Record, preview: Option<&'a str>) {
        let stamp = Stamp::changed_at(&record.header, record.data.changed_at());
        self.last_position = record.header.position;
        self.revision_count = self.revision_count.saturating_add(1);
        self.preview.set_some(stamp, preview);
        self.details.take(stamp, &record.header, &record.data);
    }
}

/// An entry's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed(Box<[u8]>);

impl Packed {
    /// Encodes on the stack first: an allocation of the very size, and only one.
    pub(crate) fn of(stored: &Stored<'_>) -> Self {
        let mut bytes = [0; BYTES_USUAL];
        if let Ok(bytes) = postcard::to_slice(stored, &mut bytes) {
            return Self(Box::from(&*bytes));
        }
        let bytes = postcard::to_stdvec(stored);
        Self(
            bytes
                .expect("an entry holds nothing that can't be encoded")
                .into_boxed_slice(),
        )
    }

    pub(crate) fn stored(&self) -> Stored<'_> {
        postcard::from_bytes(&self.0).expect("bytes of an entry are those that were encoded")
    }

    pub(crate) fn source(&self) -> EntrySource {
        Details::source_of(self.0.first().copied().unwrap_or_default())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Most entries are smaller.
const BYTES_USUAL: usize = 512;

impl Serialize for Packed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// Refuses bytes that are no entry, so that everything in a state can be read.
impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = <&'de [u8]>::deserialize(deserializer)?;
        match postcard::from_bytes::<Stored<'_>>(bytes) {
            Ok(_) => Ok(Self(bytes.into())),
            Err(_) => Err(serde::de::Error::custom("not a timeline entry")),
        }
    }
}

/// An entry as it is read; serialises to what answers show (`http.md` §2).
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    pub(crate) place: Place,
    pub(crate) stored: Stored<'a>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(place: Place, packed: &'a Packed) -> Self {
        Self {
            place,
            stored: packed.stored(),
        }
    }

    /// The subject as text; `None` once erased.
    pub fn entry_id(&self) -> Option<&'a str> {
        self.stored.entry_id
    }

    /// Of its first record, as are `event_id`, `event_type`, `occurred_at` and `recorded_at`.
    pub fn position(&self) -> u64 {
        self.place.position
    }

    pub fn event_id(&self) -> Option<&'a str> {
        self.stored.event_id
    }

    pub fn event_type(&self) -> EventType {
        self.stored.event_type
    }

    pub fn occurred_at(&self) -> Timestamp {
        self.place.occurred_at
    }

    pub fn recorded_at(&self) -> Timestamp {
        self.stored.recorded_at
    }

    /// Of its newest record, whatever that was about.
    pub fn last_position(&self) -> u64 {
        self.stored.last_position
    }

    /// Records that made or changed it, the first included.
    pub fn revision_count(&self) -> u32 {
        self.stored.revision_count
    }

    pub fn source(&self) -> EntrySource {
        self.stored.details.source()
    }

    pub fn sentiment(&self) -> Option<Sentiment> {
        self.stored.sentiment.copied()
    }

    /// What it is, in words.
    pub fn title(&self) -> String {
        Title(self).to_string()
    }

    pub fn preview(&self) -> Option<&'a str> {
        self.stored.preview.copied()
    }

    pub fn details(&self) -> &Details<'a> {
        &self.stored.details
    }
}

/// What is known of a subject before it has an entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) sentiment: Latest<Sentiment>,
    /// Of a planned step.
    pub(crate) kind: Latest<Box<str>>,
    pub(crate) title: Latest<Box<str>>,
}
