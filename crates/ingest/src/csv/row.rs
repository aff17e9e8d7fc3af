//! One row, typed, or everything that is wrong with it.

use super::agent::AgentFields;
use super::cell_error::CellError;
use super::column::Column;
use super::header::Slot;
use super::history::{History, HistoryCells};
use super::reader::RawRow;
use super::value;
use std::sync::Arc;
use touchbook_events::catalogue::customer::{AgentInteractionType, CustomerStatus};
use touchbook_events::customer_ref::SentIdentifier;
use touchbook_events::identifier::normal_form;
use touchbook_events::limits::FIELD_CHARS_MAX;
use touchbook_events::text::{Name, Text};
use touchbook_events::{IdentifierKind, Policies};

const NEEDS_IDENTIFIER: &str = "the row names nobody; it needs External_ID, Email or Phone";
const CUSTOM_RULE: &str = "at most 500 characters";
const NAMELESS_RULE: &str = "the column has no name; name it in the header or empty its cells";

/// What one row says of a customer; what it leaves empty is not said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// 1 = the first row of data.
    pub row: u64,
    /// The line of the file on which it begins; the header's is 1.
    pub line: u64,
    /// At least one, in the order in which they are tried.
    pub identifiers: Vec<SentIdentifier>,
    pub name: Option<Name>,
    pub company: Option<Name>,
    pub status: Option<CustomerStatus>,
    /// Name and value, in the order of the columns.
    pub custom_fields: Vec<(Arc<str>, Box<str>)>,
    /// An opening balance, where it says anything (C17).
    pub agent: AgentFields,
    pub history: Option<History>,
}

/// A row while its cells are read.
#[derive(Default)]
struct Draft {
    row: Row,
    history: HistoryCells,
}

impl RawRow<'_> {
    /// Reads the cells under the tenant's `policies`: its zone and region, and the outcomes and
    /// types of interactions that it registered.
    ///
    /// # Errors
    /// One entry for each bad cell, or one for a row that can't be cut into cells (S0-024).
    pub fn read(self, policies: &Policies) -> Result<Row, Vec<CellError>> {
        if let Some(refusal) = self.refusal() {
            return Err(vec![refusal]);
        }
        let mut draft = Draft::default();
        let mut errors = Vec::new();
        for (at, slot, cell) in self.cells().filter(|(.., cell)| !cell.is_empty()) {
            if let Err(rule) = draft.read(slot, cell, policies) {
                errors.push(CellError::of_cell(
                    self.place(),
                    self.header.name(at),
                    cell,
                    rule,
                ));
            }
        }
        draft.row.history = draft.history.finish(self, &mut errors);
        if draft.row.identifiers.is_empty() && !names_somebody_badly(&errors) {
            errors.push(CellError::of_row(self.place(), NEEDS_IDENTIFIER));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        (draft.row.row, draft.row.line) = self.place();
        draft
            .row
            .identifiers
            .sort_by_key(|identifier| identifier.kind);
        Ok(draft.row)
    }
}

/// Whether an identifier is there, but wrong: one error is enough then.
fn names_somebody_badly(errors: &[CellError]) -> bool {
    let columns = errors.iter().filter_map(|error| error.column.as_deref());
    columns
        .filter_map(Column::find)
        .any(|column| matches!(column, Column::ExternalId | Column::Email | Column::Phone))
}

impl Draft {
    fn read(&mut self, slot: &Slot, cell: &str, policies: &Policies) -> Result<(), &'static str> {
        match slot {
            Slot::Known(column) => self
                .read_known(*column, cell, policies)
                .ok_or_else(|| column.guide().rule),
            Slot::Custom(_) if is_longer(cell, FIELD_CHARS_MAX) => Err(CUSTOM_RULE),
            Slot::Custom(name) => {
                self.row.custom_fields.push((Arc::clone(name), cell.into()));
                Ok(())
            }
            Slot::ImportErrors => Ok(()),
            Slot::Nameless if cell.trim().is_empty() => Ok(()),
            Slot::Nameless => Err(NAMELESS_RULE),
        }
    }

    /// `None` where the cell is not what its column's rule says.
    fn read_known(&mut self, column: Column, cell: &str, policies: &Policies) -> Option<()> {
        let trimmed = cell.trim();
        if trimmed.is_empty() {
            return Some(());
        }
        let row = &mut self.row;
        match column {
            Column::ExternalId => self.identify(IdentifierKind::ExternalId, trimmed, policies)?,
            Column::Email => self.identify(IdentifierKind::Email, trimmed, policies)?,
            Column::Phone => self.identify(IdentifierKind::Phone, trimmed, policies)?,
            Column::Name => row.name = Some(Name::new(cell).ok()?),
            Column::Company => row.company = Some(Name::new(cell).ok()?),
            Column::Status => row.status = Some(CustomerStatus::parse(&lower(trimmed))?),
            Column::TotalAgentCalls => row.agent.calls = Some(value::count(trimmed)?),
            Column::TotalAgentEmails => row.agent.emails = Some(value::count(trimmed)?),
            Column::TotalAgentSms => row.agent.sms = Some(value::count(trimmed)?),
            Column::AgentCallDurationTotal => {
                row.agent.call_seconds = Some(value::seconds_of_minutes(trimmed)?);
            }
            Column::LastAgentCallDate => {
                row.agent.last_call_at = Some(value::instant(trimmed, policies)?);
            }
            Column::LastAgentInteractionType => {
                row.agent.last_type = Some(AgentInteractionType::parse(&lower(trimmed))?);
            }
            Column::LastAgentInteractionDate => {
                row.agent.last_at = Some(value::instant(trimmed, policies)?);
            }
            history => self.history.read(history, cell, policies)?,
        }
        Some(())
    }

    fn identify(&mut self, kind: IdentifierKind, text: &str, policies: &Policies) -> Option<()> {
        let value = normal_form(kind, text, policies.default_region.as_deref())?;
        self.row.identifiers.push(SentIdentifier {
            kind,
            value: Text::new(&*value).ok()?,
            as_sent: Text::new(text).ok()?,
        });
        Some(())
    }
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

fn is_longer(text: &str, chars_max: usize) -> bool {
    text.len() > chars_max && text.chars().count() > chars_max
}
