//! What is wrong with one cell of a row, or with the row as a whole.

use super::VALUE_CHARS_SHOWN_MAX;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// One thing wrong with one row, for whoever corrects the file (S0-015, S0-016, S0-017, S0-018,
/// S0-019, S0-020, S0-021, S0-022, S0-023, S0-024, S0-025).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellError {
    /// 1 = the first row of data.
    pub row: u64,
    /// The line of the file on which the row begins; the header's is 1.
    pub line: u64,
    /// As the file spells it; `None` = the row as a whole.
    pub column: Option<Box<str>>,
    /// What stands in the cell, its first [`VALUE_CHARS_SHOWN_MAX`] characters.
    pub value: Box<str>,
    /// What it must be.
    pub rule: Cow<'static, str>,
}

impl CellError {
    pub(super) fn of_cell(
        (row, line): (u64, u64),
        column: &str,
        value: &str,
        rule: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            row,
            line,
            column: Some(column.into()),
            value: shortened(value),
            rule: rule.into(),
        }
    }

    /// Of the row as a whole, at its place: row and line.
    pub fn of_row((row, line): (u64, u64), rule: impl Into<Cow<'static, str>>) -> Self {
        Self {
            row,
            line,
            column: None,
            value: "".into(),
            rule: rule.into(),
        }
    }
}

fn shortened(value: &str) -> Box<str> {
    match value.char_indices().nth(VALUE_CHARS_SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &value[..end]).into(),
        None => value.into(),
    }
}

impl fmt::Display for CellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) if self.value.is_empty() => write!(f, "{column} is empty: {}", self.rule),
            Some(column) => write!(f, "{column} is `{}`: {}", self.value, self.rule),
            None => f.write_str(&self.rule),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_at_a_character() {
        let error = |value: &str| CellError::of_cell((1, 2), "Name", value, "short");
        let long = "ü".repeat(VALUE_CHARS_SHOWN_MAX + 1);
        let cut = format!("{}…", "ü".repeat(VALUE_CHARS_SHOWN_MAX));
        assert_eq!(&*error(&long).value, cut);
        assert_eq!(&*error(&long[2..]).value, &long[2..]);
        assert_eq!(error("x").to_string(), "Name is `x`: short");
    }
}
