//! Customer files: CSV to events, and customers to CSV (document 000).
//!
//! One table of [`Column`]s is the guide, the sample, the import and the export. [`Reader`] yields
//! a file's rows one by one, in memory that does not grow with the file; [`RawRow::read`] makes a
//! typed [`Row`] of one, or says what is wrong with each of its cells; [`Row::events`] says what
//! that changes for the customer as it is known. [`Writer`] writes customers so that reading them
//! again gives the same ones, and [`ErrorFile`] hands rows that failed back to be corrected.

mod agent;
mod balances;
mod cell_error;
mod column;
mod columns;
mod error_file;
mod events;
mod formula;
mod guide;
mod header;
mod history;
mod logged;
mod payload;
mod quote;
mod reader;
mod row;
mod sample;
mod scan;
mod scanned;
#[cfg(test)]
mod tests;
mod value;
mod writer;

pub use agent::AgentFields;
pub use balances::Balances;
pub use cell_error::CellError;
pub use column::Column;
pub use columns::Columns;
pub use error_file::ErrorFile;
pub use events::{EventNames, Known, SOURCE};
pub use guide::{COLUMNS, ColumnGroup, ColumnGuide, ColumnType, Required, guide};
pub use header::{Header, IMPORT_ERRORS};
pub use history::History;
pub use reader::{Error, RawRow, Reader};
pub use row::Row;
pub use sample::{sample, sample_with_history};
pub use writer::{Customer, HeaderStyle, Writer, custom_field_text};

/// One row with its quotes, but for the end of its line (`import_row_bytes_max`).
pub const ROW_BYTES_MAX: usize = 64 * 1024;
/// Columns that are a tenant's own fields, as many as a customer may have.
pub const CUSTOM_COLUMNS_MAX: usize = touchbook_events::limits::FIELDS_MAX;
/// Characters of a value that an error repeats.
pub const VALUE_CHARS_SHOWN_MAX: usize = 100;
