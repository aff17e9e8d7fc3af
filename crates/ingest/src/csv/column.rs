//! The columns that Touchbook knows, and how a header names them.

use super::guide::{COLUMNS, ColumnGuide};

/// A column that Touchbook knows; every other one is a custom field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    ExternalId,
    Name,
    Company,
    Email,
    Phone,
    Status,
    TotalAgentCalls,
    TotalAgentEmails,
    TotalAgentSms,
    AgentCallDurationTotal,
    LastAgentCallDate,
    LastAgentInteractionType,
    LastAgentInteractionDate,
    InteractionType,
    InteractionDate,
    Direction,
    DurationSeconds,
    Subject,
    Notes,
    Outcome,
}

impl Column {
    pub fn guide(self) -> &'static ColumnGuide {
        &COLUMNS[self as usize]
    }

    /// The column that `header` names in either spelling; case, spaces, underscores and `(mins)`
    /// don't matter (C18).
    pub fn find(header: &str) -> Option<Self> {
        let sought = plain(header);
        let is_meant = |guide: &&ColumnGuide| {
            [guide.name, guide.readable_name]
                .map(plain)
                .contains(&sought)
        };
        COLUMNS.iter().find(is_meant).map(|guide| guide.column)
    }

    /// Says something only of a row that is history, so that without the columns which make it one
    /// this is a custom field: many files have notes.
    pub(super) fn is_history_detail(self) -> bool {
        self > Self::InteractionDate
    }
}

/// A column's name without what doesn't matter in it.
pub(super) fn plain(header: &str) -> String {
    let kept = header
        .chars()
        .filter(|character| !character.is_whitespace() && *character != '_');
    let text: String = kept
        .map(|character| character.to_ascii_lowercase())
        .collect();
    text.replace("(mins)", "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::ColumnGroup;

    /// S0-030, S0-031, S0-032, S0-033, S0-034, S0-035, S0-036, S0-037, C18: import takes both
    /// spellings, and the readable ones are these.
    #[test]
    fn both_spellings_of_a_column_are_found() {
        for guide in &COLUMNS {
            for name in [
                guide.name.to_owned(),
                guide.readable_name.to_owned(),
                guide.readable_name.to_uppercase(),
                guide.name.to_lowercase(),
                format!(" {} ", guide.readable_name.replace(' ', "  ")),
            ] {
                assert_eq!(Column::find(&name), Some(guide.column), "{name}");
            }
        }
        assert_eq!(
            Column::find("Total Call Duration"),
            Some(Column::AgentCallDurationTotal)
        );
        assert_eq!(Column::find("Total"), None);
        assert_eq!(Column::find(""), None);
        let agent = COLUMNS
            .iter()
            .filter(|guide| guide.group == ColumnGroup::Agent);
        let readable: Vec<_> = agent.map(|guide| guide.readable_name).collect();
        let document = [
            "Total Agent Calls",
            "Total Agent Emails",
            "Total Agent SMS",
            "Total Call Duration (mins)",
            "Last Agent Call Date",
            "Last Agent Interaction Type",
            "Last Agent Interaction Date",
        ];
        assert_eq!(readable, document);
    }

    #[test]
    fn no_two_columns_go_by_one_name() {
        let names = COLUMNS.iter().flat_map(|guide| {
            [
                (plain(guide.name), guide.column),
                (plain(guide.readable_name), guide.column),
            ]
        });
        for (name, column) in names {
            assert_eq!(Column::find(&name), Some(column), "{name}");
        }
    }
}
