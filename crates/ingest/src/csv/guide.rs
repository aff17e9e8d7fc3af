//! What a person has to know of the columns: one table for guide, sample, import and export.

use super::column::Column;
use serde::Serialize;

/// Every column, in the order of an export (S0-022).
pub fn guide() -> &'static [ColumnGuide] {
    &COLUMNS
}

/// The sections of a column selection (S0-038), and the columns of history rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnGroup {
    Standard,
    Agent,
    /// In imports only: one interaction a row.
    History,
}

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    Text,
    Email,
    Phone,
    /// One of the words that the rule lists.
    Choice,
    /// Whole, not negative.
    Integer,
    /// With decimals, not negative.
    Minutes,
    DateTime,
}

/// Whether a row needs a cell of the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    No,
    /// A row needs one of these columns.
    OneIdentifier,
    /// A row of history needs each of these columns.
    HistoryRow,
}

/// What a person has to know of a column (S0-022).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnGuide {
    #[serde(skip)]
    pub column: Column,
    /// `Word_Word`, as guide and sample spell it (S0-030).
    pub name: &'static str,
    /// As an export spells it unless asked otherwise.
    pub readable_name: &'static str,
    pub group: ColumnGroup,
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    pub required: Required,
    pub example: &'static str,
    /// What its cells must be; an error says the same.
    pub rule: &'static str,
}

const IDENTIFIER: &str = "at most 320 characters; a row needs External_ID, Email or Phone";
const COUNT: &str = "a whole number from 0 on; empty = not known";
const DATE: &str =
    "YYYY-MM-DD, YYYY-MM-DD HH:MM:SS or RFC 3339, from 1900 on; in the tenant's zone without one";
const NAME: &str = "at most 200 characters";

/// In the order of [`Column`], which is the order of an export.
pub const COLUMNS: [ColumnGuide; 20] = {
    use Column as C;
    use ColumnGroup::{Agent, History, Standard};
    use ColumnType::{Choice, DateTime, Email, Integer, Minutes, Phone, Text};
    [
        entry(C::ExternalId, "External_ID", "External ID", Standard, Text)
            .says("opencart:67890", IDENTIFIER),
        entry(C::Name, "Name", "Name", Standard, Text).says("Nora Jacobs", NAME),
        entry(C::Company, "Company", "Company", Standard, Text).says("Jacobs Interiors", NAME),
        entry(C::Email, "Email", "Email", Standard, Email).says(
            "nora@example.com",
            "an e-mail address; a row needs External_ID, Email or Phone",
        ),
        entry(C::Phone, "Phone", "Phone", Standard, Phone).says(
            "+27123456789",
            "a phone number, best with + and country; a row needs External_ID, Email or Phone",
        ),
        entry(C::Status, "Status", "Status", Standard, Choice)
            .says("active", "one of active, vip, inactive, blocked"),
        entry(
            C::TotalAgentCalls,
            "Total_Agent_Calls",
            "Total Agent Calls",
            Agent,
            Integer,
        )
        .says("12", COUNT),
        entry(
            C::TotalAgentEmails,
            "Total_Agent_Emails",
            "Total Agent Emails",
            Agent,
            Integer,
        )
        .says("4", COUNT),
        entry(
            C::TotalAgentSms,
            "Total_Agent_SMS",
            "Total Agent SMS",
            Agent,
            Integer,
        )
        .says("0", COUNT),
        entry(
            C::AgentCallDurationTotal,
            "Agent_Call_Duration_Total",
            "Total Call Duration (mins)",
            Agent,
            Minutes,
        )
        .says(
            "90.50",
            "minutes from 0 on with a decimal point; kept in whole seconds; empty = not known",
        ),
        entry(
            C::LastAgentCallDate,
            "Last_Agent_Call_Date",
            "Last Agent Call Date",
            Agent,
            DateTime,
        )
        .says("2024-01-10", DATE),
        entry(
            C::LastAgentInteractionType,
            "Last_Agent_Interaction_Type",
            "Last Agent Interaction Type",
            Agent,
            Choice,
        )
        .says("call", "one of call, email, sms"),
        entry(
            C::LastAgentInteractionDate,
            "Last_Agent_Interaction_Date",
            "Last Agent Interaction Date",
            Agent,
            DateTime,
        )
        .says("2024-01-15T10:30:00Z", DATE),
        entry(
            C::InteractionType,
            "Interaction_Type",
            "Interaction Type",
            History,
            Choice,
        )
        .says(
            "call",
            "call, email, sms, meeting, demo, note, task, quote, proposal, contract, support, \
             complaint, feedback, follow_up, chat, social, order, other, or one that the tenant \
             registered; with Interaction_Date",
        ),
        entry(
            C::InteractionDate,
            "Interaction_Date",
            "Interaction Date",
            History,
            DateTime,
        )
        .says(
            "2024-01-15 10:30:00",
            "YYYY-MM-DD, YYYY-MM-DD HH:MM:SS or RFC 3339, from 1900 on; with Interaction_Type",
        ),
        entry(C::Direction, "Direction", "Direction", History, Choice)
            .says("outbound", "inbound or outbound; empty = outbound"),
        entry(
            C::DurationSeconds,
            "Duration_Seconds",
            "Duration Seconds",
            History,
            Integer,
        )
        .says("250", "whole seconds from 0 to 4294967295"),
        entry(C::Subject, "Subject", "Subject", History, Text)
            .says("Delivery of the oak floor", NAME),
        entry(C::Notes, "Notes", "Notes", History, Text).says(
            "Wants it before Easter.",
            "at most 5,000 characters; a note and a meeting need them",
        ),
        entry(C::Outcome, "Outcome", "Outcome", History, Choice).says(
            "no answer",
            "successful, contacted, no_answer, voicemail, busy, callback_requested, \
             follow_up_required, resolved, escalated, cancelled, other, or one that the tenant \
             registered",
        ),
    ]
};

const fn entry(
    column: Column,
    name: &'static str,
    readable_name: &'static str,
    group: ColumnGroup,
    column_type: ColumnType,
) -> ColumnGuide {
    let required = match column {
        Column::ExternalId | Column::Email | Column::Phone => Required::OneIdentifier,
        Column::InteractionType | Column::InteractionDate => Required::HistoryRow,
        _ => Required::No,
    };
    ColumnGuide {
        column,
        name,
        readable_name,
        group,
        column_type,
        required,
        example: "",
        rule: "",
    }
}

impl ColumnGuide {
    const fn says(mut self, example: &'static str, rule: &'static str) -> Self {
        self.example = example;
        self.rule = rule;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_columns() {
        for (at, guide) in COLUMNS.iter().enumerate() {
            assert_eq!(guide.column as usize, at, "{}", guide.name);
            assert!(
                !guide.example.is_empty() && !guide.rule.is_empty(),
                "{}",
                guide.name
            );
        }
    }

    /// S0-030: names are `Word_Word`.
    #[test]
    fn names_are_words_with_capitals_and_underscores() {
        for guide in &COLUMNS {
            let is_word = |word: &str| word.starts_with(|first: char| first.is_ascii_uppercase());
            assert!(guide.name.split('_').all(is_word), "{}", guide.name);
        }
    }
}
