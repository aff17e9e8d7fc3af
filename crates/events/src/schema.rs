//! JSON schemas of the catalogue, as `schemas/events` holds them, and the AsyncAPI document.

mod asyncapi;

pub use asyncapi::asyncapi;

use crate::catalogue::{Data, EventType};
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The schema of `event_type`'s payload, JSON Schema 2020-12, with an example.
pub fn of(event_type: EventType) -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let mut schema = Data::schema_of(event_type, &mut generator);
    schema.insert(
        "$schema".to_owned(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    schema.insert("$id".to_owned(), path(event_type).into());
    schema.insert("title".to_owned(), event_type.as_str().into());
    schema.insert(
        "examples".to_owned(),
        Value::Array(vec![example(event_type)]),
    );
    schema.to_value()
}

/// The payload of the type's example.
pub fn example(event_type: EventType) -> Value {
    let event: Value = serde_json::from_str(event_type.example()).expect("an example is JSON");
    event["data"].clone()
}

/// Where the service answers the schema, and what `dataschema` names.
pub fn path(event_type: EventType) -> String {
    format!(
        "/schemas/events/{}/{}",
        event_type.as_str(),
        event_type.version()
    )
}
