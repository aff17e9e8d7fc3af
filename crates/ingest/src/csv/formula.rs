//! Cells that a spreadsheet would run as a formula, made harmless and restored (S0-043).
//!
//! An export puts an apostrophe before a cell that begins with `=`, `+`, `-`, `@`, tab or carriage
//! return. So that an import can take exactly that one away, a cell which has apostrophes before
//! such a character gets one more.

use std::borrow::Cow;

const MARK: char = '\'';

fn begins_like_a_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// The cell as an export writes it.
pub(super) fn neutral(cell: &str) -> Cow<'_, str> {
    match begins_like_a_formula(cell.trim_start_matches(MARK)) {
        true => Cow::Owned(format!("{MARK}{cell}")),
        false => Cow::Borrowed(cell),
    }
}

/// What [`neutral`] was given; a cell that it did not make is left as it is.
pub(super) fn restored(cell: &str) -> &str {
    match cell.strip_prefix(MARK) {
        Some(rest) if begins_like_a_formula(rest.trim_start_matches(MARK)) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_would_run_is_marked_and_nothing_else() {
        for (cell, want) in [
            ("=1+1", "'=1+1"),
            ("+27123456789", "'+27123456789"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("'=1", "''=1"),
            ("''@", "'''@"),
            ("'hello'", "'hello'"),
            ("'", "'"),
            ("a=1", "a=1"),
            (" =1", " =1"),
            ("", ""),
        ] {
            assert_eq!(neutral(cell), want);
            assert_eq!(restored(want), cell);
        }
    }

    #[test]
    fn a_formula_that_somebody_typed_is_kept() {
        for cell in ["=1", "+27123456789", "'a", "''", "a'=1"] {
            assert_eq!(restored(cell), cell);
        }
    }

    proptest! {
        #[test]
        fn what_is_made_harmless_is_restored(cell in r"['=+@\-\t\r a]{0,6}|\PC*") {
            let written = neutral(&cell);
            prop_assert!(!begins_like_a_formula(&written));
            prop_assert_eq!(restored(&written), &*cell);
        }
    }
}
