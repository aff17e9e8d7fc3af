//! The JSON schema of a registered type, bounded so that nothing an event holds against it can keep
//! the writer busy for long.
//!
//! A schema refers to nothing but its own parts and never to itself, patterns are matched in time
//! that grows with the text alone, and formats are annotations: so any two nodes decide alike.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;
use std::collections::BTreeMap;
use touchbook_events::Problem;
use touchbook_events::limits::{
    JSON_DEPTH_MAX, TYPE_CHECK_STEPS_MAX, TYPE_SCHEMA_BYTES_MAX, TYPE_SCHEMA_VALUES_MAX,
};

/// Memory of one compiled pattern.
const PATTERN_BYTES_MAX: usize = 256 * 1024;
/// What a pattern counts as among the values of a schema.
const PATTERN_VALUES: u64 = 100;
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

/// Keywords that move references elsewhere, or make them depend on the way that led there.
const REFUSED: [&str; 6] = [
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveAnchor",
    "$recursiveRef",
    "$vocabulary",
];

/// Keywords that below the root begin a resource of its own, in which references mean others: with
/// `$schema` of an older dialect, `id` does.
const NESTED_REFUSED: [&str; 2] = ["$id", "$schema"];

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
        if text.len() > TYPE_SCHEMA_BYTES_MAX {
            let detail = format!("a schema has at most {TYPE_SCHEMA_BYTES_MAX} bytes");
            return Err(Problem::invalid("", detail));
        }
        let schema: Value = serde_json::from_str(text)
            .map_err(|error| Problem::invalid("", format!("not a schema: {error}")))?;
        if !schema.is_object() {
            return Err(Problem::invalid("", "must be an object"));
        }
        let draft = dialect(&schema)?;
        let values = Weight::of(&schema)?;
        let patterns = PatternOptions::regex()
            .size_limit(PATTERN_BYTES_MAX)
            .dfa_size_limit(PATTERN_BYTES_MAX);
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
        let steps = self.values.saturating_mul(bytes as u64);
        if steps > TYPE_CHECK_STEPS_MAX {
            let bytes_max = TYPE_CHECK_STEPS_MAX / self.values.max(1);
            let detail =
                format!("a payload of this type has at most {bytes_max} bytes, given its schema");
            return Err(Problem::new("payload_too_large", "", detail));
        }
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

/// Counts values, each reference as what it names.
struct Weight<'a> {
    root: &'a Value,
    /// By reference; `None` while it is being counted.
    counted: BTreeMap<&'a str, Option<Count>>,
}

/// How many values a part of a schema has, and how many are looked at once more for each
/// `unevaluated…` around it: those of every branch, and of every branch of each branch.
#[derive(Clone, Copy)]
struct Count {
    values: u64,
    again: u64,
}

impl Count {
    const ONE: Self = Self::of(1);
    const NONE: Self = Self::of(0);

    const fn of(values: u64) -> Self {
        Self {
            values,
            again: values,
        }
    }

    fn and(self, more: Self) -> Self {
        Self {
            values: self.values.saturating_add(more.values),
            again: self.again.saturating_add(more.again),
        }
    }

    /// As a branch of what is around it.
    fn within(self) -> Self {
        Self {
            again: self.again.saturating_add(self.values),
            ..self
        }
    }
}

impl<'a> Weight<'a> {
    fn of(root: &'a Value) -> Result<u64, Problem> {
        let mut weight = Self {
            root,
            counted: BTreeMap::new(),
        };
        let Count { values, .. } = weight.value(root, 0)?;
        if values > TYPE_SCHEMA_VALUES_MAX {
            let detail = format!(
                "it has {values} values once its references are replaced, at most \
                 {TYPE_SCHEMA_VALUES_MAX} are allowed; a pattern counts as {PATTERN_VALUES}, and \
                 what `unevaluated…` looks at again counts again"
            );
            return Err(Problem::invalid("", detail));
        }
        Ok(values)
    }

    fn value(&mut self, value: &'a Value, depth: usize) -> Result<Count, Problem> {
        if depth > JSON_DEPTH_MAX {
            let detail = format!("nested deeper than {JSON_DEPTH_MAX} levels, references included");
            return Err(Problem::invalid("", detail));
        }
        let mut count = Count::ONE;
        match value {
            Value::Array(items) => {
                for item in items {
                    count = count.and(self.value(item, depth + 1)?.within());
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    count = count.and(self.member(name, member, depth)?.within());
                }
                if members.keys().any(|name| name.starts_with("unevaluated")) {
                    count.values = count.values.saturating_add(count.again);
                }
            }
            _ => {}
        }
        Ok(count)
    }

    fn member(&mut self, name: &str, member: &'a Value, depth: usize) -> Result<Count, Problem> {
        let is_plain = member.is_string() || member.is_boolean();
        let is_refused = REFUSED.contains(&name) || (NESTED_REFUSED.contains(&name) && depth > 0);
        if is_plain && is_refused {
            let detail = format!("`{name}` is not supported in the schema of a registered type");
            return Err(Problem::invalid("", detail));
        }
        let more = match (name, member) {
            ("$ref", Value::String(reference)) => self.reference(reference, depth)?,
            ("pattern", Value::String(_)) => Count::of(PATTERN_VALUES),
            ("patternProperties", Value::Object(patterns)) => {
                Count::of(PATTERN_VALUES.saturating_mul(patterns.len() as u64))
            }
            _ => Count::NONE,
        };
        Ok(more.and(self.value(member, depth + 1)?))
    }

    fn reference(&mut self, reference: &'a str, depth: usize) -> Result<Count, Problem> {
        match self.counted.get(reference) {
            Some(Some(known)) => return Ok(*known),
            Some(None) => {
                let detail = format!("`{reference}` leads back to itself, which is not supported");
                return Err(Problem::invalid("", detail));
            }
            None => {}
        }
        let pointer = reference
            .strip_prefix('#')
            .filter(|pointer| !pointer.contains('%'));
        let target = pointer.and_then(|pointer| self.root.pointer(pointer));
        let Some(target) = target else {
            let detail = format!(
                "`{reference}` names nothing in this schema; `$ref` is `#/…`, a JSON pointer"
            );
            return Err(Problem::invalid("", detail));
        };
        self.counted.insert(reference, None);
        let count = self.value(target, depth + 1)?;
        self.counted.insert(reference, Some(count));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
