//! Every limit on what one event may be (design law 8). Those of queues and pages stand with them.

/// One event as sent, envelope and payload.
pub const EVENT_BYTES_MAX: usize = 512 * 1024;
/// Events in one request or one message.
pub const BATCH_EVENTS_MAX: usize = 1_000;
/// A request's body.
pub const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// A stream message.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// A batch that stands or falls as a whole.
pub const ATOMIC_BYTES_MAX: usize = 128 * 1024;
/// Objects and arrays within each other.
pub const JSON_DEPTH_MAX: usize = 64;
/// `id`, `source` and `subject`, in characters.
pub const ATTRIBUTE_CHARS_MAX: usize = 500;
/// Extension attributes that are not known, in bytes of JSON.
pub const EXTENSION_BYTES_MAX: usize = 4 * 1024;
/// What another system sent, as the JSON of the extension that carries it; not counted above, nor
/// among the bytes of the event where the service publishes it.
pub const RAW_PAYLOAD_BYTES_MAX: usize = 512 * 1024;
/// What the service adds to an event to say whose it is and who sent it; not counted above either.
pub const SENDER_BYTES_MAX: usize = 4 * 1024;
/// Records that one event may cause.
pub const CONSEQUENCES_MAX: usize = 16;
/// How far ahead of the recording an event's time may lie.
pub const AHEAD_SECONDS_MAX: i64 = 24 * 60 * 60;
pub const IDENTIFIERS_PER_CUSTOMER_MAX: usize = 50;
pub const MEMBERS_PER_GROUP_MAX: usize = 50;
/// A tenant's slug: `[a-z0-9-]{1,40}`.
pub const SLUG_CHARS_MAX: usize = 40;
/// Other names of one object that one event may bring.
pub const ALIASES_MAX: usize = 2;
/// Standard fields, and a tenant's own ones, of one customer.
pub const FIELDS_MAX: usize = 100;
/// A field's value.
pub const FIELD_CHARS_MAX: usize = 500;
pub const STEPS_PER_TEMPLATE_MAX: usize = 50;
/// Records that one event retracts or reinstates. Each may lie in a block of its own, and all other
/// tenants' events wait while they are read: 500 take 5 to 50 ms.
pub const POSITIONS_MAX: usize = 500;
/// Types of its own that a tenant registers, and versions of each.
pub const REGISTERED_TYPES_MAX: usize = 100;
pub const VERSIONS_PER_TYPE_MAX: usize = 20;
/// The JSON schema of a registered type, and those of all of a tenant's types together.
pub const TYPE_SCHEMA_BYTES_MAX: usize = 64 * 1024;
pub const TYPE_SCHEMAS_BYTES_MAX: usize = 1024 * 1024;
/// Values of a registered schema once each of its references is replaced by what it names; a
/// pattern counts as a hundred, and what `unevaluated…` looks at again counts again.
pub const TYPE_SCHEMA_VALUES_MAX: u64 = 10_000;
/// Bytes of a payload times the values of its type's schema: the writer holds one against the other
/// while everybody waits, at worst for some 20 ms.
pub const TYPE_CHECK_STEPS_MAX: u64 = 1 << 24;
/// The same with the bytes of all events of its message that came before it.
///
/// The writer decides a message in one go. Of one whose events were not held against their schemas
/// before, that takes some 160 ms where they are of one type, and less than a second whatever they
/// are.
pub const BATCH_CHECK_STEPS_MAX: u64 = 1 << 27;
/// The same of all events of one request, whose sender alone waits for it: a second or so at worst.
pub const REQUEST_CHECK_STEPS_MAX: u64 = 1 << 30;
/// What compiling a schema counts as, in bytes of a payload that is held against it.
pub const SCHEMA_COMPILE_BYTES: u64 = 4 * 1024;
/// Patterns of one schema that differ, and the memory of each one's automaton. What the engine
/// keeps beside it is up to five times that.
pub const TYPE_PATTERNS_MAX: usize = 10;
pub const TYPE_PATTERN_BYTES_MAX: usize = 64 * 1024;
/// Compiled schemas that a process keeps, of all tenants: at most some 100 MB.
pub const SCHEMAS_COMPILED_MAX: usize = 32;
