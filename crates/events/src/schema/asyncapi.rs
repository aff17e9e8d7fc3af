//! The AsyncAPI 3 document: which messages travel on which subjects of the stream.

use super::path;
use crate::catalogue::{EventType, Sender};
use crate::limits::{BATCH_EVENTS_MAX, MESSAGE_BYTES_MAX};
use std::fmt::Write;

/// One side of the stream.
struct Side {
    /// First part of its channels' names.
    name: &'static str,
    subject: &'static str,
    summary: &'static str,
    carries: fn(EventType) -> bool,
}

const SIDES: [Side; 2] = [
    Side {
        name: "events",
        subject: "touchbook.events",
        summary: "Producers publish here.",
        carries: |event_type| event_type.senders().contains(&Sender::Producer),
    },
    Side {
        name: "commands",
        subject: "touchbook.commands",
        summary: "The service alone publishes here: what came through HTTP, and what it begins itself.",
        carries: |event_type| {
            let by_writer_alone = event_type.senders() == [Sender::Writer];
            !by_writer_alone
        },
    },
];

/// The document in YAML, alike on every machine; `schemas/asyncapi.yaml` is its copy.
pub fn asyncapi() -> String {
    let mut yaml = Yaml::default();
    info(&mut yaml);
    yaml.line(0, "channels:");
    for side in &SIDES {
        carried(side).for_each(|event_type| channel(&mut yaml, side, event_type));
        batch_channel(&mut yaml, side);
    }
    yaml.line(0, "operations:");
    SIDES.iter().for_each(|side| operation(&mut yaml, side));
    yaml.line(0, "components:");
    yaml.line(2, "parameters:");
    yaml.line(4, "tenant:");
    yaml.line(6, "description: The tenant's slug, `[a-z0-9-]{1,40}`.");
    yaml.line(4, "type:");
    yaml.text(6, "description", REGISTERED_TYPE);
    yaml.line(2, "messages:");
    for event_type in EventType::ALL {
        if SIDES.iter().any(|side| (side.carries)(*event_type)) {
            message(&mut yaml, *event_type);
        }
    }
    batch_message(&mut yaml);
    yaml.line(2, "schemas:");
    envelope(&mut yaml);
    yaml.0
}

fn carried(side: &Side) -> impl Iterator<Item = EventType> {
    let carries = side.carries;
    (EventType::ALL.iter().copied()).filter(move |event_type| carries(*event_type))
}

#[derive(Default)]
struct Yaml(String);

impl Yaml {
    fn line(&mut self, indent: usize, text: &str) {
        writeln!(self.0, "{:indent$}{text}", "").expect("a String takes every line");
    }

    /// A member whose value may hold what YAML would read as more than text.
    fn text(&mut self, indent: usize, name: &str, text: &str) {
        let quoted = text.replace('\'', "''");
        self.line(indent, &format!("{name}: '{quoted}'"));
    }
}

fn info(yaml: &mut Yaml) {
    yaml.line(0, "asyncapi: 3.0.0");
    yaml.line(0, "info:");
    yaml.line(2, "title: Touchbook");
    yaml.line(2, "version: 1.0.0");
    let description = format!(
        "Customer touchpoints on a stream. A message is one CloudEvents 1.0 event in JSON, or a batch \
         of at most {BATCH_EVENTS_MAX}; at most {MESSAGE_BYTES_MAX} bytes."
    );
    yaml.text(2, "description", &description);
    yaml.line(0, "defaultContentType: application/cloudevents+json");
}

fn channel(yaml: &mut Yaml, side: &Side, event_type: EventType) {
    let (name, subject) = (side.name, side.subject);
    yaml.line(2, &format!("{name}.{event_type}:"));
    let last = match event_type.is_named() {
        true => event_type.as_str(),
        false => "{type}",
    };
    yaml.text(4, "address", &format!("{subject}.{{tenant}}.{last}"));
    parameters(yaml);
    if !event_type.is_named() {
        yaml.line(6, "type:");
        yaml.text(8, "$ref", "#/components/parameters/type");
    }
    yaml.line(4, "messages:");
    yaml.line(6, &format!("{event_type}:"));
    yaml.text(8, "$ref", &format!("#/components/messages/{event_type}"));
}

