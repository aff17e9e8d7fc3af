//! Events of what differs from the customer as it is known.

use super::{row_of, rows_of};
use crate::csv::{AgentFields, EventNames, Known, Row, sample};
use crate::event::Event;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use touchbook_events::catalogue::customer::CustomerStatus;
use touchbook_events::incoming::Entrance;
use touchbook_events::{Envelope, IdentifierKind, Incoming, Principal, TenantKey};

const NAMES: EventNames<'_> = EventNames {
    prefix: "import-1",
    excludes_history: false,
};

const HEADER: &str = "External_ID,Email,Name,Company,Status,Colour,Total_Agent_Calls,\
                      Total_Agent_Emails,Agent_Call_Duration_Total,Last_Agent_Interaction_Type";

/// The event as the service takes it.
pub(super) fn incoming(event: &Event) -> Incoming {
    let envelope = Envelope {
        id: event.id.as_deref().unwrap().into(),
        source: event.source.as_str().into(),
        event_type: event.event_type.as_str().into(),
        subject: event.subject.as_deref().map(Into::into),
        time: event.time.as_deref().map(Into::into),
        data: Some(&event.data),
        ..Envelope::default()
    };
    let key = TenantKey::from_salt(b"salt");
    let principal = Principal::touchbook();
    let bytes = event.data.get().len();
    Incoming::from_envelope(&envelope, bytes, Entrance::Service, &principal, &key).unwrap()
}

fn row(row: &str) -> Row {
    row_of(HEADER, row).unwrap()
}

/// The type and payload of each event that a row makes, each taken by the catalogue.
fn changes(row: &Row, known: Option<&Known<'_>>) -> Vec<(String, Value)> {
    let events = row.events(known, &NAMES);
    let told = events.iter().map(|event| {
        incoming(event);
        let data = serde_json::from_str(event.data.get()).unwrap();
        (event.event_type.to_string(), data)
    });
    told.collect()
}

fn nora() -> Known<'static> {
    Known {
        identifiers: vec![
            (IdentifierKind::ExternalId, "shop:1"),
            (IdentifierKind::Email, "nora@example.com"),
        ],
        name: Some("Nora"),
        company: None,
        status: CustomerStatus::Active,
        custom_fields: BTreeMap::from([("Colour", "green".into())]),
        balance: AgentFields {
            calls: Some(3),
            emails: Some(2),
            ..AgentFields::default()
        },
        agent: AgentFields {
            calls: Some(5),
            emails: Some(2),
            call_seconds: Some(135),
            ..AgentFields::default()
        },
    }
}

#[test]
fn a_new_customer_is_what_the_row_says() {
    let new = row("shop:1,Nora@example.com,Nora,,active,green,3,,2.25,call");
    let reference = json!({"external_id": "shop:1", "email": "Nora@example.com"});
    let want = [
        (
            "customer.updated".to_owned(),
            json!({"customer": reference, "name": "Nora", "custom_fields": {"Colour": "green"}}),
        ),
        (
            "customer.opening_balance_imported".to_owned(),
            json!({
                "customer": reference,
                "agent_calls": 3,
                "call_duration_seconds": 135,
                "last_agent_interaction": {"type": "call"},
            }),
        ),
    ];
    assert_eq!(changes(&new, None), want);
    let only_named = row("shop:9,,,,,,,,,");
    assert_eq!(
        changes(&only_named, None).len(),
        1,
        "it is made all the same"
    );
}

#[test]
fn a_customer_that_is_what_the_row_says_makes_no_event() {
    let known = nora();
    for cells in [
        "shop:1,NORA@example.com,Nora,,active,green,3,2,,",
        "shop:1,,,,,,,,,",
        ",nora@example.com,,,,,,,,",
    ] {
        assert_eq!(changes(&row(cells), Some(&known)), [], "{cells}");
    }
}

#[test]
fn only_what_differs_becomes_an_event() {
    let known = nora();
    let of = |cells| changes(&row(cells), Some(&known));
    let changed = of("shop:1,,Nora,Jacobs,vip,red,,,,");
    assert_eq!(changed.len(), 2);
    assert_eq!(
        changed[0].1,
        json!({
            "customer": {"external_id": "shop:1"},
            "company": "Jacobs",
            "custom_fields": {"Colour": "red"},
        })
    );
    assert_eq!(changed[1].0, "customer.status_changed");
    assert_eq!(changed[1].1["status"], "vip");
    let identified = of("shop:1,nora@work.example,,,,,,,,");
    assert_eq!(identified.len(), 1, "it has an address more");
}

/// C17: a balance is set, and what the row leaves empty of it stays.
#[test]
fn a_balance_replaces_the_one_before_and_keeps_what_is_not_said() {
    let known = nora();
    let balance = &changes(&row("shop:1,,,,,,7,,,"), Some(&known))[0];
    assert_eq!(balance.0, "customer.opening_balance_imported");
    let want = json!({"customer": {"external_id": "shop:1"}, "agent_calls": 7, "agent_emails": 2});
    assert_eq!(balance.1, want);
    assert_eq!(
        changes(&row("shop:1,,,,,,0,,,"), Some(&known))[0].1["agent_calls"],
        0
    );
}

/// An export shows balance and events together; read back, it must not become a balance.
#[test]
fn an_export_that_comes_back_counts_nothing_twice() {
    let known = nora();
    assert_eq!(changes(&row("shop:1,,,,,,5,2,2.25,"), Some(&known)), []);
    let edited = &changes(&row("shop:1,,,,,,5,4,2.25,"), Some(&known))[0].1;
    assert_eq!(
        (&edited["agent_calls"], &edited["agent_emails"]),
        (&json!(3), &json!(4))
    );
}

/// C17.
#[test]
fn a_balance_says_whether_it_leaves_history_out() {
    let names = EventNames {
        excludes_history: true,
        ..NAMES
    };
    let events = row("shop:1,,,,,,7,,,").events(None, &names);
    let data: Value = serde_json::from_str(events[1].data.get()).unwrap();
    assert_eq!(data["excludes_history"], true);
}

/// A change has its id whichever others there are, so that a resumed import repeats it.
#[test]
fn an_id_does_not_depend_on_what_is_done_already() {
    let row = row("shop:1,nora@example.com,Nora,,vip,green,7,,,");
    let ids = |known: Option<&Known<'_>>| -> Vec<String> {
        let events = row.events(known, &NAMES).into_iter();
        events.filter_map(|event| event.id).collect()
    };
    assert_eq!(ids(None), ["import-1:1:1", "import-1:1:2", "import-1:1:3"]);
    assert_eq!(ids(Some(&nora())), ["import-1:1:2", "import-1:1:3"]);
}

#[test]
fn every_event_of_the_sample_is_taken() {
    let rows = rows_of(sample()).into_iter().map(Result::unwrap);
    let count = rows.map(|row| changes(&row, None).len()).sum::<usize>();
    assert_eq!(count, 3 + 1 + 2, "three customers, one vip, two balances");
}
