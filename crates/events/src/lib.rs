//! Events and records: what is sent to Touchbook, and what it stores.
//!
//! Owns ids, value types, the envelope, every event type of the catalogue with its validation, the
//! record and its codec, and the JSON schemas. An [`Incoming`] is an event that was read and
//! validated; a [`Record`] is an event with its decision, as it stands in the ledger.
//!
//! **Never** reads a clock, makes a random number or does IO; never knows a customer's state.

#[macro_use]
mod macros;

pub mod batch;
pub mod canonical;
pub mod catalogue;
pub mod customer_ref;
pub mod digest;
pub mod envelope;
mod held;
pub mod id;
pub mod identifier;
pub mod incoming;
pub mod limits;
pub mod member;
pub mod money;
pub mod phone;
pub mod policy;
pub mod problem;
pub mod record;
pub mod schema;
pub mod score;
pub mod source;
mod subject;
pub mod text;
pub mod time;

pub use catalogue::{Data, EventType};
pub use customer_ref::{CustomerRef, Identifier, IdentifierKind};
pub use digest::{Digest, TenantKey};
pub use envelope::Envelope;
pub use held::Held;
pub use id::{CustomerId, TenantNumber};
pub use incoming::{Incoming, Principal, PrincipalKind, Sent};
pub use member::Member;
pub use money::Money;
pub use policy::Policies;
pub use problem::Problem;
pub use record::{Decision, Header, Record};
pub use score::Score;
pub use source::EntrySource;
pub use text::{Code, Text};
pub use time::{Moment, Timestamp};
