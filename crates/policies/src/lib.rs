//! Policies as they are decided: which are in force, and when an event happened.
//!
//! Owns the deciding state of policies ([`PoliciesDecider`]): it checks a `policy.defined` before
//! it is appended, lays the policies in force before every other decider, and reads zone-less
//! times, since it alone knows the zone; it refuses times out of bounds, and outcomes and types of
//! interactions that nobody registered; a definition that expects its policy as it no longer is has
//! lost. It knows the types that the tenant registered ([`RegisteredTypes`]): an event of one is
//! held against its schema, and what the mapping makes of it is written into it, so that the record
//! says it for ever. What readers may have of all this is [`InForce`]. What a policy may hold is
//! said by `touchbook_events::Policies`. [`Ahead`] finds in a sender's own thread what deciding an
//! event of a registered type would take long for.
//!
//! **Never** applies a policy to anybody: deciders and readers do that with the value they are
//! given.

mod decider;
mod in_force;
mod times;
mod types;
mod words;

pub use decider::PoliciesDecider;
pub use in_force::InForce;
pub use types::{Ahead, RegisteredTypes, Registration};
