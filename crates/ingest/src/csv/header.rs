//! The first line of a file: which column means what.

use super::column::{Column, plain};
use super::reader::Error;
use super::scanned::{Quoting, Scanned};
use super::{COLUMNS, CUSTOM_COLUMNS_MAX, ColumnGroup, formula};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The column that [`ErrorFile`](super::ErrorFile) adds; an import passes it over.
pub const IMPORT_ERRORS: &str = "Import_Errors";

/// Marks a custom field whose name would be read as something else.
const CUSTOM: &str = "Custom:";

/// The columns of a file.
#[derive(Clone, Debug)]
pub struct Header {
    pub(super) slots: Vec<Slot>,
    /// As they stand in the file.
    pub(super) names: Vec<Box<str>>,
    pub(super) delimiter: u8,
    pub(super) has_byte_order_mark: bool,
}

/// What the cells of one column are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Known(Column),
    Custom(Arc<str>),
    ImportErrors,
    /// Without a name, as spreadsheets leave some; its cells must be empty.
    Nameless,
}

impl Header {
    pub(super) fn read(
        row: &Scanned,
        delimiter: u8,
        has_byte_order_mark: bool,
    ) -> Result<Self, Error> {
        if row.is_too_long {
            return Err(Error::HeaderTooLong);
        }
        if matches!(row.quoting, Quoting::Broken | Quoting::Lost) {
            return Err(Error::Quotes { line: row.line });
        }
        if let Some(offset) = row.not_utf8_at() {
            return Err(Error::HeaderNotUtf8 { offset });
        }
        let names = row.cells().map(|cell| String::from_utf8_lossy(cell).into());
        let names: Vec<Box<str>> = names.collect();
        let slots = slots(&names);
        check(&names, &slots)?;
        Ok(Self {
            slots,
            names,
            delimiter,
            has_byte_order_mark,
        })
    }

    /// The columns that Touchbook knows, in the order of the file.
    pub fn known(&self) -> impl Iterator<Item = Column> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Known(column) => Some(*column),
            _ => None,
        })
    }

    /// Whether rows may have totals and rows may have history, of which a customer may have one
    /// (C17).
    pub fn has_totals_and_history(&self) -> bool {
        let has = |group| self.known().any(|column| column.guide().group == group);
        has(ColumnGroup::Agent) && has(ColumnGroup::History)
    }

    /// The names of the columns that are custom fields, in the order of the file.
    pub fn custom_fields(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Custom(name) => Some(&**name),
            _ => None,
        })
    }

    /// A column's name as a person reads it.
    pub(super) fn name(&self, at: usize) -> &str {
        formula::restored(&self.names[at])
    }
}

fn slots(names: &[Box<str>]) -> Vec<Slot> {
    let mut slots: Vec<Slot> = names.iter().map(|name| slot(name)).collect();
    let has = |column| slots.contains(&Slot::Known(column));
    if has(Column::InteractionType) && has(Column::InteractionDate) {
        return slots;
    }
    for (slot, name) in slots.iter_mut().zip(names) {
        if matches!(slot, Slot::Known(column) if column.is_history_detail()) {
            *slot = Slot::Custom(formula::restored(name).trim().into());
        }
    }
    slots
}

fn slot(name: &str) -> Slot {
    let name = formula::restored(name);
    if let Some(custom) = name.strip_prefix(CUSTOM) {
        return Slot::Custom(custom.into());
    }
    if is_import_errors(name) {
        return Slot::ImportErrors;
    }
    match (Column::find(name), name.trim()) {
        (Some(column), _) => Slot::Known(column),
        (None, "") => Slot::Nameless,
        (None, name) => Slot::Custom(name.into()),
    }
}

fn is_import_errors(name: &str) -> bool {
    plain(name) == plain(IMPORT_ERRORS)
}

/// The name that is read as the custom field `name`: itself, but where that would be taken for
/// another column, or cut.
pub(super) fn custom_header(name: &str) -> Cow<'_, str> {
    let is_taken = match Column::find(name) {
        Some(column) => !column.is_history_detail(),
        None => is_import_errors(name),
    };
    match is_taken || name.is_empty() || name.trim() != name || name.starts_with(CUSTOM) {
        true => Cow::Owned(format!("{CUSTOM}{name}")),
        false => Cow::Borrowed(name),
    }
}

fn check(names: &[Box<str>], slots: &[Slot]) -> Result<(), Error> {
    let mut known = BTreeMap::new();
    let mut custom = BTreeMap::new();
    for (at, slot) in slots.iter().enumerate() {
        let earlier = match slot {
            Slot::Known(column) => known.insert(*column, at),
            Slot::Custom(name) => custom.insert(name, at),
            Slot::ImportErrors | Slot::Nameless => None,
        };
        if let Some(earlier) = earlier {
            return Err(Error::SameColumn {
                first: earlier + 1,
                first_name: names[earlier].clone(),
                second: at + 1,
                second_name: names[at].clone(),
            });
        }
    }
    if custom.len() > CUSTOM_COLUMNS_MAX {
        return Err(Error::TooManyCustomColumns {
            count: custom.len(),
        });
    }
    let identifying = [Column::ExternalId, Column::Email, Column::Phone];
    if !identifying.iter().any(|column| known.contains_key(column)) {
        return Err(Error::NoIdentifier {
            found: listed(names),
        });
    }
    Ok(())
}

