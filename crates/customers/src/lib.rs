//! Customer summaries: who a customer is, what was counted, and the lists over all customers.
//!
//! Owns the projector [`Customers`], one customer's [`State`], the [`Summary`] that is read from
//! it, and the tenant-wide [`Index`] (recent, status, top, search). The state knows no policy:
//! money stands per currency and order status, and [`summary()`] applies policies when it is read.
//!
//! **Never** reads a clock, parses a phone number in a fold, or looks into another projection.

mod agent;
mod cursor;
mod entries;
mod fold;
mod haystack;
mod index;
mod orders;
mod person;
mod phone_query;
mod ranking;
mod standing;
mod standings;
mod state;
mod summary;
#[cfg(test)]
mod tests;

pub use cursor::Cursor;
pub use haystack::{Field, How, Matched};
pub use index::{Found, Index, Listed, OtherCurrency, PAGE_MAX, Page, Top, TopPage};
pub use orders::Totals;
pub use state::{Contribution, Customers, State};
pub use summary::{Amount, Identified, Status, Summary, summary};
