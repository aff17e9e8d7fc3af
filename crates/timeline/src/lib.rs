//! The timeline: one entry for each touchpoint of a customer, in the order in which they happened.
//!
//! Owns the projector [`Timeline`] and one customer's [`State`]: entries packed into bytes, by
//! place. [`State::page`] and [`State::entry`] read them without copying, and an [`Entry`]
//! serialises straight to the JSON of answers. Titles are worded when read, so a better wording
//! needs no refold.
//!
//! **Never** moves an entry: its place is that of its first record, so a cursor neither skips nor
//! repeats. **Never** knows which customer a subject belongs to: a projection finds whose entry it
//! is by [`Projector::key`](touchbook_projection::Projector::key).

pub mod details;
mod entries;
mod json;
mod page;
mod preview;
mod sources;
mod state;
mod stored;
#[cfg(test)]
mod tests;
mod title;

pub use details::Details;
pub use page::{Filter, PAGE_MAX, Page};
pub use preview::CHARS_MAX as PREVIEW_CHARS_MAX;
pub use sources::Sources;
pub use state::{State, Timeline};
pub use stored::Entry;
pub use touchbook_projection::{Cursor, NotACursor};
