//! The JSON schema of one payload or object, member by member.

use super::Field;
use schemars::{Schema, SchemaGenerator};

/// Builds the JSON schema of one payload.
#[derive(Default)]
pub struct ObjectSchema {
    properties: serde_json::Map<String, serde_json::Value>,
    required: Vec<serde_json::Value>,
}

impl ObjectSchema {
    pub fn member<T: Field + schemars::JsonSchema>(
        &mut self,
        name: &str,
        generator: &mut SchemaGenerator,
        docs: &[&str],
    ) {
        let mut schema = generator.subschema_for::<T>();
        describe(&mut schema, docs);
        self.properties.insert(name.to_owned(), schema.to_value());
        if T::absent().is_none() {
            self.required.push(name.into());
        }
    }

    /// The schema of an object within a payload, which has no unknown members.
    pub fn into_closed_schema(self, docs: &[&str]) -> Schema {
        let mut schema = self.into_schema(docs);
        schema.insert("additionalProperties".to_owned(), false.into());
        schema
    }

    pub fn into_schema(self, docs: &[&str]) -> Schema {
        let mut schema = schemars::json_schema!({
            "type": "object",
            "properties": self.properties,
            "required": self.required,
        });
        describe(&mut schema, docs);
        schema
    }
}

/// Doc comments reach a macro as `doc = r" text"`.
fn describe(schema: &mut Schema, docs: &[&str]) {
    let lines: Vec<&str> = docs
        .iter()
        .filter_map(|doc| doc.strip_prefix("doc ="))
        .map(|doc| doc.trim().trim_start_matches('r').trim_matches('"').trim())
        .collect();
    if !lines.is_empty() {
        schema.insert("description".to_owned(), lines.join(" ").into());
    }
}
