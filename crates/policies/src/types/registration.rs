//! One version of a registered type: checked when it is registered, and what it makes of an event.

use super::Row;
use super::compiled::Place;
use super::mapped::Mapped;
use super::schema::{self, check_steps};
use serde_json::Value;
use std::sync::OnceLock;
use touchbook_events::catalogue::account::{EventTypeRegistered, EventTypeRegisteredFacts};
use touchbook_events::catalogue::custom::{
    CountsAs, Custom, CustomerMapping, TypeMapping, is_name, schema_path,
};
use touchbook_events::limits::BATCH_CHECK_STEPS_MAX;
use touchbook_events::{Code, EntrySource, Held, Problem, Timestamp, canonical};
use touchbook_projection::Context;

/// A version of a registered type. Versions stand beside each other, and none ever changes.
#[derive(Debug)]
pub struct Registration {
    position: u64,
    facts: EventTypeRegisteredFacts,
    /// Canonical JSON.
    schema: Box<str>,
    compiled: Place,
    /// How many values the schema has; `None` where it can no longer be read.
    values: OnceLock<Option<u64>>,
}

impl PartialEq for Registration {
    fn eq(&self, other: &Self) -> bool {
        self.position == other.position && self.says(&other.facts, &other.schema)
    }
}

/// Sources of entries that are ours, or will be.
const RESERVED_SOURCES: [&str; 2] = [EntrySource::Custom.as_str(), "import"];

impl Registration {
    /// What a record registered, as it stands there; whether it can be used was decided.
    pub(super) fn of_record(registered: &EventTypeRegistered, position: u64) -> Self {
        Self::of_row(Row {
            position,
            facts: registered.facts.clone(),
            schema: canonical_schema(registered)
                .unwrap_or_else(|_| given_schema(registered).into()),
        })
    }

    pub fn name(&self) -> &str {
        &self.facts.name
    }

    pub fn version(&self) -> u32 {
        self.facts.version
    }

    /// What its entries are shown and filtered as: by default the first part of its name.
    pub fn source(&self) -> &str {
        source_of(&self.facts)
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

    /// Whether it says the same, `schema` being canonical.
    pub(super) fn says(&self, facts: &EventTypeRegisteredFacts, schema: &str) -> bool {
        self.facts == *facts && *self.schema == *schema
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
            compiled: Place::default(),
            values: OnceLock::new(),
        }
    }

    /// Writes into an event of the type what this version of it makes of its payload; answers when
    /// it happened, where the payload says so.
    pub(crate) fn decide(
        &self,
        custom: &mut Custom,
        zone: chrono_tz::Tz,
        context: &Context<'_>,
        held: Option<&Held>,
    ) -> Result<Option<Timestamp>, Problem> {
        let payload = payload(custom)?;
        match held.filter(|held| held.position == self.position) {
            Some(held) => held.result()?,
            None => {
                self.check_size(custom)?;
                check_batch(self.values()?, context.schema_bytes)?;
                self.check(custom, &payload)?;
            }
        }
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
        touchbook_events::incoming::in_bounds(at, context.recorded_at, &pointer).map(Some)
    }

    /// How many values the schema has.
    pub(super) fn values(&self) -> Result<u64, Problem> {
        let values = self
            .values
            .get_or_init(|| schema::values(&self.schema).ok());
        values.ok_or_else(unusable)
    }

    /// What comes of holding an event against the schema, before it is decided.
    pub(super) fn hold(&self, custom: &Custom) -> Option<Held> {
        let held = self.check(custom, &payload(custom).ok()?);
        Held::new(self.position, held)
    }

    /// Whether the schema lets a payload be as large as that of an event.
    pub(super) fn check_size(&self, custom: &Custom) -> Result<(), Problem> {
        let checked = check_steps(self.values()?, bytes(custom));
        checked.map(drop).map_err(|problem| self.named(problem))
    }

    fn check(&self, custom: &Custom, payload: &Value) -> Result<(), Problem> {
        let compiled = self.compiled.find(&self.schema).ok_or_else(unusable)?;
        let checked = compiled.schema().check(payload, bytes(custom));
        checked.map_err(|problem| self.named(problem))
    }

    /// A problem of a payload, with the version whose schema it is about.
    fn named(&self, problem: Problem) -> Problem {
        let path = schema_path(self.name(), self.version());
        let detail = format!("{}; the schema is `{path}`", problem.detail);
        Problem { detail, ..problem }.under("/data")
    }
}

fn bytes(custom: &Custom) -> usize {
    custom.payload().map_or(0, str::len)
}

fn payload(custom: &Custom) -> Result<Value, Problem> {
    serde_json::from_str(custom.payload().unwrap_or("{}"))
        .map_err(|error| Problem::unreadable(format!("`data`: {error}")))
}

fn unusable() -> Problem {
    let detail = "the type's schema can no longer be read; register a new version";
    Problem::new("schema_unusable", "/type", detail)
}

/// What the events of one batch may cost together: the writer decides them in one go, while
/// everybody waits.
pub(super) fn check_batch(values: u64, schema_bytes: u64) -> Result<(), Problem> {
    if values.saturating_mul(schema_bytes) <= BATCH_CHECK_STEPS_MAX {
        return Ok(());
    }
    Err(too_costly())
}

/// Why the rest of a batch is not looked at.
pub(super) fn too_costly() -> Problem {
    let detail = "to hold it against its schema, after all that comes before it in its batch, \
                  takes too long; send it again in a smaller batch";
    Problem::new("batch_too_costly", "", detail)
}

/// The schema of a registration as canonical JSON.
pub(super) fn canonical_schema(registered: &EventTypeRegistered) -> Result<Box<str>, Problem> {
    let mut text = Vec::new();
    canonical::write(given_schema(registered), &mut text)?;
    let text = String::from_utf8(text);
    text.map(Into::into)
        .map_err(|_| Problem::invalid("", "must be JSON in UTF-8"))
}

/// The same as it was sent; nothing once it is erased.
pub(super) fn given_schema(registered: &EventTypeRegistered) -> &str {
    let personal = registered.personal.as_ref();
    personal.map_or("", |personal| &*personal.schema.0)
}

/// What a registration must be, whatever is registered, all but its schema.
pub(super) fn check_facts(facts: &EventTypeRegisteredFacts) -> Result<(), Problem> {
    check_name(&facts.name)?;
    if facts.version == 0 {
        return Err(Problem::invalid("/data/version", "versions begin with 1"));
    }
    let mapping = facts.mapping.as_ref();
    mapping.map_or(Ok(()), check_mapping)?;
    check_source(source_of(facts))
}

/// By default the first part of its name.
fn source_of(facts: &EventTypeRegisteredFacts) -> &str {
    match &facts.source {
        Some(source) => source,
        None => facts.name.split('.').next().unwrap_or_default(),
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
