//! Views: what is put together when it is read, from a customer's slice or several projections.
//!
//! Owns the folds over a slice that no projection keeps: [`Threads`] of mail, [`Quotes`],
//! [`Orders`] with their history, and [`Explain`], which says why a value of the [`Summary`] is
//! what it is; and [`CustomerDetails`], everything of one customer by source; and [`AgentReport`],
//! what agents did, over the states of all customers. A fold over a slice is handed the
//! records of one slice in the order of their positions, and its pages are values that serialise to
//! what answers show (`http.md` §1 and §2).
//!
//! **Never** reads a clock, keeps anything from one question to the next, or decides what is in a
//! slice: whoever hands over the records has left out what is ineffective or retracted.
//!
//! [`Summary`]: touchbook_customers::Summary

pub mod agents;
pub mod details;
pub mod explain;
mod head;
mod history;
mod minutes;
pub mod orders;
pub mod page;
pub mod quotes;
#[cfg(test)]
mod tests;
pub mod threads;

pub use agents::{AgentReport, Calendar, Period};
pub use details::CustomerDetails;
pub use explain::{Explain, Explanation, explain};
pub use head::Head;
pub use history::{HISTORY_MAX, StatusChange};
pub use orders::{Order, Orders};
pub use page::{PAGE_MAX, Page};
pub use quotes::{Quote, Quotes};
pub use threads::{Thread, Threads};
pub use touchbook_projection::Cursor;
