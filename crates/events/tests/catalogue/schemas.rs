//! Schemas agree with the reader: examples pass both, and so does what comes back.

use crate::{example, files, read};
use serde_json::Value;
use touchbook_events::{Data, EventType, Record, schema};

fn validator(event_type: EventType) -> jsonschema::Validator {
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema::of(event_type))
        .unwrap_or_else(|error| panic!("the schema of {event_type}: {error}"))
}

fn refusals(event_type: EventType, payload: &Value) -> Vec<String> {
    validator(event_type)
        .iter_errors(payload)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn value(data: &Data) -> Value {
    serde_json::to_value(data).unwrap()
}

#[test]
fn the_schemas_of_the_repository_are_generated() {
    for event_type in EventType::ALL {
        let text = serde_json::to_string_pretty(&schema::of(*event_type)).unwrap() + "\n";
        files::same(&format!("{}.json", &schema::path(*event_type)[1..]), &text);
    }
    let mut known: Vec<String> = EventType::ALL.iter().map(ToString::to_string).collect();
    known.sort();
    assert_eq!(files::names_in("schemas/events"), known);
}

#[test]
fn the_asyncapi_document_of_the_repository_is_generated() {
    files::same("schemas/asyncapi.yaml", &schema::asyncapi());
}

#[test]
fn every_example_passes_its_schema_and_the_reader() {
    for event_type in EventType::ALL {
        let payload = schema::example(*event_type);
        assert_eq!(refusals(*event_type, &payload), [""; 0], "{event_type}");
        let record = example(*event_type);
        assert_eq!(record.header.event_type, *event_type);
        assert_eq!(Record::decode(&record.to_bytes().unwrap()).unwrap(), record);
    }
}

/// What an answer shows of a payload passes the schema too, and reads as the same payload.
#[test]
fn what_is_written_passes_its_schema_and_reads_alike() {
    for event_type in EventType::ALL {
        let record = example(*event_type);
        let payload = value(&record.data);
        assert_eq!(refusals(*event_type, &payload), [""; 0], "{event_type}");
        let mut event: Value = serde_json::from_str(event_type.example()).unwrap();
        event["data"] = payload;
        let again =
            read(&event.to_string()).unwrap_or_else(|error| panic!("{event_type}: {error}"));
        assert_eq!(value(&again.data), value(&record.data), "{event_type}");
    }
}

/// S3-038: a template comes back equal, its `next_step: null` too.
#[test]
fn members_come_back_as_they_were_sent() {
    for event_type in [
        EventType::TemplateDefined,
        EventType::QuoteUpdated,
        EventType::CallTranscribed,
        EventType::InteractionUpdated,
        EventType::OrderRefunded,
    ] {
        let mut data = example(event_type).data;
        data.resolve(chrono_tz::Tz::UTC);
        assert_eq!(value(&data), schema::example(event_type), "{event_type}");
    }
}

/// Members that an example lacks: they contradict others, or are filled in.
const LACKING: [(EventType, &[&str]); 9] = [
    (EventType::DeadLetterResolved, &["dismissed"]),
    (EventType::CallOutcomeRecorded, &["outcome_raw"]),
    (EventType::CallRecordingUpdated, &["call_id"]),
    (EventType::SocialReceived, &["social_id", "in_reply_to"]),
    (
        EventType::SocialSent,
        &["post_url", "metadata", "requires_response"],
    ),
    (EventType::InteractionLogged, &["outcome_raw"]),
    (
        EventType::InteractionUpdated,
        &["type", "assignee", "description"],
    ),
    (
        EventType::InteractionCompleted,
        &["outcome_raw", "next", "expected_position"],
    ),
    (EventType::UserDefined, &["customer"]),
];

#[test]
fn every_example_shows_every_member_of_its_type() {
    for event_type in EventType::ALL {
        let lacking = LACKING.iter().find(|(lacks, _)| lacks == event_type);
        let lacking = lacking.map_or(&[][..], |(_, names)| names);
        let payload = schema::example(*event_type);
        for name in schema::of(*event_type)["properties"]
            .as_object()
            .unwrap()
            .keys()
        {
            let shown = payload.get(name).is_some();
            assert_ne!(
                shown,
                lacking.contains(&name.as_str()),
                "{event_type}: `{name}`"
            );
        }
    }
}

#[test]
fn schemas_describe_types_and_name_what_is_required() {
    for event_type in EventType::ALL {
        let schema = schema::of(*event_type);
        assert!(schema["description"].is_string(), "{event_type}");
    }
    let order = schema::of(EventType::OrderUpdated);
    let status = order["properties"]["status"]["description"].as_str();
    assert_eq!(status, Some("The shop's own word for it (C6)."));
    let created = schema::of(EventType::InteractionCreated);
    let mut required: Vec<&str> = (created["required"].as_array().unwrap().iter())
        .filter_map(Value::as_str)
        .collect();
    required.sort_unstable();
    assert_eq!(required, ["customer", "title", "type"]);
}

/// A time that the reader takes has the schema's pattern, and the other way round.
#[test]
fn times_are_read_as_the_schema_says() {
    let validator = validator(EventType::CallEnded);
    for (text, is_a_time) in [
        ("2024-01-15T10:30:00Z", true),
        ("2024-01-15t10:30:00.123456+02:00", true),
        ("2024-01-15 10:30:00", true),
        ("2024-01-15T10:30:00", true),
        ("2024-01-15", true),
        ("2024-1-5", false),
        ("2024-01-15T10:30", false),
        ("15/01/24", false),
        ("2024-13-01", false),
        (" 2024-01-15", false),
        ("2024-01-15T10:30:00Z ", false),
        ("2024-01-15T24:30:00Z", false),
        ("2024-01-15T10:30:00.Z", false),
        ("2024-01-15T10:30:00+0200", false),
    ] {
        let payload = serde_json::json!({ "ended_at": text });
        assert_eq!(validator.is_valid(&payload), is_a_time, "schema, {text:?}");
        let event = crate::event("call.ended", &payload.to_string());
        assert_eq!(read(&event).is_ok(), is_a_time, "reader, {text:?}");
    }
}
