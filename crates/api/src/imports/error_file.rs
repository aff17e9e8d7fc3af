//! The rows that failed, as a file to be corrected and imported again.

use super::reading::{Reading, Stop};
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;
use touchbook_ingest::csv::{CellError, ErrorFile};

/// Writes what is wrong in itself, and what the ledger `refused`, to `file`, and gives it the name
/// `path` once it is whole.
pub(super) fn write(
    reading: &Reading<'_>,
    refused: Vec<CellError>,
    (part, file): (&Path, std::fs::File),
    path: &Path,
) -> Result<(), Stop> {
    let mut of_rows: BTreeMap<u64, Vec<CellError>> = BTreeMap::new();
    for error in refused {
        of_rows.entry(error.row).or_default().push(error);
    }
    let header = reading.open()?.header().clone();
    let mut errors = ErrorFile::new(BufWriter::new(file), &header)?;
    reading.each_row(
        &mut |raw, bad| match bad.or_else(|| of_rows.remove(&raw.row)) {
            Some(bad) => errors.write(raw, &bad),
            None => Ok(()),
        },
    )?;
    errors.into_inner().flush()?;
    std::fs::rename(part, path)?;
    Ok(())
}
