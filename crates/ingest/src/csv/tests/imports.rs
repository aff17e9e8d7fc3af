//! Rows, good and bad.

use super::{Trickle, row_of, rows_of};
use crate::csv::{
    AgentFields, CellError, Column, Error, ROW_BYTES_MAX, Reader, Row, guide, sample,
    sample_with_history,
};
use touchbook_events::catalogue::customer::{AgentInteractionType, CustomerStatus};
use touchbook_events::{IdentifierKind, Moment, Policies, Timestamp};

fn at(text: &str) -> Timestamp {
    Moment::parse(text).unwrap().at()
}

/// What one cell of an agent column is refused with, or the fields that it makes.
fn agent(column: &str, cell: &str) -> Result<AgentFields, CellError> {
    match row_of(
        &format!("Email,{column}"),
        &format!("nora@example.com,{cell}"),
    ) {
        Ok(row) => Ok(row.agent),
        Err(mut errors) => {
            assert_eq!(errors.len(), 1, "{errors:?}");
            Err(errors.remove(0))
        }
    }
}

/// S0-015, S0-016, S0-017.
#[test]
fn agent_counts_are_whole_numbers_and_empty_is_not_zero() {
    for column in ["Total_Agent_Calls", "Total_Agent_Emails", "Total_Agent_SMS"] {
        let of = |agent: AgentFields| match column {
            "Total_Agent_Calls" => agent.calls,
            "Total_Agent_Emails" => agent.emails,
            _ => agent.sms,
        };
        assert_eq!(of(agent(column, "12").unwrap()), Some(12));
        assert_eq!(of(agent(column, " 0 ").unwrap()), Some(0));
        assert!(agent(column, "").unwrap().says_nothing());
        assert!(agent(column, "  ").unwrap().says_nothing());
        for cell in ["-1", "3.5", "abc"] {
            let error = agent(column, cell).unwrap_err();
            assert_eq!((error.row, error.line), (1, 2));
            assert_eq!(error.column.as_deref(), Some(column));
            assert_eq!(&*error.value, cell);
            assert!(error.rule.contains("a whole number from 0 on"), "{error}");
        }
    }
}

/// S0-018, S0-019, S0-020, S0-021.
#[test]
fn minutes_dates_and_types_of_agents_are_read_or_refused() {
    let minutes = agent("Agent_Call_Duration_Total", "2.25").unwrap();
    assert_eq!(minutes.call_seconds, Some(135));
    let call = agent("Last_Agent_Call_Date", "2024-01-10").unwrap();
    assert_eq!(call.last_call_at, Some(at("2024-01-10T00:00:00Z")));
    let last = agent("Last_Agent_Interaction_Date", "2024-01-10T08:00:00+02:00").unwrap();
    assert_eq!(last.last_at, Some(at("2024-01-10T06:00:00Z")));
    for cell in ["call", "Call", "CALL"] {
        let last = agent("Last_Agent_Interaction_Type", cell).unwrap();
        assert_eq!(last.last_type, Some(AgentInteractionType::Call));
    }
    for (column, cell) in [
        ("Agent_Call_Duration_Total", "-0.5"),
        ("Agent_Call_Duration_Total", "abc"),
        ("Last_Agent_Call_Date", "15/01/24"),
        ("Last_Agent_Call_Date", "2024-13-01"),
        ("Last_Agent_Interaction_Date", "yesterday"),
        ("Last_Agent_Interaction_Type", "fax"),
    ] {
        let error = agent(column, cell).unwrap_err();
        assert_eq!(error.column.as_deref(), Some(column));
        let rule = Column::find(column).unwrap().guide().rule;
        assert_eq!((&*error.value, &*error.rule), (cell, rule));
        assert!(agent(column, "").unwrap().says_nothing(), "{column}");
    }
}

/// S0-024, S0-025: an error for each bad cell, and good rows are rows all the same.
#[test]
fn each_bad_cell_is_an_error_and_good_rows_are_read() {
    let rows = rows_of(
        "Email,Total Agent Calls,Last Agent Call Date,Status\n\
         a@x.org,-1,15/01/24,gold\n\
         b@x.org,2,2024-01-15,VIP\n\
         nobody,1,,\n",
    );
    let errors = rows[0].as_ref().unwrap_err();
    let columns: Vec<_> = errors
        .iter()
        .filter_map(|error| error.column.as_deref())
        .collect();
    assert_eq!(
        columns,
        ["Total Agent Calls", "Last Agent Call Date", "Status"]
    );
    assert_eq!(rows[1].as_ref().unwrap().status, Some(CustomerStatus::Vip));
    let errors = rows[2].as_ref().unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!((errors[0].row, errors[0].line), (3, 4));
    assert_eq!(errors[0].column.as_deref(), Some("Email"));
}

