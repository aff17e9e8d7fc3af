//! An entry as it is kept: packed into bytes, and read without copying.

use crate::details::Details;
use crate::title::Title;
use serde::{Deserialize, Serialize};
use touchbook_events::catalogue::sentiment::Felt;
use touchbook_events::{Data, EntrySource, EventType, Record, Timestamp};
use touchbook_projection::latest::{position_at, steps_from};
use touchbook_projection::{Encoded, Judged, Latest, Place, Stamp};

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
    pub(crate) sentiment: Judged<Felt>,
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
            sentiment: Judged::default(),
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
        if let Data::Custom(custom) = &record.data {
            let (score, label) = (custom.facts.score, custom.facts.label);
            let felt = score.zip(label).map(|(score, label)| Felt {
                score: *score,
                label,
            });
            if let Some(felt) = felt {
                self.sentiment.set(&record.header, felt);
            }
        }
    }
}

/// An entry's bytes, where all of them lie. They count times and positions from the entry's place,
/// since most of what is said of an entry is said close to it: that saves a third of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed<'a>(pub(crate) &'a [u8]);

impl<'a> Packed<'a> {
    pub(crate) fn stored(self, place: Place) -> Stored<'a> {
        let mut stored: Stored<'_> =
            postcard::from_bytes(self.0).expect("bytes of an entry are those that were encoded");
        stored.count_from_zero(place);
        stored
    }

    pub(crate) fn source(self) -> EntrySource {
        Details::source_of(self.0.first().copied().unwrap_or_default())
    }

    /// The source of a registered type's entry, without reading the rest.
    pub(crate) fn custom_source(self) -> Option<&'a str> {
        match postcard::take_from_bytes::<Details<'_>>(self.0) {
            Ok((Details::Custom(custom), _)) => Some(custom.source),
            _ => None,
        }
    }

    /// Refuses what is no entry, so that everything in a state can be read.
    pub(crate) fn is_readable(self) -> bool {
        postcard::from_bytes::<Stored<'_>>(self.0).is_ok()
    }
}

impl Stored<'_> {
    /// The bytes of an entry at `place`.
    pub(crate) fn pack(mut self, place: Place) -> Encoded {
        self.count_from(place);
        Encoded::of(&self)
    }

    fn count_from(&mut self, place: Place) {
        self.last_position = self.last_position.wrapping_sub(place.position);
        self.recorded_at = since(self.recorded_at, place);
        self.restamp(|stamp| Stamp {
            time: since(stamp.time, place),
            position: steps_from(place.position, stamp.position),
        });
    }

    fn count_from_zero(&mut self, place: Place) {
        self.last_position = self.last_position.wrapping_add(place.position);
        self.recorded_at = after(self.recorded_at, place);
        self.restamp(|stamp| Stamp {
            time: after(stamp.time, place),
            position: position_at(place.position, stamp.position),
        });
    }

    fn restamp(&mut self, of: impl Fn(Stamp) -> Stamp) {
        self.sentiment.restamp(&of);
        self.preview.restamp(&of);
        self.details.restamp(&of);
    }
}

fn since(time: Timestamp, place: Place) -> Timestamp {
    Timestamp::from_micros(time.micros().wrapping_sub(place.occurred_at.micros()))
}

fn after(time: Timestamp, place: Place) -> Timestamp {
    Timestamp::from_micros(time.micros().wrapping_add(place.occurred_at.micros()))
}

/// An entry as it is read; serialises to what answers show (`http.md` §2).
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    pub(crate) place: Place,
    pub(crate) stored: Stored<'a>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(place: Place, packed: Packed<'a>) -> Self {
        Self {
            place,
            stored: packed.stored(place),
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

    /// What it is shown and filtered as; a registered type's own source has no other name.
    pub fn source_name(&self) -> &'a str {
        match &self.stored.details {
            Details::Custom(custom) => custom.source,
            details => details.source().as_str(),
        }
    }

    /// The type of its first record as it was sent.
    pub fn type_name(&self) -> &'a str {
        match &self.stored.details {
            Details::Custom(custom) => custom.name,
            _ => self.stored.event_type.as_str(),
        }
    }

    /// What somebody said of it, else what our own scorer found.
    pub fn sentiment(&self) -> Option<Felt> {
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
    pub(crate) sentiment: Judged<Felt>,
    /// Of a planned step.
    pub(crate) kind: Latest<Box<str>>,
    pub(crate) title: Latest<Box<str>>,
}