fn batch_channel(yaml: &mut Yaml, side: &Side) {
    yaml.line(2, &format!("{}.batch:", side.name));
    yaml.text(4, "address", &format!("{}.{{tenant}}.batch", side.subject));
    parameters(yaml);
    yaml.line(4, "messages:");
    yaml.line(6, "batch:");
    yaml.text(8, "$ref", "#/components/messages/batch");
}

fn parameters(yaml: &mut Yaml) {
    yaml.line(4, "parameters:");
    yaml.line(6, "tenant:");
    yaml.text(8, "$ref", "#/components/parameters/tenant");
}

fn operation(yaml: &mut Yaml, side: &Side) {
    let names = carried(side).map(|event_type| event_type.to_string());
    for name in names.chain(["batch".to_owned()]) {
        yaml.line(2, &format!("receive.{}.{name}:", side.name));
        yaml.line(4, "action: receive");
        yaml.text(4, "summary", side.summary);
        yaml.line(4, "channel:");
        yaml.text(6, "$ref", &format!("#/channels/{}.{name}", side.name));
    }
}

fn message(yaml: &mut Yaml, event_type: EventType) {
    yaml.line(4, &format!("{event_type}:"));
    yaml.line(6, &format!("name: {event_type}"));
    yaml.line(6, "contentType: application/cloudevents+json");
    yaml.line(6, "payload:");
    yaml.line(8, "allOf:");
    yaml.text(10, "- $ref", "#/components/schemas/envelope");
    yaml.line(10, "- properties:");
    yaml.line(14, "type:");
    match event_type.is_named() {
        true => yaml.line(16, &format!("const: {event_type}")),
        false => yaml.text(16, "description", REGISTERED_TYPE),
    }
    yaml.line(14, "data:");
    yaml.text(16, "$ref", &format!(".{}.json", path_in_folder(event_type)));
}

/// The schemas' files stand beside the document.
fn path_in_folder(event_type: EventType) -> String {
    let path = path(event_type);
    path.strip_prefix("/schemas").unwrap_or(&path).to_owned()
}

fn batch_message(yaml: &mut Yaml) {
    yaml.line(4, "batch:");
    yaml.line(6, "name: batch");
    yaml.line(6, "contentType: application/cloudevents-batch+json");
    yaml.line(6, "headers:");
    yaml.line(8, "type: object");
    yaml.line(8, "properties:");
    yaml.line(10, "Touchbook-Atomic:");
    yaml.line(12, "enum: ['true']");
    yaml.line(12, "description: All of its events are accepted, or none.");
    yaml.line(6, "payload:");
    yaml.line(8, "type: array");
    yaml.line(8, &format!("maxItems: {BATCH_EVENTS_MAX}"));
    yaml.line(8, "items:");
    yaml.text(10, "$ref", "#/components/schemas/envelope");
}

const REGISTERED_TYPE: &str =
    "The name of a type that the tenant registered, such as `shop.visit`.";

/// Stands below the last attribute with a limit.
const SUBJECT: &str = "The object it is about. Absent, it is `<object>/<own key>` where the payload \
                       has one, such as `order/12345`, else `<object>/<source>#<id>`, with `%` and \
                       `#` of the source percent-encoded; what is longer than a subject may be is \
                       `<object>/#<digest>`.";

const EXPECTED_POSITION: &str = "For types about a customer or a policy: it counts only if the \
                                 object's last change is at most at this position.";

fn envelope(yaml: &mut Yaml) {
    yaml.line(4, "envelope:");
    yaml.line(6, "type: object");
    yaml.line(6, "required: [specversion, id, source, type]");
    yaml.line(6, "properties:");
    yaml.line(8, "specversion:");
    yaml.line(10, "const: '1.0'");
    for name in ["id", "source", "subject"] {
        yaml.line(8, &format!("{name}:"));
        yaml.line(10, "type: string");
        yaml.line(10, "minLength: 1");
        yaml.line(
            10,
            &format!("maxLength: {}", crate::limits::ATTRIBUTE_CHARS_MAX),
        );
    }
    yaml.text(10, "description", SUBJECT);
    for name in ["type", "time", "dataschema", "tenantid", "traceparent"] {
        yaml.line(8, &format!("{name}:"));
        yaml.line(10, "type: string");
    }
    yaml.line(8, "expectedposition:");
    yaml.line(10, "type: string");
    yaml.line(10, "pattern: '^[0-9]+$'");
    yaml.text(10, "description", EXPECTED_POSITION);
    yaml.line(8, "data:");
    yaml.line(10, "type: object");
}