/// S0-026, S0-028: without agent columns it is a customer like any other.
#[test]
fn a_standard_file_is_read_with_its_custom_fields() {
    let row = row_of(
        "Phone;Name;Company;E-Mail;Email;external_id;Notes;Total Agent Calls",
        "+27 12 345 6789;\"Jacobs; Nora\";Jacobs;x;Nora@Example.com;shop:1;'=1+1;",
    )
    .unwrap();
    let identifiers: Vec<_> = row
        .identifiers
        .iter()
        .map(|identifier| (identifier.kind, identifier.value.as_str()))
        .collect();
    let want = [
        (IdentifierKind::ExternalId, "shop:1"),
        (IdentifierKind::Email, "nora@example.com"),
        (IdentifierKind::Phone, "+27123456789"),
    ];
    assert_eq!(identifiers, want);
    assert_eq!(row.name.as_deref(), Some("Jacobs; Nora"));
    let fields: Vec<_> = row
        .custom_fields
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(fields, [("E-Mail", "x"), ("Notes", "=1+1")]);
    assert!(row.agent.says_nothing() && row.history.is_none());
}

#[test]
fn a_row_that_names_nobody_is_refused_and_a_blank_one_passed_over() {
    let rows = rows_of("Email,Name\n,Nora\n,\n\" \",x\n\n,,,\na@x.org,\n");
    let refused: Vec<_> = rows.iter().filter_map(|row| row.as_ref().err()).collect();
    assert_eq!(refused.len(), 2);
    assert_eq!(refused[0][0].column, None);
    assert!(refused[0][0].rule.contains("External_ID, Email or Phone"));
    let good: Vec<&Row> = rows.iter().flatten().collect();
    assert_eq!((good[0].row, good[0].line), (3, 7));
}

#[test]
fn values_are_as_long_as_their_columns_allow() {
    let name = |chars: usize| {
        row_of(
            "Email,Name,Colour",
            &format!("a@x.org,{},", "ü".repeat(chars)),
        )
    };
    assert!(name(200).is_ok());
    assert_eq!(name(201).unwrap_err()[0].value.chars().count(), 101);
    let colour = |chars: usize| row_of("Email,Colour", &format!("a@x.org,{}", "ü".repeat(chars)));
    assert!(colour(500).is_ok());
    assert_eq!(colour(501).unwrap_err()[0].rule, "at most 500 characters");
    assert!(row_of("Email,", "a@x.org,").is_ok());
    assert!(
        row_of("Email,", "a@x.org,x").is_err(),
        "a column without a name"
    );
}

#[test]
fn a_bad_row_does_not_stop_the_rest() {
    let mut file = b"Email,Name\na@x.org\nb@x.org,B,C\nc@x.org,\"C \"C\" C\"\nd@x.org,\"".to_vec();
    file.extend(vec![b'x'; ROW_BYTES_MAX]);
    file.extend(b"\"\n");
    file.extend(vec![b','; ROW_BYTES_MAX + 1]);
    file.extend(b"\ne@x.org,M\xfcller\nf@x.org,F\n");
    let rows = rows_of(&file);
    let rules: Vec<_> = rows
        .iter()
        .map(|row| {
            row.as_ref()
                .map_or_else(|errors| errors[0].to_string(), |_| String::new())
        })
        .collect();
    let umlaut = file.iter().position(|byte| *byte == 0xfc).unwrap();
    assert_eq!(rules[0], "the row has 1 cells, the header 2");
    assert_eq!(rules[1], "the row has 3 cells, the header 2");
    assert!(
        rules[2].starts_with("text follows a closing quote"),
        "{}",
        rules[2]
    );
    assert_eq!(rules[3], "row 4 (line 5) has more than 65536 bytes");
    assert_eq!(rules[4], "row 5 (line 6) has more than 65536 bytes");
    assert_eq!(
        rules[5],
        format!("not UTF-8 at byte {umlaut} of the file; save it as CSV UTF-8")
    );
    assert_eq!((&*rules[6], rows.len()), ("", 7));
}

