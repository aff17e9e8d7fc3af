//! Exports, and that they come back as what they were made of.

use super::rows_of;
use crate::csv::{AgentFields, Columns, Customer, HeaderStyle, Row, Writer, custom_field_text};
use proptest::prelude::*;
use std::collections::BTreeMap;
use touchbook_events::catalogue::customer::{AgentInteractionType, CustomerStatus};
use touchbook_events::{IdentifierKind, Timestamp};

fn written(columns: Columns, style: HeaderStyle, customers: &[Customer<'_>]) -> String {
    let mut writer = Writer::new(Vec::new(), columns, style).unwrap();
    for customer in customers {
        writer.write(customer).unwrap();
    }
    String::from_utf8(writer.into_inner()).unwrap()
}

fn nora() -> Customer<'static> {
    Customer {
        external_id: Some("shop:1"),
        name: Some("=Nora, \"the\nbest\""),
        email: Some("nora@example.com"),
        phone: Some("+27123456789"),
        status: Some(CustomerStatus::Active),
        agent: AgentFields {
            calls: Some(3),
            emails: Some(0),
            call_seconds: Some(135),
            last_call_at: Some(Timestamp::from_micros(1_705_314_600_000_000)),
            last_type: Some(AgentInteractionType::Call),
            ..AgentFields::default()
        },
        custom_fields: BTreeMap::from([("Name", "x".into())]),
        ..Customer::default()
    }
}

/// S0-031, S0-032, S0-033, S0-034, S0-035, S0-036, S0-037, S0-041, S0-042.
#[test]
fn an_export_has_readable_headers_and_typed_cells() {
    let customers = [
        nora(),
        Customer {
            email: Some("a@x.org"),
            ..Customer::default()
        },
    ];
    assert_eq!(
        written(Columns::all(["Name"]), HeaderStyle::Readable, &customers),
        "External ID,Name,Company,Email,Phone,Status,Total Agent Calls,Total Agent Emails,\
         Total Agent SMS,Total Call Duration (mins),Last Agent Call Date,\
         Last Agent Interaction Type,Last Agent Interaction Date,Custom:Name\n\
         shop:1,\"'=Nora, \"\"the\nbest\"\"\",,nora@example.com,'+27123456789,active,3,0,,2.25,\
         2024-01-15T10:30:00Z,call,,x\n\
         ,,,a@x.org,,,,,,,,,,\n"
    );
}

/// S0-030, S0-040.
#[test]
fn two_columns_that_are_chosen_are_all_there_is() {
    let columns = Columns::choose(["Total Agent SMS", "total_agent_calls"], &[]).unwrap();
    assert_eq!(
        written(columns, HeaderStyle::Snake, &[nora()]),
        "Total_Agent_SMS,Total_Agent_Calls\n,3\n"
    );
}

#[test]
fn a_custom_field_is_shown_as_text() {
    for (json, text) in [
        ("\"a\\nb\"", "a\nb"),
        ("12.50", "12.50"),
        ("true", "true"),
        ("[1, 2]", "[1, 2]"),
    ] {
        assert_eq!(custom_field_text(json), text);
    }
}

/// A customer who owns its text.
#[derive(Clone, Debug, PartialEq)]
struct Owned {
    external_id: Option<String>,
    name: Option<String>,
    company: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    status: Option<CustomerStatus>,
    agent: AgentFields,
    custom_fields: BTreeMap<String, String>,
}

impl Owned {
    fn exported(&self) -> Customer<'_> {
        let fields = self.custom_fields.iter();
        Customer {
            external_id: self.external_id.as_deref(),
            name: self.name.as_deref(),
            company: self.company.as_deref(),
            email: self.email.as_deref(),
            phone: self.phone.as_deref(),
            status: self.status,
            agent: self.agent,
            custom_fields: fields
                .map(|(name, value)| (&**name, value.as_str().into()))
                .collect(),
        }
    }

    fn imported(row: &Row) -> Self {
        let of = |kind| {
            let mut identifiers = row.identifiers.iter();
            identifiers
                .find(|identifier| identifier.kind == kind)
                .map(|identifier| identifier.value.to_string())
        };
        let fields = row.custom_fields.iter();
        Self {
            external_id: of(IdentifierKind::ExternalId),
            name: row.name.as_deref().map(Into::into),
            company: row.company.as_deref().map(Into::into),
            email: of(IdentifierKind::Email),
            phone: of(IdentifierKind::Phone),
            status: row.status,
            agent: row.agent,
            custom_fields: fields
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
        }
    }
}

