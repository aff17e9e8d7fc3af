//! Customers to CSV.

use super::agent::AgentFields;
use super::column::Column;
use super::columns::{Chosen, Columns};
use super::header::custom_header;
use super::{formula, quote, value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use touchbook_events::Timestamp;
use touchbook_events::catalogue::customer::CustomerStatus;

/// One row of an export; what is `None` becomes an empty cell (S0-031).
#[derive(Clone, Debug, Default)]
pub struct Customer<'a> {
    pub external_id: Option<&'a str>,
    pub name: Option<&'a str>,
    pub company: Option<&'a str>,
    pub email: Option<&'a str>,
    pub phone: Option<&'a str>,
    pub status: Option<CustomerStatus>,
    /// [`AgentFields::blank_if_zero`] makes nothing of a customer that no agent had to do with.
    pub agent: AgentFields,
    /// As [`custom_field_text`] has their values.
    pub custom_fields: BTreeMap<&'a str, Cow<'a, str>>,
}

/// How an export spells its columns (C18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderStyle {
    /// `Total Agent Calls`
    #[default]
    Readable,
    /// `Total_Agent_Calls`
    Snake,
}

/// Writes customers as rows that [`Reader`](super::Reader) reads as the same customers.
///
/// Commas, lines that end with LF, quotes where they are needed. Times are RFC 3339 in UTC
/// (S0-041), minutes have two decimals (C3), and no cell is a formula.
pub struct Writer<W> {
    sink: W,
    columns: Columns,
    /// The row that is written, whose memory is used again.
    line: Vec<u8>,
}

/// What stands in a cell.
enum Cell<'a> {
    Text(&'a str),
    Count(u64),
    Minutes { seconds: u64 },
    Time(Timestamp),
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// When `sink` fails, here and below.
    pub fn new(sink: W, columns: Columns, style: HeaderStyle) -> io::Result<Self> {
        let mut writer = Self {
            sink,
            columns,
            line: Vec::new(),
        };
        let columns = writer.columns.iter();
        let names: Vec<String> = columns
            .map(|chosen| formula::neutral(&name(chosen, style)).into_owned())
            .collect();
        let cells = names.iter().map(|name| name.as_bytes());
        quote::write_row(&mut writer.line, b',', cells);
        writer.sink.write_all(&writer.line)?;
        Ok(writer)
    }

    pub fn write(&mut self, customer: &Customer<'_>) -> io::Result<()> {
        self.line.clear();
        let cells: Vec<Cow<'_, str>> = self
            .columns
            .iter()
            .map(|chosen| {
                customer
                    .cell(chosen)
                    .map_or(Cow::Borrowed(""), Cell::written)
            })
            .collect();
        quote::write_row(
            &mut self.line,
            b',',
            cells.iter().map(|cell| cell.as_bytes()),
        );
        self.sink.write_all(&self.line)
    }

    /// The sink, to which everything was handed over.
    pub fn into_inner(self) -> W {
        self.sink
    }
}

fn name(chosen: &Chosen, style: HeaderStyle) -> Cow<'_, str> {
    match (chosen, style) {
        (Chosen::Known(column), HeaderStyle::Readable) => column.guide().readable_name.into(),
        (Chosen::Known(column), HeaderStyle::Snake) => column.guide().name.into(),
        (Chosen::Custom(name), _) => custom_header(name),
    }
}

impl Customer<'_> {
    fn cell(&self, chosen: &Chosen) -> Option<Cell<'_>> {
        let column = match chosen {
            Chosen::Known(column) => *column,
            Chosen::Custom(name) => {
                return self.custom_fields.get(&**name).map(|text| Cell::Text(text));
            }
        };
        let agent = &self.agent;
        match column {
            Column::ExternalId => self.external_id.map(Cell::Text),
            Column::Name => self.name.map(Cell::Text),
            Column::Company => self.company.map(Cell::Text),
            Column::Email => self.email.map(Cell::Text),
            Column::Phone => self.phone.map(Cell::Text),
            Column::Status => self.status.map(|status| Cell::Text(status.as_str())),
            Column::TotalAgentCalls => agent.calls.map(Cell::Count),
            Column::TotalAgentEmails => agent.emails.map(Cell::Count),
            Column::TotalAgentSms => agent.sms.map(Cell::Count),
            Column::AgentCallDurationTotal => {
                agent.call_seconds.map(|seconds| Cell::Minutes { seconds })
            }
            Column::LastAgentCallDate => agent.last_call_at.map(Cell::Time),
            Column::LastAgentInteractionType => {
                agent.last_type.map(|kind| Cell::Text(kind.as_str()))
            }
            Column::LastAgentInteractionDate => agent.last_at.map(Cell::Time),
            Column::InteractionType
            | Column::InteractionDate
            | Column::Direction
            | Column::DurationSeconds
            | Column::Subject
            | Column::Notes
            | Column::Outcome => None,
        }
    }
}

impl<'a> Cell<'a> {
    fn written(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => formula::neutral(text),
            Self::Count(count) => count.to_string().into(),
            Self::Minutes { seconds } => value::minutes_of_seconds(seconds).into(),
            Self::Time(at) => at.to_string().into(),
        }
    }
}

/// A custom field's value as a cell shows it: text as it is, any other JSON as it is written.
pub fn custom_field_text(json: &str) -> Cow<'_, str> {
    match serde_json::from_str::<String>(json) {
        Ok(text) => Cow::Owned(text),
        Err(_) => Cow::Borrowed(json),
    }
}