/// How many rows are read before quotes can't be trusted, and from which line on.
fn until_lost(file: &str) -> (usize, u64) {
    let mut reader = Reader::open(file.as_bytes()).unwrap();
    let mut rows = 0;
    loop {
        match reader.next_row() {
            Ok(row) => {
                assert!(row.is_some(), "{file:?} is read to its end");
                rows += 1;
            }
            Err(Error::Quotes { line }) => {
                assert!(reader.next_row().unwrap().is_none());
                return (rows, line);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn reading_stops_where_quotes_no_longer_tell_the_rows() {
    let lost = [
        ("Email,Name\na@x.org,A\nb@x.org,\"B\nc@x.org,C\n", (1, 3)),
        (
            "Email,Name\na@x.org,A\nb@x.org,\"B\nc@x.org,\"C\"\n",
            (1, 3),
        ),
        (
            "Email,Name\na@x.org,\"the \"best\n and\" last\"\nb@x.org,B\n",
            (1, 3),
        ),
        (
            "Email,Name\na@x.org,\"A \"A\"\"\nb@x.org,\"B \"B\"\"\n",
            (1, 3),
        ),
    ];
    for (file, want) in lost {
        assert_eq!(until_lost(file), want, "{file:?}");
    }
    assert_eq!(until_lost("Email\n\""), (0, 2));
    let endless = format!("Email,Name\na@x.org,\"{}\n", "x,\n".repeat(ROW_BYTES_MAX));
    assert_eq!(until_lost(&endless), (0, 2));
}

#[test]
fn a_source_that_fails_ends_the_reading() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    use std::io::Read;
    assert!(matches!(Reader::open(Broken), Err(Error::Io(_))));
    let rows = "a@x.org\n".repeat(2 * ROW_BYTES_MAX);
    let mut reader = Reader::open(b"Email\n".chain(rows.as_bytes()).chain(Broken)).unwrap();
    let error = loop {
        match reader.next_row() {
            Ok(row) => assert!(row.is_some(), "the end is not the file's"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Io(_)), "{error}");
    assert!(reader.next_row().unwrap().is_none());
}

#[test]
fn however_few_bytes_come_at_once_the_rows_are_the_same() {
    let file = sample_with_history();
    let read = |portion| {
        let mut reader = Reader::open(Trickle::new(file.as_bytes(), portion)).unwrap();
        let mut rows = Vec::new();
        while let Some(raw) = reader.next_row().unwrap() {
            rows.push(raw.read(&Policies::default()).unwrap());
        }
        rows
    };
    assert_eq!(read(1), read(usize::MAX));
}

/// S0-023, S0-030.
#[test]
fn the_samples_are_imported_without_an_error() {
    for (file, rows) in [(sample(), 3), (sample_with_history(), 4)] {
        let read: Vec<Row> = rows_of(&file).into_iter().map(Result::unwrap).collect();
        assert_eq!(read.len(), rows);
    }
    let sample = sample();
    let reader = Reader::open(sample.as_bytes()).unwrap();
    let known: Vec<_> = reader.header().known().collect();
    for guide in guide()
        .iter()
        .filter(|guide| guide.column < Column::InteractionType)
    {
        assert!(known.contains(&guide.column), "{}", guide.name);
        assert!(sample.contains(guide.name), "{}", guide.name);
    }
    let with_agents = rows_of(&sample).into_iter().flatten();
    assert!(with_agents.filter(|row| !row.agent.says_nothing()).count() >= 2);
}

/// S0-022: what the guide gives as an example is right.
#[test]
fn the_examples_of_the_guide_are_imported() {
    let names: Vec<_> = guide().iter().map(|guide| guide.name).collect();
    let examples: Vec<_> = guide().iter().map(|guide| guide.example).collect();
    let row = row_of(&names.join(","), &examples.join(",")).unwrap();
    assert!(row.history.is_some() && row.custom_fields.is_empty());
    let json = serde_json::to_value(guide()).unwrap();
    let calls = &json[Column::TotalAgentCalls as usize];
    for (member, want) in [
        ("name", "Total_Agent_Calls"),
        ("readable_name", "Total Agent Calls"),
        ("group", "agent"),
        ("type", "integer"),
        ("required", "no"),
        ("example", "12"),
    ] {
        assert_eq!(calls[member], want, "{member}");
    }
    assert!(calls["rule"].as_str().unwrap().contains("whole number"));
}
