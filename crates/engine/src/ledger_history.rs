//! A customer's past as the ledger indexes it, for refolds.

use crate::error::ReadError;
use touchbook_events::{CustomerId, Header, Record, TenantNumber};
use touchbook_ledger::{Peek, Reader};
use touchbook_projection::history::{History, HistoryError};

/// Under whom the ledger indexes the records that name no customer, such as policies.
const NOBODY: CustomerId = CustomerId::NIL;

/// One tenant's records by customer.
pub struct LedgerHistory<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) tenant: TenantNumber,
}

impl LedgerHistory<'_> {
    pub(crate) fn each_of(
        &self,
        customer: CustomerId,
        to: u64,
        each: &mut dyn FnMut(Record),
    ) -> Result<(), ReadError> {
        let positions = self
            .reader
            .positions_of(self.tenant, customer.as_bytes(), 1, to);
        let mut failed = None;
        let visit = |position, bytes: &[u8]| match Record::decode(bytes) {
            Ok(record) if failed.is_none() => each(record),
            Ok(_) => {}
            Err(source) => {
                failed.get_or_insert(ReadError::Decode { position, source });
            }
        };
        self.reader
            .gather(self.tenant, &positions, visit)
            .map_err(ReadError::Ledger)?;
        failed.map_or(Ok(()), Err)
    }

    fn bytes(&self, position: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let found = self
            .reader
            .record(self.tenant, position)
            .map_err(ReadError::Ledger)?;
        Ok(found.map(|record| record.to_vec()))
    }
}

impl History for LedgerHistory<'_> {
    fn records_of(
        &self,
        customer: Option<CustomerId>,
        to: u64,
        each: &mut dyn FnMut(Record),
    ) -> Result<(), HistoryError> {
        self.each_of(customer.unwrap_or(NOBODY), to, each)
            .map_err(HistoryError::new)
    }

    fn header_at(&self, position: u64) -> Result<Option<Header>, HistoryError> {
        let read = || {
            let Some(bytes) = self.bytes(position)? else {
                return Ok(None);
            };
            Header::peek(&bytes)
                .map(Some)
                .map_err(|source| ReadError::Decode { position, source })
        };
        read().map_err(|error: ReadError| HistoryError::new(error))
    }
}

/// What the ledger needs of a record for its indexes; `None` for bytes that are no record.
pub fn peek(bytes: &[u8]) -> Option<Peek> {
    Header::peek(bytes).ok().as_ref().map(peek_of)
}

pub(crate) fn peek_of(header: &Header) -> Peek {
    Peek {
        position: header.position,
        event_key: header.event_key.0,
        customer: Some(*header.customer.unwrap_or(NOBODY).as_bytes()),
    }
}
