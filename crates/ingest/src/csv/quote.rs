//! How a row is written: RFC 4180, with quotes where one of the readers would need them.

/// Appends a row's cells and the end of its line.
pub(super) fn write_row<'a>(
    out: &mut Vec<u8>,
    delimiter: u8,
    cells: impl IntoIterator<Item = &'a [u8]>,
) {
    let start = out.len();
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(delimiter);
        }
        write_cell(out, cell);
    }
    // A line without anything is no row.
    if out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    out.push(b'\n');
}

/// Quotes whatever any delimiter would cut, since a reader guesses it; a byte order mark would be
/// taken for the file's own.
pub(super) fn write_cell(out: &mut Vec<u8>, cell: &[u8]) {
    let needs_quotes = cell
        .iter()
        .any(|byte| matches!(byte, b'"' | b',' | b';' | b'\t' | b'\r' | b'\n'))
        || cell.starts_with("\u{feff}".as_bytes());
    if !needs_quotes {
        out.extend_from_slice(cell);
        return;
    }
    out.push(b'"');
    for byte in cell {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_that_is_needed() {
        let written = |cells: &[&str]| {
            let mut out = Vec::new();
            write_row(&mut out, b',', cells.iter().map(|cell| cell.as_bytes()));
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(&["a", "", "b c"]), "a,,b c\n");
        assert_eq!(
            written(&["a,b", "c;d", "e\"f", "g\nh"]),
            "\"a,b\",\"c;d\",\"e\"\"f\",\"g\nh\"\n"
        );
        assert_eq!(written(&[""]), "\"\"\n");
        assert_eq!(written(&["", ""]), ",\n");
        assert_eq!(written(&["\u{feff}a"]), "\"\u{feff}a\"\n");
    }
}
