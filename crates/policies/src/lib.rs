//! Policies as they are decided: which are in force, and when an event happened.
//!
//! Owns the deciding state of policies ([`PoliciesDecider`]): it checks a `policy.defined` before
//! it is appended, lays the policies in force before every other decider, and reads zone-less
//! times, since it alone knows the zone; it refuses times out of bounds, and outcomes and types of
//! interactions that nobody registered; a definition that expects its policy as it no longer is has
//! lost. What readers may have of it is [`InForce`]. What a policy may hold is said by
//! `touchbook_events::Policies`.
//!
//! **Never** applies a policy to anybody: deciders and readers do that with the value they are
//! given.

mod decider;
mod in_force;
mod times;
mod words;

pub use decider::PoliciesDecider;
pub use in_force::InForce;
