//! Rows of history, and that every event fits the catalogue.

use super::known::incoming;
use super::{row_of, rows_of};
use crate::csv::{EventNames, Row, sample_with_history};
use crate::event::Event;
use serde_json::Value;
use touchbook_events::catalogue::outcome::{KnownOutcome, Outcome};
use touchbook_events::{Data, Policies};

const NAMES: EventNames<'_> = EventNames {
    prefix: "import-1",
    excludes_history: false,
};

const HEADER: &str =
    "Email,Interaction_Type,Interaction_Date,Direction,Duration_Seconds,Subject,Notes,Outcome";

fn logged(row: &str) -> Vec<Event> {
    let row = row_of(HEADER, &format!("nora@example.com,{row}")).unwrap();
    let events = row.events(None, &NAMES).into_iter().skip(1);
    events.collect()
}

/// Type, subject, time and payload, once the catalogue has taken it.
fn told(events: &[Event]) -> Vec<(String, String, String, Value)> {
    let told = events.iter().map(|event| {
        let incoming = incoming(event);
        let data = serde_json::from_str(event.data.get()).unwrap();
        let time = event.time.clone().unwrap();
        (
            event.event_type.to_string(),
            incoming.sent.subject.into(),
            time,
            data,
        )
    });
    told.collect()
}

/// S0-027: history stands at its own date.
#[test]
fn a_call_begins_ends_and_has_an_outcome_at_its_date() {
    let events = logged("Call,2024-01-15 10:30:00,Inbound,250,Floor,Rang out,No Answer");
    let told = told(&events);
    let types: Vec<_> = told
        .iter()
        .map(|(event_type, ..)| event_type.as_str())
        .collect();
    assert_eq!(
        types,
        ["call.started", "call.ended", "call.outcome_recorded"]
    );
    for (_, subject, time, _) in &told {
        assert_eq!(subject, "call/import-1:1");
        assert_eq!(time, "2024-01-15T10:30:00Z");
    }
    assert_eq!(told[0].3["direction"], "inbound");
    assert_eq!(told[0].3["subject_line"], "Floor");
    assert_eq!(told[0].3.get("notes"), None, "they stand with the outcome");
    assert_eq!(told[1].3["duration_seconds"], 250);
    assert_eq!(told[2].3["notes"], "Rang out");
}

/// C2: an alias is the outcome, and what was written is kept.
#[test]
fn an_outcome_is_known_by_its_alias_and_kept_as_it_is_spelt() {
    let events = logged("call,2024-01-15,,,,,No Answer");
    let Data::CallOutcomeRecorded(recorded) = incoming(&events[2]).data else {
        panic!("no outcome");
    };
    assert_eq!(
        recorded.facts.outcome,
        Outcome::Known(KnownOutcome::NoAnswer)
    );
    assert_eq!(recorded.facts.outcome_raw.as_deref(), Some("No Answer"));
    let errors = row_of(HEADER, "a@x.org,call,2024-01-15,,,,,sold").unwrap_err();
    assert_eq!(errors[0].column.as_deref(), Some("Outcome"));
}

#[test]
fn notes_of_a_call_without_an_outcome_are_kept() {
    let told = told(&logged("phone_call,2024-01-15,,,,Asked for a discount,"));
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].3["notes"], "Asked for a discount");
}

#[test]
fn mail_and_sms_go_the_way_that_they_went() {
    for (row, event_type, subject) in [
        (
            "email,2024-01-15,outbound,,Offer,Dear Nora,",
            "email.sent",
            "email/import-1:1",
        ),
        (
            "Email,2024-01-15,INBOUND,,,,",
            "email.received",
            "email/import-1:1",
        ),
        (
            "sms,2024-01-15,,,,On its way,",
            "sms.sent",
            "sms/import-1:1",
        ),
        (
            "SMS,2024-01-15,inbound,,Thanks,,",
            "sms.received",
            "sms/import-1:1",
        ),
    ] {
        let told = told(&logged(row));
        assert_eq!(told.len(), 1, "{row}");
        assert_eq!((&*told[0].0, &*told[0].1), (event_type, subject), "{row}");
    }
    let email = &told(&logged("email,2024-01-15,,,Offer,Dear Nora,"))[0].3;
    assert_eq!(
        (&email["subject"], &email["body"]),
        (&"Offer".into(), &"Dear Nora".into())
    );
    let sms = &told(&logged("sms,2024-01-15,,,Thanks,,"))[0].3;
    assert_eq!(sms["body"], "Thanks");
    let sms = &told(&logged("sms,2024-01-15,,,Thanks,Bye,"))[0].3;
    assert_eq!(
        (&sms["body"], &sms["subject_line"]),
        (&"Bye".into(), &"Thanks".into())
    );
}