/// Text that spreadsheets, CSV and this module's own marks make something of.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        r#"['=+@\-"\t\r\n,; a]{0,8}"#,
        "('{0,3}[=+@-]|\"|'|Custom:|\u{feff}|\r\n){0,3}",
        any::<String>(),
    ]
    .prop_map(|text| text.chars().take(200).collect())
}

fn said() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(text().prop_filter("blank is not said", |text| !text.trim().is_empty()))
}

fn external_id() -> impl Strategy<Value = String> {
    let trimmed = text().prop_map(|text| text.trim().to_owned());
    trimmed.prop_filter("blank is none", |text| !text.is_empty())
}

fn custom_name() -> impl Strategy<Value = String> {
    prop_oneof![
        text(),
        "(Custom:)?(Name|total agent calls|Notes|Import_Errors|Interaction_Type|Colour| )",
    ]
}

fn agent() -> impl Strategy<Value = AgentFields> {
    let instant = || {
        let micros = Timestamp::EARLIEST.micros()..=253_402_300_799_999_999;
        proptest::option::of(micros.prop_map(Timestamp::from_micros))
    };
    let kind = proptest::option::of(proptest::sample::select(AgentInteractionType::ALL));
    let counts = any::<[Option<u64>; 4]>();
    (counts, instant(), kind, instant()).prop_map(|(counts, last_call_at, last_type, last_at)| {
        let [calls, emails, sms, call_seconds] = counts;
        AgentFields {
            calls,
            emails,
            sms,
            call_seconds,
            last_call_at,
            last_type,
            last_at,
        }
    })
}

fn customers() -> impl Strategy<Value = Vec<Owned>> {
    let names = proptest::collection::btree_set(custom_name(), 0..4);
    names.prop_flat_map(|names| {
        let values = proptest::collection::vec(text(), names.len());
        let customer = (
            (
                external_id(),
                proptest::option::of("[=a-z+-]{1,5}@[a-z]{1,3}\\.org"),
            ),
            proptest::option::of("\\+[1-9][0-9]{7,14}"),
            (said(), said()),
            proptest::option::of(proptest::sample::select(CustomerStatus::ALL)),
            agent(),
            values,
        );
        let customer = customer.prop_map(move |(ids, phone, texts, status, agent, values)| {
            let fields = names.iter().cloned().zip(values);
            Owned {
                external_id: Some(ids.0),
                name: texts.0,
                company: texts.1,
                email: ids.1,
                phone,
                status,
                agent,
                custom_fields: fields.filter(|(_, value)| !value.is_empty()).collect(),
            }
        });
        proptest::collection::vec(customer, 1..4)
    })
}

fn export(customers: &[Owned], names: &[&str], style: HeaderStyle) -> String {
    let exported: Vec<_> = customers.iter().map(Owned::exported).collect();
    written(Columns::all(names.iter().copied()), style, &exported)
}

proptest! {
    /// S0-043: what is exported is imported as it was, and exported again byte for byte.
    #[test]
    fn an_export_comes_back(customers in customers(), is_readable in any::<bool>()) {
        let style = match is_readable {
            true => HeaderStyle::Readable,
            false => HeaderStyle::Snake,
        };
        let names = customers.iter().flat_map(|customer| customer.custom_fields.keys());
        let names: std::collections::BTreeSet<&str> = names.map(String::as_str).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let file = export(&customers, &names, style);
        let rows = rows_of(&file).into_iter().map(Result::unwrap);
        let imported: Vec<_> = rows.map(|row| Owned::imported(&row)).collect();
        prop_assert_eq!(&imported, &customers);
        prop_assert_eq!(export(&imported, &names, style), file);
    }

    /// S0-043: no cell of an export is a formula, as another library reads it.
    #[test]
    fn no_cell_of_an_export_is_a_formula(customers in customers()) {
        let names: Vec<&str> = customers[0].custom_fields.keys().map(String::as_str).collect();
        let file = export(&customers, &names, HeaderStyle::Readable);
        let mut reader = ::csv::ReaderBuilder::new();
        let mut reader = reader.has_headers(false).from_reader(file.as_bytes());
        for record in reader.records() {
            for cell in &record.unwrap() {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
            }
        }
    }
}
