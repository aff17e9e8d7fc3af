//! What is felt in a text: the interface of scorers, and the one that is built in.
//!
//! Owns [`Scorer`], the embedded [`Vader`], which text of an entry is scored ([`text_of`]), and the
//! `sentiment.scored` that comes of it ([`ScoredEvent`]). The embedded scorer reads English and no
//! other language.
//!
//! **Never** does IO, and never decides whether an entry is to be scored: who calls knows whether
//! its sender has said how it was meant.

mod event;
mod scorer;
mod sentences;
mod text;
mod vader;

pub use event::{SOURCE, ScoredEvent};
pub use scorer::Scorer;
pub use text::{may_have_text, text_of};
pub use vader::Vader;
