//! The interface of scorers.

use touchbook_events::Score;

/// Says what is felt in a text.
///
/// Name and version stand in every event that comes of it (S1-112, C7), so the version changes
/// whenever any text's score may.
pub trait Scorer: Send + Sync {
    /// At most 100 characters.
    fn name(&self) -> &'static str;

    /// At most 50 characters.
    fn version(&self) -> &'static str;

    /// −1 to 1; the same text has the same score on every machine.
    fn score(&self, text: &str) -> Score;
}