/// As many of a file's names as a message can hold.
fn listed(names: &[Box<str>]) -> String {
    let first: Vec<&str> = names
        .iter()
        .take(COLUMNS.len())
        .map(|name| &**name)
        .collect();
    first
        .join(", ")
        .chars()
        .take(super::VALUE_CHARS_SHOWN_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::Reader;

    fn header(line: &str) -> Result<Header, Error> {
        Reader::open(line.as_bytes()).map(|reader| reader.header().clone())
    }

    /// S0-026: agent columns are no custom fields.
    #[test]
    fn only_columns_that_nobody_knows_are_custom_fields() {
        let header = header("Email,Total_Agent_Calls,Favourite_Colour,Import_Errors,").unwrap();
        assert_eq!(
            header.custom_fields().collect::<Vec<_>>(),
            ["Favourite_Colour"]
        );
        let known: Vec<_> = header.known().collect();
        assert_eq!(known, [Column::Email, Column::TotalAgentCalls]);
    }

    /// C18.
    #[test]
    fn either_spelling_is_taken_and_both_at_once_are_refused() {
        assert!(header("external id,Total Call Duration (mins)").is_ok());
        let error = header("Email,Total Agent Calls,total_agent_calls").unwrap_err();
        assert_eq!(
            error.to_string(),
            "column 2 (`Total Agent Calls`) and column 3 (`total_agent_calls`) mean the same; \
             leave one out"
        );
        assert!(matches!(header("Email,a,a"), Err(Error::SameColumn { .. })));
        assert!(header("Email,a,A").is_ok(), "custom fields differ by case");
    }

    #[test]
    fn notes_are_history_only_beside_what_makes_a_row_history() {
        let of = |line| header(line).unwrap();
        assert_eq!(of("Email,Notes,Outcome").custom_fields().count(), 2);
        assert_eq!(
            of("Email,Notes,Interaction_Type").custom_fields().count(),
            1
        );
        let history = of("Email,Notes,Interaction_Type,Interaction_Date");
        assert_eq!(history.custom_fields().count(), 0);
    }

    #[test]
    fn a_header_without_anybody_to_identify_is_refused() {
        let error = header("Name,Company").unwrap_err();
        assert!(matches!(&error, Error::NoIdentifier { .. }));
        assert!(error.to_string().contains("Name, Company"), "{error}");
        assert!(matches!(header(""), Err(Error::Empty)));
        assert!(matches!(header("\u{feff}\n\n"), Err(Error::Empty)));
    }

    #[test]
    fn a_header_that_can_not_be_cut_into_names_is_refused() {
        for line in ["\"Email\"s,Name", "\"Email,Name\na@x.org,A\n"] {
            assert!(
                matches!(header(line), Err(Error::Quotes { line: 1 })),
                "{line}"
            );
        }
        let long = format!("Email,{}\n", "x".repeat(crate::csv::ROW_BYTES_MAX));
        assert!(matches!(header(&long), Err(Error::HeaderTooLong)));
    }

    #[test]
    fn custom_columns_are_as_many_as_a_customer_may_have() {
        let names = |count: usize| {
            let names: Vec<_> = (0..count).map(|at| format!("field {at}")).collect();
            header(&format!("Email,{}", names.join(",")))
        };
        assert!(names(CUSTOM_COLUMNS_MAX).is_ok());
        let error = names(CUSTOM_COLUMNS_MAX + 1).unwrap_err();
        assert!(matches!(error, Error::TooManyCustomColumns { count: 101 }));
    }

    #[test]
    fn bytes_that_are_no_utf8_are_pointed_at() {
        let latin_1 = b"Email,Stra\xdfe\n";
        let error = Reader::open(&latin_1[..]).map(|_| ()).unwrap_err();
        assert!(
            matches!(error, Error::HeaderNotUtf8 { offset: 10 }),
            "{error}"
        );
        let utf_16 = b"\xff\xfeE\0m\0a\0i\0l\0";
        let error = Reader::open(&utf_16[..]).map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::Utf16), "{error}");
    }

    #[test]
    fn any_name_of_a_custom_field_is_read_as_that_name() {
        for (name, want) in [
            ("Favourite_Colour", "Favourite_Colour"),
            ("Notes", "Notes"),
            ("Name", "Custom:Name"),
            ("total agent calls", "Custom:total agent calls"),
            ("Interaction_Date", "Custom:Interaction_Date"),
            ("import errors", "Custom:import errors"),
            ("Custom:x", "Custom:Custom:x"),
            (" x", "Custom: x"),
            ("", "Custom:"),
        ] {
            assert_eq!(custom_header(name), want);
            let header = header(&format!("Email,{want}")).unwrap();
            assert_eq!(header.custom_fields().collect::<Vec<_>>(), [name]);
        }
    }
}
