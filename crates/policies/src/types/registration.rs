//! One version of a registered type: checked when it is registered, and what it makes of an event.

use super::Row;
use super::mapped::Mapped;
use super::schema::Schema;
use std::sync::OnceLock;
use touchbook_events::catalogue::account::{EventTypeRegistered, EventTypeRegisteredFacts};
use touchbook_events::catalogue::custom::{
    CountsAs, Custom, CustomerMapping, TypeMapping, is_name, schema_path,
};
use touchbook_events::{Code, EntrySource, Problem, Timestamp, canonical};

/// A version of a registered type. Versions stand beside each other, and none ever changes.
#[derive(Debug)]
pub struct Registration {
    position: u64,
    facts: EventTypeRegisteredFacts,
    /// Canonical JSON.
    schema: Box<str>,
    /// Made of `schema` when an event needs it first.
    compiled: OnceLock<Option<Schema>>,
}

impl PartialEq for Registration {
    fn eq(&self, other: &Self) -> bool {
        self.position == other.position && self.says_as_much_as(other)
    }
}

/// Sources of entries that are ours, or will be.
const RESERVED_SOURCES: [&str; 2] = [EntrySource::Custom.as_str(), "import"];

impl Registration {
    /// # Errors
    /// What can't be used of it, with a pointer from the event's root.
    pub(super) fn read(registered: &EventTypeRegistered, position: u64) -> Result<Self, Problem> {
        let facts = &registered.facts;
        check_name(&facts.name)?;
        if facts.version == 0 {
            return Err(Problem::invalid("/data/version", "versions begin with 1"));
        }
        let mapping = facts.mapping.as_ref();
        mapping.map_or(Ok(()), check_mapping)?;
        let Some(personal) = &registered.personal else {
            return Err(Problem::invalid("/data/schema", "missing"));
        };
        let mut text = Vec::new();
        canonical::write(&personal.schema.0, &mut text)
            .map_err(|problem| problem.under("/data/schema"))?;
        let text = String::from_utf8(text)
            .map_err(|_| Problem::invalid("/data/schema", "must be JSON in UTF-8"))?;
        let compiled = Schema::compile(&text).map_err(|problem| problem.under("/data/schema"))?;
        let registration = Self {
            position,
            facts: facts.clone(),
            schema: text.into(),
            compiled: OnceLock::from(Some(compiled)),
        };
        check_source(registration.source())?;
        Ok(registration)
    }

    pub fn name(&self) -> &str {
        &self.facts.name
    }

    pub fn version(&self) -> u32 {
        self.facts.version
    }

    /// What its entries are shown and filtered as: by default the first part of its name.
    pub fn source(&self) -> &str {
        match &self.facts.source {
            Some(source) => source,
            None => self.name().split('.').next().unwrap_or_default(),
        }
    }

    pub fn mapping(&self) -> Option<&TypeMapping> {
        self.facts.mapping.as_ref()
    }

    pub fn counts_as(&self) -> Option<CountsAs> {
        CountsAs::parse(self.mapping()?.counts_as.as_deref()?)
    }

    /// The JSON schema of its payload, as canonical JSON text.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Of the record that registered it.
    pub fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn says_as_much_as(&self, other: &Self) -> bool {
        self.facts == other.facts && self.schema == other.schema
    }

    pub(super) fn row(&self) -> Row {
        Row {
            position: self.position,
            facts: self.facts.clone(),
            schema: self.schema.clone(),
        }
    }

    pub(super) fn of_row(row: Row) -> Self {
        Self {
            position: row.position,
            facts: row.facts,
            schema: row.schema,
            compiled: OnceLock::new(),
        }
    }

