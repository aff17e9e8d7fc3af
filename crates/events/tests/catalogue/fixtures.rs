//! Bytes once written decode for ever (design law 6).

use crate::{example, files};
use serde_json::Value;
use touchbook_events::catalogue::call::Direction;
use touchbook_events::catalogue::custom::CountsAs;
use touchbook_events::catalogue::sentiment::SentimentLabel;
use touchbook_events::score::Sentiment;
use touchbook_events::{Code, CustomerRef, Data, EventType, Header, Record, Score, Text};

const FOLDER: &str = "crates/events/fixtures";

fn hex(bytes: &[u8]) -> String {
    let lines: Vec<String> = bytes
        .chunks(48)
        .map(|chunk| chunk.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    lines.join("\n") + "\n"
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .collect();
    digits
        .chunks(2)
        .map(|pair| (pair[0] * 16 + pair[1]) as u8)
        .collect()
}

/// Each type's example, under one fixed header, has the bytes that it had when it was added; and
/// what any version ever wrote is read, and written again alike.
#[test]
fn bytes_once_written_decode_for_ever() {
    for event_type in EventType::ALL {
        let path = format!("{FOLDER}/{event_type}.v{}.hex", event_type.version());
        let mut example = example(*event_type);
        decide(&mut example);
        if files::exists(&path) {
            keep_made_subject(&mut example, &decoded(&path).1);
        }
        files::for_ever(&path, &hex(&example.to_bytes().unwrap()));
    }
    for name in files::names_in(FOLDER) {
        let (bytes, record) = decoded(&format!("{FOLDER}/{name}"));
        assert_eq!(Header::peek(&bytes).unwrap(), record.header, "{name}");
        let event_type = record.header.event_type;
        assert!(name.starts_with(&format!("{event_type}.v")), "{name}");
        if record.header.version == event_type.version() {
            assert_eq!(record.to_bytes().unwrap(), bytes, "{name}");
        }
    }
}

/// Fills what a registration makes of an event, which its record holds too.
fn decide(example: &mut Record) {
    let Data::Custom(custom) = &mut example.data else {
        return;
    };
    let facts = &mut custom.facts;
    facts.source = Code::clipped("shop");
    facts.counts_as = Some(CountsAs::Chat);
    facts.direction = Some(Direction::Inbound);
    facts.score = Sentiment::new(Score::from_millionths(500_000));
    facts.label = Some(SentimentLabel::Positive);
    let personal = custom.personal.as_mut().unwrap();
    personal.title = Some(Text::clipped("Looked at sofas"));
    personal.preview = Some(Text::clipped("Wants a red one."));
    personal.customer = Some(CustomerRef {
        email: Some(Text::clipped("jane@example.com")),
        ..CustomerRef::default()
    });
}

fn decoded(path: &str) -> (Vec<u8>, Record) {
    let bytes = unhex(&files::text_of(path));
    let record = Record::decode(&bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
    (bytes, record)
}

/// The subject of an event that names none is made when it is read, and stands in its record as it
/// was made then: first of the event's id alone, now of its source too.
fn keep_made_subject(example: &mut Record, known: &Record) {
    let event: Value = serde_json::from_str(example.header.event_type.example()).unwrap();
    let made = |record: &Record| record.sent.as_ref().unwrap().subject.clone();
    let of_id = format!(
        "{}/{}",
        example.header.event_type.object(),
        event["id"].as_str().unwrap()
    );
    if event.get("subject").is_none() && *made(known) == *of_id {
        example.header.subject = known.header.subject;
        example.sent.as_mut().unwrap().subject = made(known);
    }
}

/// What the first version knew nothing of is absent.
#[test]
fn a_member_that_a_later_version_added_is_absent_in_what_was_written_before() {
    let (_, record) = decoded(&format!("{FOLDER}/event.retracted.v1.hex"));
    let Data::EventRetracted(data) = &record.data else {
        panic!("it is {}", record.header.event_type);
    };
    assert_eq!(data.facts.positions, [41, 42]);
    assert_eq!(data.facts.replaced_by, Some(43));
    assert!(data.facts.customers.is_empty());
}

/// What erasure leaves: the facts decode, the personal part is gone, and stays gone when written.
#[test]
fn an_erased_record_keeps_its_facts() {
    for event_type in EventType::ALL {
        let mut record = example(*event_type);
        record.data.erase();
        record.sent = None;
        let bytes = record.to_bytes().unwrap();
        assert_eq!(Record::decode(&bytes).unwrap(), record, "{event_type}");
    }
}

#[test]
fn numbers_and_names_of_types_are_unique() {
    for event_type in EventType::ALL {
        assert_eq!(EventType::from_code(event_type.code()), Some(*event_type));
        assert_eq!(EventType::parse(event_type.as_str()), Some(*event_type));
    }
}
