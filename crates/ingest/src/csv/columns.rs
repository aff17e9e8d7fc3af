//! Which columns an export has.

use super::column::Column;
use super::guide::{COLUMNS, ColumnGroup};
use super::header::custom_header;
use touchbook_events::Problem;

/// The word for all columns.
const ALL: &str = "all";

/// The columns of an export, in their order, none of them twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns(Vec<Chosen>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    Known(Column),
    Custom(Box<str>),
}

impl Columns {
    /// Every column of a customer, and then the custom fields that customers have.
    pub fn all<'a>(custom_fields: impl IntoIterator<Item = &'a str>) -> Self {
        let mut columns = Self(known().map(Chosen::Known).collect());
        for name in custom_fields {
            columns.add(Chosen::Custom(name.into()));
        }
        columns
    }

    /// The columns of these names, in this order: in either spelling, custom fields by their own
    /// names, `all` for every one (S0-040). A custom field that is called like another column is
    /// chosen as an export heads it, `Custom:Name`.
    ///
    /// # Errors
    /// `unknown_column` for a name that is none of them, and `no_columns` for no name at all.
    pub fn choose<'a>(
        names: impl IntoIterator<Item = &'a str>,
        custom_fields: &[&str],
    ) -> Result<Self, Problem> {
        let mut columns = Self(Vec::new());
        for name in names {
            if name.trim().eq_ignore_ascii_case(ALL) {
                let all = Self::all(custom_fields.iter().copied());
                all.0.into_iter().for_each(|chosen| columns.add(chosen));
                continue;
            }
            let chosen = chosen(name, custom_fields);
            columns.add(chosen.ok_or_else(|| unknown(name, custom_fields))?);
        }
        if columns.0.is_empty() {
            let problem = Problem::new("no_columns", "", "choose one column at least");
            return Err(problem.allowing(allowed(custom_fields)));
        }
        Ok(columns)
    }

    fn add(&mut self, chosen: Chosen) {
        if !self.0.contains(&chosen) {
            self.0.push(chosen);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Chosen> {
        self.0.iter()
    }
}

/// Those of a customer; a row of history is no customer.
fn known() -> impl Iterator<Item = Column> {
    let exported = COLUMNS
        .iter()
        .filter(|guide| guide.group != ColumnGroup::History);
    exported.map(|guide| guide.column)
}

fn chosen(name: &str, custom_fields: &[&str]) -> Option<Chosen> {
    if let Some(column) = Column::find(name).filter(|sought| known().any(|known| known == *sought))
    {
        return Some(Chosen::Known(column));
    }
    let mut fields = custom_fields.iter();
    let field = fields.find(|field| **field == name || custom_header(field) == name)?;
    Some(Chosen::Custom((*field).into()))
}

fn unknown(name: &str, custom_fields: &[&str]) -> Problem {
    let detail = format!("`{name}` is no column of an export");
    Problem::new("unknown_column", "", detail).allowing(allowed(custom_fields))
}

fn allowed<'a>(custom_fields: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    let known = known().map(|column| column.guide().name.to_owned());
    let custom = custom_fields
        .iter()
        .map(|name| custom_header(name).into_owned());
    known.chain(custom).chain([ALL.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S0-040.
    #[test]
    fn columns_are_chosen_by_either_name_in_the_order_that_is_asked_for() {
        let names = ["Total Agent SMS", "email", "Colour", "total_agent_sms"];
        let chosen = Columns::choose(names, &["Colour"]).unwrap();
        let want = [
            Chosen::Known(Column::TotalAgentSms),
            Chosen::Known(Column::Email),
            Chosen::Custom("Colour".into()),
        ];
        assert_eq!(chosen.0, want);
    }

    #[test]
    fn all_is_every_column_of_a_customer_and_its_custom_fields() {
        let all = Columns::choose(["all"], &["Colour", "Name"]).unwrap();
        assert_eq!(all, Columns::all(["Colour", "Name"]));
        assert_eq!(all.0.len(), 13 + 2);
        let named = Columns::choose(["Custom:Name", "Name"], &["Name"]).unwrap();
        let want = [Chosen::Custom("Name".into()), Chosen::Known(Column::Name)];
        assert_eq!(named.0, want);
    }

    #[test]
    fn an_unknown_column_is_refused_with_those_that_there_are() {
        for name in ["Shoe size", "Interaction_Type", ""] {
            let problem = Columns::choose([name], &["Colour"]).unwrap_err();
            assert_eq!(problem.code, "unknown_column", "{name}");
            for allowed in ["External_ID", "Total_Agent_Calls", "Colour", "all"] {
                assert!(
                    problem.allowed.iter().any(|one| one == allowed),
                    "{allowed}"
                );
            }
        }
        let problem = Columns::choose([], &[]).unwrap_err();
        assert_eq!(problem.code, "no_columns");
    }
}
