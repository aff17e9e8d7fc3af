//! Dead letters as they are decided: each is dealt with once.
//!
//! Owns the deciding state of dead letters ([`DeadLettersDecider`]): which there are and what dealt
//! with each, so that a `dead_letter.resolved` about none is refused, and one that comes second
//! loses to the first.
//!
//! **Never** reads what came in, sends it again, or keeps more of a letter than its position.

mod decider;

pub use decider::DeadLettersDecider;