/// What their types have no member for is kept beside what they have.
#[test]
fn an_outcome_and_a_duration_of_a_message_are_kept() {
    for kind in ["email", "sms"] {
        let data = &told(&logged(&format!("{kind},2024-01-15,,60,,,success")))[0].3;
        assert_eq!(data["outcome"], "success", "{kind}");
        assert_eq!(data["duration_seconds"], 60, "{kind}");
    }
}

/// C27: what a type needs is an error of the cell, not of the event.
#[test]
fn a_note_needs_notes_and_a_duration_of_nothing_is_not_known() {
    for kind in ["note", "meeting"] {
        let errors = row_of(HEADER, &format!("a@x.org,{kind},2024-01-15,,,,,")).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].column.as_deref(), Some("Notes"));
    }
    let told = told(&logged("Follow Up,2024-01-15,,0,Offer,,success"));
    assert_eq!(told[0].0, "interaction.logged");
    assert_eq!(told[0].1, "interaction/import-1:1");
    assert_eq!(told[0].3["type"], "follow_up");
    assert_eq!(told[0].3.get("duration_seconds"), None);
}

#[test]
fn type_and_date_come_together_and_details_with_them() {
    for (row, columns) in [
        ("a@x.org,call,,,,,,", &["Interaction_Date"][..]),
        ("a@x.org,,2024-01-15,,,,,", &["Interaction_Type"]),
        (
            "a@x.org,,,,,,Wants a discount,",
            &["Interaction_Type", "Interaction_Date"],
        ),
        (
            "a@x.org,fax,,,,,,",
            &["Interaction_Type", "Interaction_Date"],
        ),
        (
            "a@x.org,call,15/01/24,sideways,x,,,",
            &["Interaction_Date", "Direction", "Duration_Seconds"],
        ),
    ] {
        let errors = row_of(HEADER, row).unwrap_err();
        let found: Vec<_> = errors
            .iter()
            .filter_map(|error| error.column.as_deref())
            .collect();
        assert_eq!(found, columns, "{row}");
    }
    let errors = row_of("Email,Interaction_Type", "a@x.org,call").unwrap_err();
    assert_eq!(errors[0].column.as_deref(), Some("Interaction_Date"));
}

#[test]
fn words_that_the_tenant_registered_are_taken() {
    let mut policies = Policies::default();
    policies
        .set("interaction_types", r#"["site_visit"]"#)
        .unwrap();
    policies.set("outcomes", r#"["sold"]"#).unwrap();
    let file = format!("{HEADER}\na@x.org,Site Visit,2024-01-15,,,,,sold\n");
    let mut reader = crate::csv::Reader::open(file.as_bytes()).unwrap();
    let row = reader.next_row().unwrap().unwrap().read(&policies).unwrap();
    let history = row.history.unwrap();
    assert_eq!(
        (&*history.kind, history.outcome.as_deref()),
        ("site_visit", Some("sold"))
    );
}

#[test]
fn ids_name_the_import_the_row_and_the_kind_of_change() {
    let ids: Vec<_> = rows_of(sample_with_history())
        .into_iter()
        .map(Result::unwrap)
        .flat_map(|row: Row| row.events(None, &NAMES))
        .map(|event| event.id.unwrap())
        .collect();
    let want = [
        "1:1", "1:4", "1:5", "1:6", "2:1", "2:4", "3:1", "3:4", "4:1", "4:4",
    ];
    assert_eq!(ids, want.map(|id| format!("import-1:{id}")));
}
