//! The JSON schema of a registered type, bounded so that nothing an event holds against it can keep
//! the writer busy for long.
//!
//! A schema refers to nothing but its own parts and never to itself, patterns are matched in time
//! that grows with the text alone, and formats are annotations: so any two nodes decide alike.

use super::weight::weigh;
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;
use touchbook_events::Problem;
use touchbook_events::limits::{
    TYPE_CHECK_STEPS_MAX, TYPE_PATTERN_BYTES_MAX, TYPE_SCHEMA_BYTES_MAX,
};

/// Where a check takes more steps, what exactly is wrong is not looked for: each branch of a
/// schema would be written down for each value of the payload.
const EXPLAINED_STEPS_MAX: u64 = 1 << 19;
/// Characters of what a schema says of a payload.
const DETAIL_CHARS_MAX: usize = 300;

/// Dialects that are understood, by what `$schema` says.
const DIALECTS: [(&str, Draft); 2] = [
    (
        "https://json-schema.org/draft/2020-12/schema",
        Draft::Draft202012,
    ),
    ("http://json-schema.org/draft-07/schema", Draft::Draft7),
];

#[derive(Debug)]
pub(super) struct Schema {
    validator: Validator,
    /// How many values it has once its references are replaced.
    values: u64,
}

impl Schema {
    /// # Errors
    /// With a pointer from the schema's root, where one place is at fault.
    pub(super) fn compile(text: &str) -> Result<Self, Problem> {
        let schema = parsed(text)?;
        let draft = dialect(&schema)?;
        let values = weigh(&schema)?;
        let patterns = PatternOptions::regex()
            .size_limit(TYPE_PATTERN_BYTES_MAX)
            .dfa_size_limit(TYPE_PATTERN_BYTES_MAX);
        let validator = jsonschema::options()
            .with_draft(draft)
            .offline()
            .should_validate_formats(false)
            .with_pattern_options(patterns)
            .build(&schema)
            .map_err(|error| {
                let pointer = error.instance_path().as_str();
                Problem::invalid(pointer, clipped(&format!("not a schema: {error}")))
            })?;
        Ok(Self { validator, values })
    }

    /// Holds a payload, of so many bytes as JSON, against the schema.
    ///
    /// # Errors
    /// With the first place, in the order of pointers, that breaks it.
    pub(super) fn check(&self, payload: &Value, bytes: usize) -> Result<(), Problem> {
        let steps = check_steps(self.values, bytes)?;
        if self.validator.is_valid(payload) {
            return Ok(());
        }
        if steps > EXPLAINED_STEPS_MAX {
            let detail = "it breaks the schema of its type";
            return Err(Problem::new("schema_broken", "", detail));
        }
        let first = self.validator.iter_errors(payload).min_by(|one, other| {
            let place = |error: &jsonschema::ValidationError<'_>| {
                (error.instance_path().clone(), error.schema_path().clone())
            };
            place(one).cmp(&place(other))
        });
        let (pointer, detail) = match &first {
            Some(error) => (error.instance_path().as_str(), error.masked().to_string()),
            None => ("", "it breaks the schema of its type".to_owned()),
        };
        Err(Problem::new("schema_broken", pointer, clipped(&detail)))
    }
}

/// How many values the schema in `text` has once its references are replaced: what it costs to hold
/// a payload against it, known without compiling it.
///
/// # Errors
/// As [`Schema::compile`], as far as it can be told.
pub(super) fn values(text: &str) -> Result<u64, Problem> {
    weigh(&parsed(text)?)
}

/// How many steps it takes at most to hold a payload of so many bytes against a schema of so many
/// values.
pub(super) fn check_steps(values: u64, bytes: usize) -> Result<u64, Problem> {
    let steps = values.saturating_mul(bytes as u64);
    if steps <= TYPE_CHECK_STEPS_MAX {
        return Ok(steps);
    }
    let bytes_max = TYPE_CHECK_STEPS_MAX / values.max(1);
    let detail = format!("a payload of this type has at most {bytes_max} bytes, given its schema");
    Err(Problem::new("payload_too_large", "", detail))
}

/// Looked at before anything is done with a schema.
pub(super) fn check_size(text: &str) -> Result<(), Problem> {
    if text.len() <= TYPE_SCHEMA_BYTES_MAX {
        return Ok(());
    }
    let detail = format!("a schema has at most {TYPE_SCHEMA_BYTES_MAX} bytes");
    Err(Problem::invalid("", detail))
}

fn parsed(text: &str) -> Result<Value, Problem> {
    check_size(text)?;
    let schema: Value = serde_json::from_str(text)
        .map_err(|error| Problem::invalid("", format!("not a schema: {error}")))?;
    match schema.is_object() {
        true => Ok(schema),
        false => Err(Problem::invalid("", "must be an object")),
    }
}

fn clipped(text: &str) -> String {
    text.chars().take(DETAIL_CHARS_MAX).collect()
}