    /// Writes into an event of the type what this version of it makes of its payload; answers when
    /// it happened, where the payload says so.
    pub(crate) fn decide(
        &self,
        custom: &mut Custom,
        zone: chrono_tz::Tz,
        recorded_at: Timestamp,
    ) -> Result<Option<Timestamp>, Problem> {
        let text = custom.payload().unwrap_or("{}");
        let payload = serde_json::from_str(text)
            .map_err(|error| Problem::unreadable(format!("`data`: {error}")))?;
        let schema = self
            .compiled
            .get_or_init(|| Schema::compile(&self.schema).ok());
        let Some(schema) = schema else {
            let detail = "the type's schema can no longer be read; register a new version";
            return Err(Problem::new("schema_unusable", "/type", detail));
        };
        let of_version = |problem: Problem| {
            let path = schema_path(self.name(), self.version());
            let detail = format!("{}; the schema is `{path}`", problem.detail);
            Problem { detail, ..problem }.under("/data")
        };
        schema.check(&payload, text.len()).map_err(of_version)?;
        let default = TypeMapping::default();
        let mapping = self.mapping().unwrap_or(&default);
        let mapped = Mapped::read(mapping, &payload, zone)?;
        let facts = &mut custom.facts;
        facts.version = self.version();
        facts.source = Code::clipped(self.source());
        facts.counts_as = self.counts_as();
        facts.direction = mapped.direction;
        (facts.score, facts.label) = mapped.sentiment.unzip();
        if let Some(personal) = &mut custom.personal {
            personal.customer = mapped.customer;
            personal.title = mapped.title;
            personal.preview = mapped.preview;
        }
        let Some((at, pointer)) = mapped.occurred_at else {
            return Ok(None);
        };
        touchbook_events::incoming::in_bounds(at, recorded_at, &pointer).map(Some)
    }
}

pub(super) fn taken_otherwise(known: &Registration) -> Problem {
    let (name, version) = (known.name(), known.version());
    let detail = format!(
        "version {version} of `{name}` is registered, and says something else; a version never \
         changes, so register the next one"
    );
    Problem::new("version_registered", "/data/version", detail)
}

fn check_name(name: &str) -> Result<(), Problem> {
    if is_name(name) {
        return Ok(());
    }
    let detail = format!(
        "`{name}` can't name a type: parts of a to z, digits and `_`, each beginning with a \
         letter, two at least with a dot between, such as `shop.visit`; the first part is none \
         that a type of the catalogue begins with"
    );
    Err(Problem::invalid("/data/name", detail))
}

fn check_source(source: &str) -> Result<(), Problem> {
    let mut bytes = source.bytes();
    let is_word = bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if is_word && source.len() <= 50 && !RESERVED_SOURCES.contains(&source) {
        return Ok(());
    }
    let detail = format!(
        "`{source}` can't be a source: a to z, digits and `_`, beginning with a letter, and none \
         of {}",
        RESERVED_SOURCES.join(", ")
    );
    Err(Problem::invalid("/data/source", detail))
}

fn check_mapping(mapping: &TypeMapping) -> Result<(), Problem> {
    let customer = match &mapping.customer {
        Some(CustomerMapping::Whole(pointer)) => vec![("customer", Some(pointer))],
        Some(CustomerMapping::Members(members)) => vec![
            ("customer/external_id", members.external_id.as_ref()),
            ("customer/user", members.user.as_ref()),
            ("customer/email", members.email.as_ref()),
            ("customer/phone", members.phone.as_ref()),
            ("customer/handle", members.handle.as_ref()),
            ("customer/name", members.name.as_ref()),
            ("customer/company", members.company.as_ref()),
        ],
        None => Vec::new(),
    };
    let direction = mapping.direction.as_ref();
    let pointers = [
        ("title", mapping.title.as_ref()),
        ("preview", mapping.preview.as_ref()),
        ("sentiment", mapping.sentiment.as_ref()),
        ("occurred_at", mapping.occurred_at.as_ref()),
        (
            "direction",
            direction.filter(|words| words.starts_with('/')),
        ),
    ];
    for (member, pointer) in pointers.into_iter().chain(customer) {
        if pointer.is_some_and(|pointer| !is_pointer(pointer)) {
            let detail = "must be a JSON pointer into the payload, such as `/visitor/email`";
            return Err(Problem::invalid(format!("/data/mapping/{member}"), detail));
        }
    }
    let constant = direction.filter(|words| !words.starts_with('/'));
    if constant.is_some_and(|word| super::mapped::direction(word).is_none()) {
        let detail = "must be a JSON pointer, `inbound` or `outbound`";
        return Err(Problem::invalid("/data/mapping/direction", detail));
    }
    match mapping.counts_as.as_deref() {
        Some(word) if CountsAs::parse(word).is_none() => {
            let allowed = CountsAs::ALL.iter().map(|known| known.as_str());
            let detail = format!("`{word}` is nothing that an entry counts as");
            Err(Problem::invalid("/data/mapping/counts_as", detail).allowing(allowed))
        }
        _ => Ok(()),
    }
}

/// RFC 6901; the whole payload is no part that could be shown.
fn is_pointer(text: &str) -> bool {
    let mut escapes = text.split('~').skip(1);
    text.starts_with('/') && escapes.all(|rest| rest.starts_with(['0', '1']))
}
