//! What a JSON schema costs, counted before it is compiled: a payload is looked at by each of its
//! values, with references replaced by what they name.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use touchbook_events::Problem;
use touchbook_events::limits::{JSON_DEPTH_MAX, TYPE_PATTERNS_MAX, TYPE_SCHEMA_VALUES_MAX};

/// What a pattern counts as among the values of a schema.
const PATTERN_VALUES: u64 = 100;

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

/// # Errors
/// Where it has too many, refers to what it can't, or leads back to itself.
pub(super) fn weigh(schema: &Value) -> Result<u64, Problem> {
    Weight::of(schema)
}

/// Counts values, each reference as what it names.
struct Weight<'a> {
    root: &'a Value,
    /// By reference; `None` while it is being counted.
    counted: BTreeMap<&'a str, Option<Count>>,
    /// Each is compiled once, however often it stands there.
    patterns: BTreeSet<&'a str>,
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
            patterns: BTreeSet::new(),
        };
        let Count { values, .. } = weight.value(root, 0)?;
        let patterns = weight.patterns.len();
        if patterns > TYPE_PATTERNS_MAX {
            let detail = format!("it has {patterns} patterns, at most {TYPE_PATTERNS_MAX} differ");
            return Err(Problem::invalid("", detail));
        }
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
            ("pattern", Value::String(pattern)) => {
                self.patterns.insert(pattern);
                Count::of(PATTERN_VALUES)
            }
            ("patternProperties", Value::Object(patterns)) => {
                self.patterns.extend(patterns.keys().map(String::as_str));
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
