//! The rows that failed, as a file to be corrected and imported again.

use super::fates::{Fate, Fates};
use super::files::Part;
use super::journal::Kept;
use super::reading::{Reading, Stop};
use std::io::{BufWriter, Write};
use std::path::Path;
use touchbook_ingest::csv::{CellError, ErrorFile};

/// What is said of a row that is right by now, or whose reason was one too many.
const NOT_KEPT: &str = "it failed, and why is not known any more; send it again to learn it";

/// Writes the rows that failed, or without `fates` those that are wrong in themselves, to `part`,
/// and gives it the name `path` once it is whole.
pub(super) fn write(
    reading: &Reading<'_>,
    mut fates: Option<Fates<Kept>>,
    mut part: Part,
    path: &Path,
) -> Result<(), Stop> {
    let header = reading.open()?.header().clone();
    let mut errors = ErrorFile::new(BufWriter::new(part.file()), &header)?;
    reading.each_row(&mut |raw, bad| {
        let Some(fates) = &mut fates else {
            return bad.map_or(Ok(()), |bad| errors.write(raw, &bad));
        };
        if !fates.of(raw.row)?.is_some_and(Fate::is_failure) {
            return Ok(());
        }
        let refusal = || fates.refusal(raw.row).cloned();
        let not_kept = || CellError::of_row((raw.row, raw.line), NOT_KEPT);
        let bad = bad.unwrap_or_else(|| vec![refusal().unwrap_or_else(not_kept)]);
        errors.write(raw, &bad)
    })?;
    errors.into_inner().flush()?;
    part.keep_as(path)?;
    Ok(())
}
