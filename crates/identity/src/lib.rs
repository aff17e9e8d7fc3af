//! Who is who: identifiers to customers, subjects to customers, revisions, merges, retractions.
//!
//! Owns the decision which customer an event belongs to ([`IdentityDecider`]), the one normal form
//! of identifiers ([`normal`]), and what readers find customers by ([`Identifiers`], [`Lookup`]).
//! The decider keeps digests alone: no name, address or number stands in its state.
//!
//! **Never** looks at merges to resolve, and never normalises again what a record holds normalised.

mod about;
mod decide;
mod decider;
mod evidence;
mod groups;
mod identifiers;
mod lookup;
pub mod normal;
mod resolve;
mod slab;
mod state;
mod suggestions;

pub use decider::IdentityDecider;
pub use identifiers::{ByIdentifier, Identifiers};
pub use lookup::{Lookup, LookupError};
pub use suggestions::{Suggested, Suggestion, Suggestions};
