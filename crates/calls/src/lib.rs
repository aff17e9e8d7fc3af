//! Calls: what is known of each, the lists over them, and by which names they are found.
//!
//! Owns the projector [`Calls`], one customer's [`State`] (calls packed into bytes, by place), and
//! the tenant-wide [`Index`] (all calls by time, agent, direction, outcome and alias). A [`Call`]
//! reads them without copying, and serialises to the JSON of answers.
//!
//! A transcript stays in its record: the state has the
//! [record's position](Call::transcript_position), and [`transcript_text`] is what a reader takes
//! of it. Calls of callers whom nobody knows are listed like all others.
//!
//! **Never** moves a call: its place is that of its first record, as on the timeline, so a cursor
//! neither skips nor repeats. **Never** counts attempts or averages: those are made when read.

mod book;
mod call;
mod changes;
mod index;
mod json;
mod names;
mod page;
mod state;
mod stored;
mod take;
#[cfg(test)]
mod tests;

pub use call::{Call, Detailed, Listed, transcript_text};
pub use index::Index;
pub use names::OTHER_NAMES_MAX;
pub use page::{Filter, PAGE_MAX, Page};
pub use state::{Calls, Contribution, State};
pub use stored::Queue;
pub use touchbook_projection::{Cursor, NotACursor};
