//! The types that a tenant registered, each version beside the others.

mod mapped;
mod registration;
mod schema;

pub use registration::Registration;

use registration::taken_otherwise;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use touchbook_events::catalogue::account::{EventTypeRegistered, EventTypeRegisteredFacts};
use touchbook_events::catalogue::custom::{Custom, schema_path};
use touchbook_events::limits::{
    REGISTERED_TYPES_MAX, TYPE_SCHEMAS_BYTES_MAX, VERSIONS_PER_TYPE_MAX,
};
use touchbook_events::{EntrySource, Problem};

/// Registered types by name and version, as one position has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegisteredTypes(BTreeMap<Box<str>, BTreeMap<u32, Arc<Registration>>>);

/// A registration as it is encoded.
#[derive(Serialize, Deserialize)]
pub(crate) struct Row {
    position: u64,
    facts: EventTypeRegisteredFacts,
    schema: Box<str>,
}

impl RegisteredTypes {
    /// By name, then by version.
    pub fn iter(&self) -> impl Iterator<Item = &Registration> {
        let versions = self.0.values().flat_map(BTreeMap::values);
        versions.map(|registration| &**registration)
    }

    /// One version of a type.
    pub fn get(&self, name: &str, version: u32) -> Option<&Registration> {
        let version = self.0.get(name)?.get(&version)?;
        Some(version)
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }

    /// Sources that are registered and are none that every tenant has.
    pub fn sources(&self) -> BTreeSet<&str> {
        let sources = self.iter().map(Registration::source);
        let is_own = |source: &&str| EntrySource::parse(source).is_none();
        sources.filter(is_own).collect()
    }

    /// Whether a registration can be taken. One that is registered already, word for word, answers
    /// its position.
    pub(crate) fn check(&self, registered: &EventTypeRegistered) -> Result<Option<u64>, Problem> {
        let new = Registration::read(registered, 0)?;
        if let Some(known) = self.get(new.name(), new.version()) {
            return match known.says_as_much_as(&new) {
                true => Ok(Some(known.position())),
                false => Err(taken_otherwise(known)),
            };
        }
        let versions = self.0.get(new.name()).map_or(0, BTreeMap::len);
        if versions == 0 && self.0.len() >= REGISTERED_TYPES_MAX {
            let detail = format!("a tenant registers at most {REGISTERED_TYPES_MAX} types");
            return Err(Problem::new("too_many_types", "/data/name", detail));
        }
        if versions >= VERSIONS_PER_TYPE_MAX {
            let detail = format!("a type has at most {VERSIONS_PER_TYPE_MAX} versions");
            return Err(Problem::new("too_many_types", "/data/version", detail));
        }
        let bytes = self.iter().map(|known| known.schema().len());
        if bytes.sum::<usize>() + new.schema().len() > TYPE_SCHEMAS_BYTES_MAX {
            let detail = format!(
                "the schemas of all types together may have {TYPE_SCHEMAS_BYTES_MAX} bytes"
            );
            return Err(Problem::new("too_many_types", "/data/schema", detail));
        }
        Ok(None)
    }

    /// The registration that holds for an event: of the version that it names, else the newest.
    pub(crate) fn of(&self, custom: &Custom) -> Result<&Registration, Problem> {
        let name = custom.facts.name.as_str();
        let Some(versions) = self.0.get(name) else {
            let detail = format!(
                "`{name}` is no type of the catalogue, and nobody registered it; register it with \
                 `POST /api/v1/event-types`"
            );
            let problem = Problem::new("unregistered_type", "/type", detail);
            return Err(problem.allowing(self.names()));
        };
        let found = match custom.facts.version {
            0 => versions.values().next_back(),
            version => versions.get(&version),
        };
        found.map(|found| &**found).ok_or_else(|| {
            let version = custom.facts.version;
            let detail = format!("`{name}` has no version {version}");
            let known = versions.keys().map(|version| schema_path(name, *version));
            Problem::new("unregistered_type", "/dataschema", detail).allowing(known)
        })
    }

    /// Takes a registration that was found good. One that the version which reads it no longer
    /// takes leaves the types as they are.
    pub(crate) fn register(&mut self, registered: &EventTypeRegistered, position: u64) {
        if let Ok(new) = Registration::read(registered, position) {
            let versions = self.0.entry(new.name().into()).or_default();
            versions
                .entry(new.version())
                .or_insert_with(|| Arc::new(new));
        }
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        self.iter().map(Registration::row).collect()
    }

    pub(crate) fn of_rows(rows: Vec<Row>) -> Self {
        let mut types = Self::default();
        for row in rows {
            let known = Registration::of_row(row);
            let versions = types.0.entry(known.name().into()).or_default();
            versions.insert(known.version(), Arc::new(known));
        }
        types
    }
}
