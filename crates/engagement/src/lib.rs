//! How a customer and we talk: who wrote and who answered, how it felt, what waits.
//!
//! Owns the projector [`Engagement`], one customer's [`State`] (its entries, contacts and scores),
//! what is read from it ([`sentiment()`], [`insights()`], [`reasons()`]), and the tenant-wide
//! [`Index`] of who needs attention. The state knows no policy and no present: both are given when
//! it is read.
//!
//! What it takes for what:
//! - A **contact** is a call, e-mail, SMS, chat message or social entry whose direction is known,
//!   and what somebody logged as one: by its type, else by its contact method; logged without a
//!   direction it is outbound. An entry of a registered type is one by what its type counts as.
//!   Quotes, orders and completed steps are no contacts.
//! - An inbound contact **waits** for the next outbound one on any channel. A call waits only where
//!   nobody took it: its outcome is `no_answer`, `voicemail` or `busy`, or without an outcome it
//!   ended so or after 0 seconds. What was logged with an outcome that settles it does not wait.
//! - An outcome **settles** that is `resolved`, `successful` or `cancelled`.
//!
//! **Never** reads a clock or a policy in a fold, and never keeps a word of what was said.

mod attention;
mod contact;
mod cursor;
mod entries;
mod evidence;
mod frequency;
mod index;
mod insights;
mod marks;
mod open;
mod preference;
mod reasons;
mod response;
mod saved;
mod scores;
mod sentiment;
mod state;
#[cfg(test)]
mod tests;

pub use attention::{Attention, AttentionPage, EXAMINED_MAX, PAGE_MAX};
pub use cursor::{Cursor, NotACursor};
pub use evidence::{EVIDENCE_MAX, Number, evidence};
pub use frequency::{Frequency, WEEKS, Week};
pub use index::Index;
pub use insights::{Insights, SERIES_MAX, ScoredEntry, insights};
pub use preference::{ChannelPreference, ChannelShare};
pub use reasons::{BAD_SENTIMENT, REASON_POSITIONS_MAX, RULES_VERSION, Reason, reasons};
pub use response::ResponseTime;
pub use sentiment::{Sentiment, SentimentTrend, sentiment};
pub use state::{Contribution, Engagement, State};