fn dialect(schema: &Value) -> Result<Draft, Problem> {
    let Some(said) = schema.get("$schema") else {
        return Ok(Draft::Draft202012);
    };
    let said = said.as_str().map(|said| said.trim_end_matches('#'));
    let known = DIALECTS.iter().find(|(dialect, _)| Some(*dialect) == said);
    known.map(|(_, draft)| *draft).ok_or_else(|| {
        let allowed = DIALECTS.iter().map(|(dialect, _)| *dialect);
        Problem::invalid("/$schema", "not a dialect that is understood").allowing(allowed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use touchbook_events::limits::TYPE_PATTERNS_MAX;

    fn compiled(schema: &Value) -> Result<Schema, Problem> {
        Schema::compile(&schema.to_string())
    }

    fn checked(schema: &Value, payload: &Value) -> Result<(), Problem> {
        let bytes = payload.to_string().len();
        compiled(schema).unwrap().check(payload, bytes)
    }

    #[test]
    fn the_first_place_that_breaks_it_is_named_without_its_value() {
        let schema = json!({
            "required": ["sku"],
            "properties": {
                "a": { "type": "integer" },
                "b": { "$ref": "#/$defs/price" },
                "c": { "pattern": "^x+$" },
            },
            "$defs": { "price": { "minimum": 0 } },
        });
        let good = json!({ "sku": 1, "a": 2, "b": 3.5, "c": "xx" });
        assert_eq!(checked(&schema, &good), Ok(()));
        for (payload, pointer) in [
            (json!({}), ""),
            (json!({ "sku": 1, "a": "secret", "b": -1 }), "/a"),
            (json!({ "sku": 1, "b": -1 }), "/b"),
            (json!({ "sku": 1, "c": "secret" }), "/c"),
        ] {
            let problem = checked(&schema, &payload).unwrap_err();
            assert_eq!(problem.pointer, pointer, "{payload}: {problem}");
            assert!(!problem.detail.contains("secret"), "{problem}");
        }
    }

    /// Nothing is fetched, nothing runs for ever, and nothing grows beyond its limit.
    #[test]
    fn a_schema_that_could_hold_up_the_writer_is_refused() {
        let doubled = |levels: usize| {
            let mut definitions = serde_json::Map::new();
            for level in 0..levels {
                let next = json!({ "$ref": format!("#/$defs/a{}", level + 1) });
                definitions.insert(format!("a{level}"), json!({ "allOf": [next, next] }));
            }
            definitions.insert(format!("a{levels}"), json!({ "type": "object" }));
            json!({ "$ref": "#/$defs/a0", "$defs": definitions })
        };
        assert!(compiled(&doubled(5)).is_ok());
        let unevaluated = |levels: usize| {
            (0..levels).fold(json!({ "type": "object" }), |inner, level| {
                let name = ["unevaluatedProperties", "unevaluatedItems"][level % 2];
                json!({ "anyOf": [inner], name: false })
            })
        };
        assert!(compiled(&unevaluated(4)).is_ok());
        let patterns = |count: usize| {
            let pattern = |number| json!({ "pattern": format!("^[a-z]{{{number}}}$") });
            (0..count).map(pattern).collect::<Vec<_>>()
        };
        let mut often = patterns(TYPE_PATTERNS_MAX);
        often.extend(patterns(TYPE_PATTERNS_MAX));
        assert!(compiled(&json!({ "allOf": often })).is_ok());
        for (schema, word) in [
            (json!([]), "object"),
            (json!({ "$ref": "https://example.com/schema" }), "$ref"),
            (json!({ "$ref": "other.json" }), "$ref"),
            (json!({ "items": { "$ref": "#" } }), "leads back"),
            (json!({ "$ref": "#/$defs/missing" }), "names nothing"),
            (json!({ "items": { "$id": "https://example.com/" } }), "$id"),
            (
                json!({ "items": { "$schema": "http://json-schema.org/draft-04/schema#" } }),
                "$schema",
            ),
            (json!({ "$dynamicRef": "#a" }), "$dynamicRef"),
            (json!({ "$schema": "https://example.com/mine" }), "dialect"),
            (json!({ "type": "text" }), "not a schema"),
            (json!({ "pattern": "(a+)+\\1" }), "not a schema"),
            (
                json!({ "pattern": "(((\\w{90}){90}){90})" }),
                "not a schema",
            ),
            (json!({ "pattern": "\\p{L}{4}aa" }), "not a schema"),
            (
                json!({ "allOf": patterns(TYPE_PATTERNS_MAX + 1) }),
                "patterns",
            ),
            (doubled(12), "values"),
            (unevaluated(25), "values"),
            (doubled(40), "deeper"),
            (
                json!({ "enum": ["x".repeat(TYPE_SCHEMA_BYTES_MAX)] }),
                "bytes",
            ),
            (json!({ "enum": vec![0; 10_001] }), "values"),
        ] {
            let problem = compiled(&schema).map(drop).unwrap_err();
            let text = problem.to_string();
            assert!(text.contains(word), "{word}: {text}");
        }
    }

    #[test]
    fn a_payload_is_only_so_large_as_its_schema_allows() {
        let schema = json!({ "items": { "enum": (0..5_000).collect::<Vec<_>>() } });
        let payload = json!(vec![1; 50_000]);
        let problem = checked(&schema, &payload).unwrap_err();
        assert_eq!(problem.code, "payload_too_large", "{problem}");
    }

    #[test]
    fn formats_say_nothing_and_both_dialects_are_read() {
        let schema = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "properties": { "mail": { "format": "email" } },
        });
        assert_eq!(checked(&schema, &json!({ "mail": "no address" })), Ok(()));
    }
}
