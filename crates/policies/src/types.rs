//! The types that a tenant registered, each version beside the others.

mod ahead;
mod compiled;
mod mapped;
mod registration;
mod schema;
mod weight;

pub use ahead::Ahead;
pub use registration::Registration;

use registration::{canonical_schema, check_batch, check_facts, given_schema, taken_otherwise};
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
    /// its position. What takes longest comes last: the schema is compiled only where nothing else
    /// stands against it. `schema_bytes` as in [`touchbook_projection::Context`].
    pub(crate) fn check(
        &self,
        registered: &EventTypeRegistered,
        schema_bytes: u64,
    ) -> Result<Option<u64>, Problem> {
        let in_schema = |problem: Problem| problem.under("/data/schema");
        let facts = &registered.facts;
        check_facts(facts)?;
        if registered.personal.is_none() {
            return Err(Problem::invalid("/data/schema", "missing"));
        }
        schema::check_size(given_schema(registered)).map_err(in_schema)?;
        let text = canonical_schema(registered).map_err(in_schema)?;
        if let Some(known) = self.get(&facts.name, facts.version) {
            return match known.says(facts, &text) {
                true => Ok(Some(known.position())),
                false => Err(taken_otherwise(known)),
            };
        }
        self.check_room(&facts.name, text.len())?;
        let values = schema::values(&text).map_err(in_schema)?;
        check_batch(values, schema_bytes)?;
        compiled::compiled(&text).map_err(in_schema)?;
        Ok(None)
    }

    /// Whether there is room for one more version of a type, with a schema of so many bytes.
    fn check_room(&self, name: &str, schema_bytes: usize) -> Result<(), Problem> {
        let too_many = |member: &str, detail| {
            Err(Problem::new(
                "too_many_types",
                format!("/data/{member}"),
                detail,
            ))
        };
        let versions = self.0.get(name).map_or(0, BTreeMap::len);
        if versions == 0 && self.0.len() >= REGISTERED_TYPES_MAX {
            let detail = format!("a tenant registers at most {REGISTERED_TYPES_MAX} types");
            return too_many("name", detail);
        }
        if versions >= VERSIONS_PER_TYPE_MAX {
            let detail = format!("a type has at most {VERSIONS_PER_TYPE_MAX} versions");
            return too_many("version", detail);
        }
        let bytes = self.iter().map(|known| known.schema().len());
        if bytes.sum::<usize>() + schema_bytes > TYPE_SCHEMAS_BYTES_MAX {
            let detail = format!(
                "the schemas of all types together may have {TYPE_SCHEMAS_BYTES_MAX} bytes"
            );
            return too_many("schema", detail);
        }
        Ok(())
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

    /// Takes what a record registered, as a snapshot does: whether it can be used was decided when
    /// it was recorded, and no rule that came later takes it away. The first of a version stands.
    pub(crate) fn register(&mut self, registered: &EventTypeRegistered, position: u64) {
        let new = Registration::of_record(registered, position);
        let versions = self.0.entry(new.name().into()).or_default();
        versions
            .entry(new.version())
            .or_insert_with(|| Arc::new(new));
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

#[cfg(test)]
mod tests {
    use super::*;
    use touchbook_events::incoming::Entrance;
    use touchbook_events::{Data, Incoming, Principal, TenantKey};

    fn registered(name: &str, version: u32, schema: &str) -> EventTypeRegistered {
        let json = format!(
            r#"{{"specversion":"1.0","id":"1","source":"s","type":"event_type.registered",
                "data":{{"name":"{name}","version":{version},"schema":{schema}}}}}"#
        );
        let key = TenantKey::from_salt(b"test");
        let principal = Principal::touchbook();
        let incoming = Incoming::read(&json, Entrance::Service, &principal, &key).unwrap();
        match incoming.data {
            Data::EventTypeRegistered(registered) => *registered,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_known_or_one_too_many_is_not_compiled() {
        let mut types = RegisteredTypes::default();
        let known = registered("shop.visit", 1, r#"{"title":"known"}"#);
        types.register(&known, 7);
        assert_eq!(types.check(&known, 0), Ok(Some(7)));
        let other = registered("shop.visit", 1, r#"{"title":"other"}"#);
        let refused = types.check(&other, 0).unwrap_err();
        assert_eq!(refused.code, "version_registered");
        for version in 2..=VERSIONS_PER_TYPE_MAX as u32 {
            types.register(&registered("shop.visit", version, "{}"), 8);
        }
        let more = registered("shop.visit", 99, r#"{"title":"one more"}"#);
        assert_eq!(types.check(&more, 0).unwrap_err().code, "too_many_types");
        for title in ["known", "other", "one more"] {
            let schema = format!(r#"{{"title":"{title}"}}"#);
            assert!(!compiled::is_kept(&schema), "{title}");
        }
        let new = registered("shop.sale", 1, r#"{"title":"new"}"#);
        assert_eq!(types.check(&new, 0), Ok(None));
        assert!(compiled::is_kept(r#"{"title":"new"}"#));
    }

    /// What it takes to read a ledger doesn't depend on what was registered.
    #[test]
    fn a_record_that_registers_is_taken_without_compiling_its_schema() {
        let mut types = RegisteredTypes::default();
        types.register(&registered("shop.visit", 1, r#"{"title":"lazy"}"#), 1);
        assert!(types.has("shop.visit"));
        assert!(!compiled::is_kept(r#"{"title":"lazy"}"#));
    }
}
