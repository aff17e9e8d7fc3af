//! Where a refold finds a customer's past.

use std::error::Error;
use touchbook_events::{CustomerId, Header, Record};

/// A ledger's records, by customer and by position; needs nothing but what is durable.
pub trait History {
    /// Hands over the records with `header.customer == customer` up to position `to`, in order of
    /// position, ineffective ones too; `None` asks for those that name no customer.
    fn records_of(
        &self,
        customer: Option<CustomerId>,
        to: u64,
        each: &mut dyn FnMut(Record),
    ) -> Result<(), HistoryError>;

    /// The header of the record at `position`; `None` where none stands.
    fn header_at(&self, position: u64) -> Result<Option<Header>, HistoryError>;
}

/// A customer's past could not be read; what was being folded stands as before.
#[derive(Debug, thiserror::Error)]
#[error("could not read a customer's past")]
pub struct HistoryError(#[source] pub Box<dyn Error + Send + Sync>);

impl HistoryError {
    pub fn new(source: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}
